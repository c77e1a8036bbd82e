import { CelError } from '../../cel/compile.js';
import type { CelProgram } from '../../cel/compile.js';
import type { PolicyPrograms } from './programs.js';

/** Longer messages are not told. */
const LONGEST_MESSAGE = 5 * 1024;

/** Why a policy says no; `failed` where it could not tell, and its failurePolicy decides. */
export interface Denial {
  message: string;
  reason: string;
  failed: boolean;
}

/** What the validations of a policy say about a request; nothing where its conditions are not met. */
export function evaluatePolicy(
  programs: PolicyPrograms,
  given: Readonly<Record<string, unknown>>,
): Denial[] {
  for (const condition of programs.conditions) {
    const result = evaluate(condition, given);
    if (result instanceof CelError) return [failure(condition, result)];
    if (result !== true) return [];
  }
  const context = { ...given, variables: lazyVariables(programs, given) };
  return programs.validations.flatMap((validation) => {
    const { program } = validation;
    const result = evaluate(program, context);
    if (result instanceof CelError) return [failure(program, result)];
    if (result === true) return [];
    const source = program instanceof CelError ? '' : program.source;
    const message =
      messageFrom(validation.messageProgram, context) ??
      (validation.message === '' ? `failed expression: ${source}` : validation.message);
    return [{ message, reason: validation.reason, failed: false }];
  });
}

/** `variables.x` is computed when it is first read, from the request and the variables before it. */
function lazyVariables(
  { variables }: PolicyPrograms,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  const known = new Map<string, unknown>();
  for (const { name, program } of variables) {
    Object.defineProperty(values, name, {
      enumerable: true,
      get: () => {
        if (!known.has(name)) {
          const value = evaluate(program, { ...given, variables: values });
          if (value instanceof CelError) {
            throw new CelError(
              `composited variable ${JSON.stringify(name)} fails to evaluate: ${value.message}`,
            );
          }
          known.set(name, value);
        }
        return known.get(name);
      },
    });
  }
  return values;
}

function messageFrom(
  program: CelProgram | undefined,
  context: Readonly<Record<string, unknown>>,
): string | undefined {
  if (program === undefined) return undefined;
  const value = evaluate(program, context);
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  return text === '' || text.length > LONGEST_MESSAGE || text.includes('\n') ? undefined : text;
}

/** The value, or what went wrong; OutOfTimeError passes through. */
export function evaluate(
  program: CelProgram | CelError,
  context: Readonly<Record<string, unknown>>,
): unknown {
  if (program instanceof CelError) return program;
  try {
    return program.run(context);
  } catch (error) {
    if (error instanceof CelError) return error;
    throw error;
  }
}

function failure(program: CelProgram | CelError, error: CelError): Denial {
  return { message: failureText(program, error), reason: 'Invalid', failed: true };
}

export function failureText(program: CelProgram | CelError, error: CelError): string {
  return program instanceof CelError
    ? error.message
    : `expression '${program.source}' resulted in error: ${error.message}`;
}
