import { CommanderError } from 'commander';
import { GatehouseError, type ErrorCode } from '../common/errors.js';
import type { LabResult } from '../common/verdict.js';

export const EXIT = {
  fullMarks: 0,
  notFullMarks: 1,
  wrongUsage: 2,
  couldNotTell: 3,
  interrupted: 130,
} as const;

/** Full marks need every check passed: a check that could not be told is never counted as done. */
export function exitCodeOf(result: LabResult): number {
  switch (result.outcome) {
    case 'passed':
      return EXIT.fullMarks;
    case 'failed':
      return EXIT.notFullMarks;
    case 'inconclusive':
      return EXIT.couldNotTell;
  }
}

/** Everything has been said; the process ends with this code and no further word. */
export class CliFailure extends Error {
  override readonly name = 'CliFailure';
  readonly exitCode: number;

  constructor(exitCode: number = EXIT.notFullMarks) {
    super('the command has said what was wrong');
    this.exitCode = exitCode;
  }
}

const USAGE_ERRORS: ReadonlySet<ErrorCode> = new Set([
  'BAD_LAB',
  'BAD_REQUEST',
  'CLUSTER_EXISTS',
  'CLUSTER_NOT_FOUND',
  'LAB_NOT_FOUND',
  'NOT_AVAILABLE',
  'NOT_FOUND',
  'PORT_TAKEN',
  'PROVIDER_NOT_FOUND',
]);

/** What the process should end with after this was thrown. */
export function exitCodeOfError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.wrongUsage;
  if (error instanceof CliFailure) return error.exitCode;
  if (error instanceof GatehouseError) {
    if (error.code === 'CANCELLED') return EXIT.interrupted;
    return USAGE_ERRORS.has(error.code) ? EXIT.wrongUsage : EXIT.couldNotTell;
  }
  return EXIT.couldNotTell;
}
