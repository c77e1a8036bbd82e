import pc from 'picocolors';

type Colours = ReturnType<typeof pc.createColors>;

/** For what goes to standard output: plain in a pipe, on CI as well, whose logs people search and compare. */
export const onStdout: Colours = pc.createColors(wantsColours(process.stdout));

/** For what goes to standard error. */
export const onStderr: Colours = pc.createColors(wantsColours(process.stderr));

/**
 * Colours on a terminal alone, with the two words a user can say: `NO_COLOR` (no-color.org) never, `FORCE_COLOR` always.
 * The colours library by itself paints on every CI system.
 */
export function wantsColours(
  stream: { isTTY?: boolean },
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = env;
  if (isSet(NO_COLOR)) return false;
  if (isSet(FORCE_COLOR)) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return stream.isTTY === true && TERM !== 'dumb';
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== '';
}
