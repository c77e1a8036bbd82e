import type { ExecSpec } from './agent.js';
import { limitFields } from './operation-fields.js';

/**
 * The command that runs a program in a cluster on the terminal it is started in (`native/join.c`), for a terminal
 * library or for a person. The terminal's size is the terminal's own; `spec.tty` plays no part. It exits with the
 * program's code; 127 and 126 where the program was not found or not run, 125 where the agent refused.
 */
export function joinCommand(
  spec: ExecSpec,
  where: { socketPath: string; joinPath: string },
): { file: string; args: string[] } {
  const target =
    spec.target === 'process'
      ? ['--process', spec.id, ...(spec.confined === false ? ['--unconfined'] : [])]
      : ['--netns', spec.netns];
  const env = Object.entries(spec.env).flatMap(([name, value]) => ['--env', `${name}=${value}`]);
  return {
    file: where.joinPath,
    args: [
      ...['--socket', where.socketPath],
      ...target,
      ...(spec.cwd === undefined ? [] : ['--cwd', spec.cwd]),
      ...env,
      ...(spec.limits === undefined ? [] : ['--limits', limitFields(spec.limits).join(',')]),
      '--',
      ...spec.argv,
    ],
  };
}
