import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { JsonObject } from '../../common/json.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { SAMPLE_RESULT } from '../reporters/sample-result.js';
import { signResult, verifyResult } from './sign-result.js';
import { findSigningKey, openSigningKey, publicKeyText, readPublicKey } from './signing-key.js';

const { signature: _, ...UNSIGNED } = SAMPLE_RESULT;

/** A result as another program reads it, signed with the key of a new installation. */
async function signed() {
  await using folder = await createTempFolder('signing');
  const key = openSigningKey(folder.path);
  const document: JsonObject & { signature: JsonObject } = JSON.parse(
    JSON.stringify(signResult(UNSIGNED, key)),
  );
  return { key, document };
}

test('a result is valid as it was signed, in whatever order its members come', async () => {
  const { key, document } = await signed();
  expect(verifyResult(document, key)).toEqual({
    outcome: 'valid',
    result: expect.objectContaining({ lab: SAMPLE_RESULT.lab, points: SAMPLE_RESULT.points }),
  });
  const swapped: JsonObject = { ...document, points: { possible: 10, earned: 2 } };
  const reversed = Object.fromEntries(Object.entries(swapped).toReversed());
  expect(Object.keys(reversed)).not.toEqual(Object.keys(document));
  expect(verifyResult(reversed, key).outcome).toBe('valid');
});

test.each([
  ['points', { points: { earned: 10, possible: 10 } }],
  ['the lab digest', { labDigest: 'sha256:1' }],
  ['the cluster', { fingerprint: { ...SAMPLE_RESULT.fingerprint, uid: 'another' } }],
  ['a check', { checks: SAMPLE_RESULT.checks.slice(1) }],
  ['a member that nobody knows', { note: 'regraded by hand' }],
])('a result with %s changed is not valid', async (_what, change) => {
  const { key, document } = await signed();
  expect(verifyResult({ ...document, ...change }, key)).toEqual({
    outcome: 'not-valid',
    reason: 'It was changed after it was signed.',
  });
});

test('another key, its id put in place of the right one, and no signature at all are told apart', async () => {
  const { key, document } = await signed();
  const other = await signed();
  expect(verifyResult(document, other.key)).toMatchObject({
    outcome: 'not-valid',
    reason: expect.stringContaining(key.id),
  });
  const forged = { ...other.document, signature: { ...other.document.signature, keyId: key.id } };
  expect(verifyResult(forged, key)).toMatchObject({
    reason: 'It was changed after it was signed.',
  });
  expect(verifyResult({ ...UNSIGNED }, key)).toMatchObject({ reason: 'It is not signed.' });
  const signature = { ...document.signature, algorithm: 'ML-DSA' };
  expect(verifyResult({ ...document, signature }, key).outcome).toBe('unknown');
});

test('an installation has one key, for its owner’s eyes alone, and its public half verifies elsewhere', async () => {
  await using folder = await createTempFolder('signing');
  expect(findSigningKey(folder.path)).toBeUndefined();
  const key = openSigningKey(folder.path);
  expect(openSigningKey(folder.path).id).toBe(key.id);
  const [name = '', ...others] = readdirSync(folder.path);
  expect(others).toEqual([]);
  const file = path.join(folder.path, name);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const exported = path.join(folder.path, 'public.pem');
  writeFileSync(exported, publicKeyText(key));
  expect(verifyResult({ ...signResult(UNSIGNED, key) }, readPublicKey(exported)).outcome).toBe(
    'valid',
  );
  chmodSync(file, 0o640);
  expect(() => openSigningKey(folder.path)).toThrow(/others may read the key/);
});

test('a file that is no key is refused and stays as it is', async () => {
  await using folder = await createTempFolder('signing');
  const file = path.join(folder.path, 'signing-key.pem');
  writeFileSync(file, 'lost', { mode: 0o600 });
  expect(() => openSigningKey(folder.path)).toThrow(/no Ed25519 private key/);
  expect(statSync(file).size).toBe(4);
  expect(() => readPublicKey(file)).toThrow(/no Ed25519 public key/);
});
