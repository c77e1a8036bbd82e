import vm from 'node:vm';

/** `run` of the sandbox is called under the engine's own stop watch; nothing else is in there. */
const sandbox: { work: () => unknown } = { work: () => undefined };
const context = vm.createContext(sandbox);
const script = new vm.Script('work()');

/** Thrown where the time was up. */
export class OutOfTimeError extends Error {
  override readonly name = 'OutOfTimeError';
}

/**
 * Runs somebody else's expression, which may not end: a loop over loops, a regular expression that backtracks.
 * Throws OutOfTimeError when `ms` are over. Not for code of ours that must come to its end.
 */
export function runBounded<Result>(ms: number, work: () => Result): Result {
  const box: { result?: Result } = {};
  const outer = sandbox.work;
  sandbox.work = () => {
    box.result = work();
  };
  try {
    script.runInContext(context, { timeout: ms });
  } catch (error) {
    if (Reflect.get(Object(error), 'code') === 'ERR_SCRIPT_EXECUTION_TIMEOUT') {
      throw new OutOfTimeError(`not done after ${ms} ms`);
    }
    throw error;
  } finally {
    sandbox.work = outer;
  }
  if (!('result' in box)) throw new OutOfTimeError(`not done after ${ms} ms`);
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- it has been set, perhaps to undefined
  return box.result as Result;
}
