/** What is to be said of a container that ended: from its exit, its log, and the message it left. */
import { closeSync, openSync, readFileSync, readSync, statSync, truncateSync } from 'node:fs';
import type { ProcessExit } from '../agent/agent.js';
import { START_ERROR_PREFIX } from './container-starter.js';

const MESSAGE_BYTES = 4096;
const LOG_CHARACTERS = 2048;

export function reasonOf(exit: ProcessExit, startError: string | undefined): string {
  if (startError !== undefined) return 'StartError';
  if (exit.oomKilled) return 'OOMKilled';
  return exit.exitCode === 0 ? 'Completed' : 'Error';
}

/** A container runtime's words where its program could not be run at all. They are taken out of the log. */
export function startErrorOf(exit: ProcessExit, logFile: string): string | undefined {
  if (exit.exitCode !== 1) return undefined;
  const [, said] = /^\S+ stderr F bwrap: (.*)$/.exec(firstLine(logFile)) ?? [];
  if (said === undefined) return undefined;
  truncateSync(logFile, 0);
  const [, program, why = ''] = /^execvp (.*): (.*)$/.exec(said) ?? [];
  if (program === undefined) return START_ERROR_PREFIX + said;
  return `${START_ERROR_PREFIX}exec: "${program}": ${why.toLowerCase()}: unknown`;
}

/** What the program left in its termination message, or the end of its log where the pod asks for that. */
export function terminationMessage(
  exit: ProcessExit,
  files: { message: string; log: string; policy: string | undefined },
): string {
  const text = readTail(files.message, MESSAGE_BYTES);
  if (text !== '' || exit.exitCode === 0) return text;
  if (files.policy !== 'FallbackToLogsOnError') return '';
  const log = readTail(files.log, MESSAGE_BYTES);
  return log.replace(/^\S+ (?:stdout|stderr) [FP] /gm, '').slice(-LOG_CHARACTERS);
}

function firstLine(file: string): string {
  try {
    const fd = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(1024);
      const length = readSync(fd, buffer);
      return buffer.toString('utf8', 0, length).split('\n')[0] ?? '';
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}

function readTail(file: string, bytes: number): string {
  try {
    const { size } = statSync(file);
    if (size === 0) return '';
    return readFileSync(file).subarray(-bytes).toString('utf8');
  } catch {
    return '';
  }
}
