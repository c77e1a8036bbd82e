import Table from 'cli-table3';
import { GatehouseError, messageOf } from '../common/errors.js';
import type { Phase } from '../common/progress.js';
import { onStderr, onStdout } from './colours.js';

/** Results go to standard output, everything about the work itself to standard error. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Columns without lines, as kubectl prints them; one "nothing here" sentence where there are no rows. */
export function printTable(
  head: readonly string[],
  rows: readonly string[][],
  empty: string,
): void {
  if (rows.length === 0) {
    print(empty);
    return;
  }
  const table = new Table({
    head: head.map((name) => onStdout.bold(name)),
    style: { head: [], border: [], compact: true },
    chars: NO_LINES,
  });
  table.push(...rows);
  print(
    table
      .toString()
      .split('\n')
      .map((line) => line.trim())
      .join('\n'),
  );
}

const NO_LINES: Readonly<Record<string, string>> = {
  middle: '  ',
  ...noLine('top'),
  ...noLine('bottom'),
  ...noLine('mid'),
  ...noLine('left'),
  ...noLine('right'),
};

function noLine(side: string): Record<string, string> {
  return { [side]: '', [`${side}-mid`]: '', [`${side}-left`]: '', [`${side}-right`]: '' };
}

/** Shows phases: one line that changes on a terminal, one line each in a pipe. */
export function createProgress(label: string): {
  onPhase: (phase: Phase) => void;
  done: (text: string) => void;
} {
  const isTerminal = process.stderr.isTTY;
  const startedAt = performance.now();
  return {
    onPhase(phase) {
      const percent = `${String(Math.round(phase.fraction * 100)).padStart(3)} %`;
      if (isTerminal)
        process.stderr.write(`\r\u001b[K${onStderr.dim(percent)} ${label}: ${phaseLine(phase)}`);
      else note(`${label}: ${phaseLine(phase)}`);
    },
    done(text) {
      if (isTerminal) process.stderr.write('\r\u001b[K');
      note(`${label}: ${text} (${duration(performance.now() - startedAt)})`);
    },
  };
}

/** What is being done, and how long all of it may yet take where that is worth saying. */
export function phaseLine({ title, remainingMs = 0 }: Phase): string {
  return remainingMs < WORTH_SAYING_MS ? title : `${title} (about ${roughly(remainingMs)} to go)`;
}

const WORTH_SAYING_MS = 10_000;

/** An estimate looks like one: `40 s`, `2 min`. */
function roughly(ms: number): string {
  return ms < 90_000 ? `${Math.round(ms / 10_000) * 10} s` : `${Math.round(ms / 60_000)} min`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** `0.4 MB`, `1024 MB`. */
export function megabytes(bytes: number): string {
  const value = bytes / (1024 * 1024);
  return `${value.toFixed(value < 100 ? 1 : 0)} MB`;
}

export function age(since: string, now = Date.now()): string {
  return duration(Math.max(0, now - Date.parse(since))).replace(/\.\d+ s$/, ' s');
}

/** What happened, and what to do. A stack only for our own bugs, and only when asked for. */
export function printError(error: unknown, options: { verbose: boolean }): void {
  if (error instanceof GatehouseError) {
    note(`${onStderr.red('gatehouse:')} ${error.message}`);
    if (error.fix !== undefined) note(`Fix: ${error.fix}`);
    if (options.verbose && error.cause !== undefined) note(`Cause: ${messageOf(error.cause)}`);
    return;
  }
  note(`${onStderr.red('gatehouse:')} something went wrong that should not: ${messageOf(error)}`);
  if (options.verbose && error instanceof Error) note(error.stack ?? '');
  else note('Fix: run it again with --verbose, and report what it prints.');
}
