import { EvaluationError, ParseError, TypeError as CelTypeError } from '@marcbachmann/cel-js';
import type { Environment } from '@marcbachmann/cel-js';
import { messageOf } from '../../../../common/errors.js';
import { OutOfTimeError } from './bounded.js';
import { rewriteHas } from './rewrite-has.js';

/** An expression that could not be compiled, or whose evaluation failed; worded as cel-go words it. */
export class CelError extends Error {
  override readonly name = 'CelError';
}

export interface CelProgram {
  readonly source: string;
  /** The identifiers it uses. */
  readonly names: ReadonlySet<string>;
  /** Throws CelError. OutOfTimeError passes through. */
  run(variables: Readonly<Record<string, unknown>>): unknown;
}

/** Throws CelError where the text is no expression, names what is not there, or cannot be a `type` (bool, string; dyn for any). */
export function compileCel(source: string, env: Environment, type: string): CelProgram {
  const program = attempt(() => env.parse(rewriteHas(source, env)));
  const { error, type: found = 'dyn' } = program.check();
  if (error !== undefined) throw new CelError(compileText(source, error));
  if (type !== 'dyn' && found !== 'dyn' && found !== type) {
    throw new CelError(`must evaluate to ${type}`);
  }
  return {
    source,
    names: new Set(namesIn(program.ast)),
    run: (variables) => {
      try {
        const result: unknown = program(variables);
        return result;
      } catch (error) {
        if (error instanceof OutOfTimeError) throw error;
        throw new CelError(runtimeText(error));
      }
    },
  };

  function attempt<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (error) {
      throw new CelError(compileText(source, error));
    }
  }
}

function* namesIn(node: unknown): Generator<string> {
  if (Array.isArray(node)) {
    for (const part of node) yield* namesIn(part);
  } else if (typeof node === 'object' && node !== null && 'op' in node && 'args' in node) {
    if (node.op === 'id' && typeof node.args === 'string') yield node.args;
    else yield* namesIn(node.args);
  }
}

function compileText(source: string, error: unknown): string {
  if (!(
    error instanceof ParseError ||
    error instanceof CelTypeError ||
    error instanceof EvaluationError
  )) {
    return `compilation failed: ${messageOf(error)}`;
  }
  const at = error.range?.start ?? 0;
  const before = source.slice(0, at).split('\n');
  const line = source.split('\n')[before.length - 1] ?? '';
  const column = (before.at(-1) ?? '').length;
  return `compilation failed: ERROR: <input>:${before.length}:${column + 1}: ${wording(error)}\n | ${line}\n | ${'.'.repeat(column)}^`;
}

function wording(error: ParseError | CelTypeError | EvaluationError): string {
  const { summary } = error;
  const [, variable] = /^Unknown variable: (.*)$/.exec(summary) ?? [];
  if (variable !== undefined) return `undeclared reference to '${variable}' (in container '')`;
  const [, field] = /^No such key: (.*)$/.exec(summary) ?? [];
  if (field !== undefined) return `undefined field '${field}'`;
  const [, left, operator, right] = /^no such overload: (\S+) (\S+) (\S+)$/.exec(summary) ?? [];
  if (operator !== undefined) {
    return `found no matching overload for '_${operator}_' applied to '(${left}, ${right})'`;
  }
  return error instanceof ParseError ? `Syntax error: ${summary}` : summary;
}

function runtimeText(error: unknown): string {
  if (!(error instanceof EvaluationError)) return messageOf(error);
  const summary = error.summary.replace(/^No such key: (index out of bounds)/, '$1');
  return summary.replace(/^No such key/, 'no such key');
}
