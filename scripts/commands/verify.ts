import type { Command } from 'commander';
import { readFile } from 'node:fs/promises';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import type { LabResult } from '../../common/verdict.js';
import { isResultLike, verifyResult } from '../../graders/signing/sign-result.js';
import {
  findSigningKey,
  openSigningKey,
  publicKeyText,
  readPublicKey,
  type VerifyingKey,
} from '../../graders/signing/signing-key.js';
import { onStdout } from '../colours.js';
import { CliFailure, EXIT } from '../exit-codes.js';
import { print } from '../output.js';
import { ofThisProcess } from './context.js';

interface VerifyOptions {
  key?: string;
  publicKey?: boolean;
}

/** `gatehouse verify`: whether a result (`--reporter json=FILE`) is as it was signed, and by whom. */
export function addVerifyCommand(program: Command): void {
  program
    .command('verify [result]')
    .description('whether a result in JSON is as it was signed, and what it says')
    .option('--key <file>', 'the public key of the installation that made it; default: this one')
    .option('--public-key', 'print the public key of this installation instead')
    .addHelpText('after', '\nExit codes: 0 valid, 1 not valid, 2 wrong usage, 3 could not tell.')
    .action(verify);
}

async function verify(
  file: string | undefined,
  options: VerifyOptions,
  command: Command,
): Promise<void> {
  const { stateDir } = ofThisProcess(command);
  if (options.publicKey === true && file === undefined && options.key === undefined) {
    print(publicKeyText(openSigningKey(stateDir)).trimEnd());
    return;
  }
  if (options.publicKey === true || file === undefined) {
    throw new GatehouseError('BAD_REQUEST', 'say which result to verify, or --public-key alone', {
      fix: 'gatehouse verify RESULT.json [--key FILE]',
    });
  }
  const document = await readResult(file);
  const key =
    options.key === undefined ? keyOfThisInstallation(stateDir) : readPublicKey(options.key);
  const verification = verifyResult(document, key);
  if (verification.outcome === 'valid') {
    print(`${onStdout.green('valid')}: signed with ${key.id}`);
    for (const line of told(verification.result)) print(line);
    return;
  }
  const word = verification.outcome === 'unknown' ? 'cannot be told' : onStdout.red('not valid');
  print(`${word}: ${verification.reason}`);
  throw new CliFailure(verification.outcome === 'unknown' ? EXIT.couldNotTell : EXIT.notFullMarks);
}

function keyOfThisInstallation(stateDir: string): VerifyingKey {
  const key = findSigningKey(stateDir);
  if (key !== undefined) return key;
  throw new GatehouseError('MACHINE_NOT_READY', `no key was ever made in ${stateDir}`, {
    fix: 'Get the public key where the result was made (gatehouse verify --public-key), and name it: --key FILE',
  });
}

async function readResult(file: string): Promise<JsonObject> {
  let document: unknown;
  try {
    document = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    const code = error instanceof SyntaxError ? 'BAD_REQUEST' : 'NOT_FOUND';
    throw new GatehouseError(code, `${file} cannot be read: ${messageOf(error)}`, {
      fix: 'Name a file that `gatehouse grade --reporter json=FILE` wrote.',
      cause: error,
    });
  }
  if (isResultLike(document)) return document;
  throw new GatehouseError('BAD_REQUEST', `${file} holds no result`, {
    fix: 'Name a file that `gatehouse grade --reporter json=FILE` wrote.',
  });
}

/** What the signature covers, as far as a reader wants it in words. */
function told(result: LabResult): string[] {
  const { points, fingerprint } = result;
  const nodes = fingerprint?.nodes.map(({ name, version }) => `${name} ${version}`.trim()) ?? [];
  const rows: [string, string][] = [
    ['lab', `${result.lab}, ${result.labDigest}`],
    ['result', `${result.outcome}, ${points.earned} of ${points.possible} points`],
    ...result.checks.map(({ step, id, outcome }): [string, string] => [
      '',
      `${step}/${id}: ${outcome}`,
    ]),
    ['graded', `${result.startedAt} to ${result.endedAt}`],
    ['grader', `version ${result.graderVersion} of Gatehouse ${result.platformVersion}`],
    ['cluster', `${result.cluster} (${result.provider})`],
    ['seen there', fingerprint === undefined ? 'nothing' : fingerprint.digest],
    ['nodes', nodes.join(', ')],
  ];
  return rows.map(([name, text]) => `  ${name.padEnd(10)}  ${text}`);
}
