import type { Cluster, RunResult } from '../clusters/provider.js';
import { GatehouseError } from '../common/errors.js';
import type { Answers, StepAnswer } from '../common/lab.js';
import { withoutControls } from '../common/plain-text.js';

const TIMEOUT_MS = 60_000;
const MOST_COMPLAINTS = 10;

/**
 * Does in the workstation what an answer says: writes its files into the home, types its commands; returns
 * what it answers to questions. With `mustSucceed` the first failing command rejects with BAD_LAB; else it
 * is as when a learner goes on typing, and `onComplaint` hears the last lines that went to standard error.
 */
export async function applyAnswer(
  cluster: Cluster,
  answer: StepAnswer,
  options: {
    mustSucceed: boolean;
    what: string;
    signal?: AbortSignal;
    onComplaint?: (lines: readonly string[]) => void;
  },
): Promise<Answers> {
  const { mustSucceed, what, signal, onComplaint } = options;
  const type = async (script: string): Promise<RunResult> => {
    const result = await cluster.run(script, {
      timeoutMs: TIMEOUT_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    if (mustSucceed && result.exitCode !== 0) {
      const message = `The commands of ${what} failed with exit code ${result.exitCode}`;
      throw new GatehouseError('BAD_LAB', message, { fix: lastLines(result) });
    }
    const complaints = withoutControls(result.stderr).trim();
    if (complaints !== '') onComplaint?.(complaints.split('\n').slice(-MOST_COMPLAINTS));
    return result;
  };
  const script = [...answer.files.map(writeFile), commandsOf(answer)].join('\n');
  if (script.trim() !== '') {
    await type(['cd', ...(mustSucceed ? ['set -eo pipefail'] : []), script].join('\n'));
  }
  const read: Record<string, string> = {};
  for (const [id, command] of Object.entries(answer.answerCommands ?? {})) {
    read[id] = (await type(`cd\n${command}`)).stdout.trim();
  }
  return { ...answer.answers, ...read };
}

/** Without `commands.sh` the manifests are applied in order of their names. */
function commandsOf({ commands, files }: StepAnswer): string {
  if (commands !== undefined) return commands;
  return files
    .filter(({ path }) => /\.(?:ya?ml|json)$/.test(path))
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
