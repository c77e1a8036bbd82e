import { sign, verify } from 'node:crypto';
import { isJsonObject, type JsonObject } from '../../common/json.js';
import { LabResult, Signature } from '../../common/verdict.js';
import { canonicalJson } from './canonical-json.js';
import type { SigningKey, VerifyingKey } from './signing-key.js';

/** The result with a signature over all the rest of it. */
export function signResult(result: LabResult, { id, privateKey }: SigningKey): LabResult {
  const value = sign(null, signedBytes(result), privateKey).toString('base64');
  return { ...result, signature: { keyId: id, algorithm: 'Ed25519', value } };
}

export type Verification =
  | { outcome: 'valid'; result: LabResult }
  /** Changed since, signed with another key, or not signed at all. */
  | { outcome: 'not-valid'; reason: string }
  /** Of a kind that this version of Gatehouse does not know. */
  | { outcome: 'unknown'; reason: string };

/** Whether a parsed JSON document is, to the last member, a result that this key signed. */
export function verifyResult(document: unknown, { id, publicKey }: VerifyingKey): Verification {
  if (!isJsonObject(document) || document['signature'] === undefined) {
    return { outcome: 'not-valid', reason: 'It is not signed.' };
  }
  const signature = Signature.safeParse(document['signature']).data;
  if (signature === undefined) {
    return { outcome: 'unknown', reason: 'It is signed in a way that is not known here.' };
  }
  if (signature.keyId !== id) {
    const reason = `It says that it is signed with the key ${signature.keyId}, not with ${id}.`;
    return { outcome: 'not-valid', reason };
  }
  // All members that are there, those unknown to us as well: nothing may be added to it.
  if (!verify(null, signedBytes(document), publicKey, Buffer.from(signature.value, 'base64'))) {
    return { outcome: 'not-valid', reason: 'It was changed after it was signed.' };
  }
  const result = LabResult.safeParse(document).data;
  return result === undefined
    ? { outcome: 'unknown', reason: 'Its signature holds, but its format is not known here.' }
    : { outcome: 'valid', result };
}

function signedBytes(document: LabResult | JsonObject): Buffer {
  // As it will be read again: without members that are undefined.
  const { signature: _, ...rest } = { ...document };
  return Buffer.from(canonicalJson(rest));
}

export function isResultLike(document: unknown): document is JsonObject {
  return isJsonObject(document) && 'labDigest' in document && Array.isArray(document['checks']);
}
