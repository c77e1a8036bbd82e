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
 * Throws OutOfTimeError when `ms` of processor time are over: on a machine that is busy with other things it starts
 * anew with more patience, so `work` must do nothing but compute. Not for code of ours that must come to its end.
 */
export function runBounded<Result>(ms: number, work: () => Result): Result {
  for (let patience = 1; ; patience *= 2) {
    const before = process.cpuUsage();
    try {
      return runWithin(ms * patience, work);
    } catch (error) {
      if (!(error instanceof OutOfTimeError) || patience >= MOST_PATIENCE) throw error;
      const { user, system } = process.cpuUsage(before);
      if ((user + system) / 1000 >= ms * WORKED_SHARE) throw error;
    }
  }
}

/** Times the limit, by the clock on the wall. */
const MOST_PATIENCE = 8;
/** Who had this much of the processor for the whole time was not held up by others. */
const WORKED_SHARE = 0.8;

function runWithin<Result>(ms: number, work: () => Result): Result {
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
