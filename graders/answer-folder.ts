/** Reads one folder of an answer: `commands.sh`, manifests and other files, `answers.yaml`. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../common/errors.js';
import type { StepAnswer } from '../common/lab.js';

/** By question id: the answer, or the command whose output it is. */
const AnswersFile = z.record(
  z.string(),
  z.union([
    z.string(),
    z.number(),
    z.array(z.string()),
    z.strictObject({ command: z.string().min(1) }),
  ]),
);
/** Read here as what they mean; everything else is put into the home. */
const SPECIAL = ['commands.sh', 'answers.yaml', 'expect.yaml'];

/** Rejects where the folder is missing or `answers.yaml` is not a map of question ids to answers. */
export async function readAnswerFolder(
  folder: string,
  /** Of a lab's own folders: puts this learner's values in. */
  fill: (name: string, text: string) => string = (_, text) => text,
): Promise<StepAnswer> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
  const read = async (name: string): Promise<string> =>
    fill(name, await readFile(path.join(folder, name), 'utf8'));
  const files = await Promise.all(
    names
      .filter((name) => !SPECIAL.includes(name))
      .map(async (name) => ({ path: name, text: await read(name) })),
  );
  return {
    files,
    ...(names.includes('answers.yaml')
      ? parseAnswers(await read('answers.yaml'))
      : { answers: {} }),
    ...(names.includes('commands.sh') ? { commands: await read('commands.sh') } : {}),
  };
}

function parseAnswers(text: string): Pick<StepAnswer, 'answers' | 'answerCommands'> {
  try {
    const entries = Object.entries(AnswersFile.parse(parse(text) ?? {}));
    return {
      answers: Object.fromEntries(
        entries.flatMap(([id, answer]) => (isCommand(answer) ? [] : [[id, answer] as const])),
      ),
      answerCommands: Object.fromEntries(
        entries.flatMap(([id, answer]) =>
          isCommand(answer) ? [[id, answer.command] as const] : [],
        ),
      ),
    };
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new Error(`answers.yaml must be lines of "question-id: answer": ${what}`, {
      cause: error,
    });
  }
}

function isCommand(answer: unknown): answer is { command: string } {
  return typeof answer === 'object' && answer !== null && !Array.isArray(answer);
}
