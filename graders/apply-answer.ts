import type { Cluster, RunResult } from '../clusters/provider.js';
import { GatehouseError } from '../common/errors.js';
import type { StepAnswer } from '../common/lab.js';

const TIMEOUT_MS = 60_000;

/**
 * Does in the workstation what an answer says: writes its files into the home, types its commands. With
 * `mustSucceed` the first failing command rejects with BAD_LAB; else it is as when a learner goes on typing.
 */
export async function applyAnswer(
  cluster: Cluster,
  answer: StepAnswer,
  options: { mustSucceed: boolean; what: string; signal?: AbortSignal },
): Promise<void> {
  const commands = commandsOf(answer);
  if (commands === '' && answer.files.length === 0) return;
  const script = [
    'cd',
    ...(options.mustSucceed ? ['set -eo pipefail'] : []),
    ...answer.files.map(writeFile),
    commands,
  ].join('\n');
  const result = await cluster.run(script, {
    timeoutMs: TIMEOUT_MS,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (options.mustSucceed && result.exitCode !== 0) {
    throw new GatehouseError(
      'BAD_LAB',
      `The commands of ${options.what} failed with exit code ${result.exitCode}`,
      {
        fix: lastLines(result),
      },
    );
  }
}

/** Without `commands.sh` the manifests are applied in order of their names. */
function commandsOf({ commands, files }: StepAnswer): string {
  if (commands !== undefined) return commands;
  return files
    .filter(({ path }) => /\.ya?ml$/.test(path))
    .map(({ path }) => `kubectl apply -f ${quote(path)}`)
    .join('\n');
}

function writeFile({ path, text }: StepAnswer['files'][number]): string {
  let end = 'END_OF_FILE';
  while (text.includes(end)) end += '_';
  return `cat > ${quote(path)} <<'${end}'\n${text.endsWith('\n') ? text : `${text}\n`}${end}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function lastLines({ stdout, stderr }: RunResult): string {
  const lines = `${stdout}\n${stderr}`.trim().split('\n');
  return `It said: ${lines.slice(-5).join(' / ')}`;
}
