import { jest } from '@jest/globals';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { LabResult } from '../../common/verdict.js';
import { SAMPLE_RESULT } from '../../graders/reporters/sample-result.js';
import { signResult } from '../../graders/signing/sign-result.js';
import { openSigningKey } from '../../graders/signing/signing-key.js';
import { findProjectRoot } from '../../system/project-root.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';

// Each run is a process of its own.
jest.setTimeout(60_000);

const GRADED: LabResult = { ...SAMPLE_RESULT, checks: [] };

/** Runs the command itself in a folder with an installation's key, with `signed.json` and what `files` say. */
async function verify(args: readonly string[], files: Readonly<Record<string, string>> = {}) {
  await using folder = await createTempFolder('verify');
  const key = openSigningKey(path.join(folder.path, 'state'));
  const signed = JSON.stringify(signResult(GRADED, key));
  const all = {
    'signed.json': signed,
    'changed.json': signed.replace('"earned":2', '"earned":10'),
  };
  for (const [name, text] of Object.entries({ ...all, ...files })) {
    await writeFile(path.join(folder.path, name), text);
  }
  const { exitCode, stdout, stderr } = await runCommand(
    process.execPath,
    [path.join(findProjectRoot(), 'scripts/gatehouse'), '--state-dir', 'state', 'verify', ...args],
    { cwd: folder.path },
  );
  return { exitCode, stdout: stdout.replaceAll(key.id, 'KEY'), stderr };
}

test('a result as it was signed is valid, and what it says is printed', async () => {
  const { exitCode, stdout } = await verify(['signed.json']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
   "valid: signed with KEY
     lab         05-networking/09-deny-all, sha256:0
     result      failed, 2 of 10 points
     graded      2026-01-02T03:04:05.678Z to 2026-01-02T03:04:06.912Z
     grader      version 1 of Gatehouse 0.1.0
     cluster     c1 (embedded)
     seen there  sha256:1
     nodes       control-plane v1.32.0
   "
  `);
});

test('a changed result ends with 1, one of another installation as well', async () => {
  expect(await verify(['changed.json'])).toMatchObject({
    exitCode: 1,
    stdout: 'not valid: It was changed after it was signed.\n',
  });
  await using other = await createTempFolder('other');
  const foreign = JSON.stringify(signResult(GRADED, openSigningKey(other.path)));
  const { exitCode, stdout } = await verify(['foreign.json'], { 'foreign.json': foreign });
  expect({ exitCode, stdout }).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('not with KEY'),
  });
});

test('the public key that is printed verifies where the private one is not', async () => {
  const { stdout } = await verify(['--public-key']);
  await using other = await createTempFolder('other');
  const key = openSigningKey(other.path);
  const files = {
    'foreign.json': JSON.stringify(signResult(GRADED, key)),
    'own.pem': stdout,
  };
  // Printed by an installation that is gone by now: not the key of this result.
  expect((await verify(['foreign.json', '--key', 'own.pem'], files)).exitCode).toBe(1);
  const ofOther = await runCommand(process.execPath, [
    path.join(findProjectRoot(), 'scripts/gatehouse'),
    '--state-dir',
    other.path,
    'verify',
    '--public-key',
  ]);
  const right = { ...files, 'right.pem': ofOther.stdout };
  expect((await verify(['foreign.json', '--key', 'right.pem'], right)).exitCode).toBe(0);
});

test('what is no result is wrong usage, and without a key nothing can be told', async () => {
  expect((await verify([])).exitCode).toBe(2);
  expect((await verify(['nowhere.json'])).exitCode).toBe(2);
  expect((await verify(['other.json'], { 'other.json': '{}' })).exitCode).toBe(2);
  const { exitCode, stderr } = await verify(['signed.json', '--state-dir', 'elsewhere']);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('no key was ever made in');
});
