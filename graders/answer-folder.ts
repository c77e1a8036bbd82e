/** Reads one folder of an answer: `commands.sh`, manifests and other files, `answers.yaml`. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../common/errors.js';
import type { StepAnswer } from '../common/lab.js';

const AnswersFile = z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())]));
/** Read here as what they mean; everything else is put into the home. */
const SPECIAL = ['commands.sh', 'answers.yaml', 'expect.yaml'];

/** Rejects where the folder is missing or `answers.yaml` is not a map of question ids to answers. */
export async function readAnswerFolder(folder: string): Promise<StepAnswer> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
    .sort();
  const read = (name: string) => readFile(path.join(folder, name), 'utf8');
  const files = await Promise.all(
    names
      .filter((name) => !SPECIAL.includes(name))
      .map(async (name) => ({ path: name, text: await read(name) })),
  );
  return {
    files,
    answers: names.includes('answers.yaml') ? parseAnswers(await read('answers.yaml')) : {},
    ...(names.includes('commands.sh') ? { commands: await read('commands.sh') } : {}),
  };
}

function parseAnswers(text: string): StepAnswer['answers'] {
  try {
    return AnswersFile.parse(parse(text) ?? {});
  } catch (error) {
    throw new Error(
      `answers.yaml must be lines of "question-id: answer": ${error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error)}`,
      { cause: error },
    );
  }
}
