import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../common/errors.js';
import { isJsonObject, type JsonObject } from '../common/json.js';
import { parseManifests } from '../common/kube-yaml.js';
import {
  LabDefinition,
  WrongExpectation,
  type Lab,
  type LabStep,
  type StepDefinition,
  type WrongAnswer,
} from '../common/lab.js';
import { readAnswerFolder } from '../graders/answer-folder.js';
import { isPolicy } from '../graders/policy-engine.js';
import { parseYamlFile } from './lab-file.js';
import { brokenExpectations, brokenRules } from './lab-rules.js';
import type { LabProblem } from './lab-problem.js';
import { DEFAULT_SEED, drawValues, fillValues, type LabValues } from './lab-values.js';
import { parseStepText } from './step-text.js';

/** Reads one lab, with the values that the seed draws. Without problems the lab can be served; with any there is none. */
export async function loadLab(
  folder: string,
  id: string,
  seed: string = DEFAULT_SEED,
): Promise<{ lab?: Lab; problems: LabProblem[] }> {
  const problems: LabProblem[] = [];
  const paths = await filesUnder(folder);
  const drawn = paths.includes(VALUES_FILE)
    ? drawValues(await readFile(path.join(folder, VALUES_FILE), 'utf8'), seed)
    : undefined;
  const reader = createReader(folder, { id, problems, values: drawn?.values ?? {} });
  if (drawn !== undefined) reader.report(VALUES_FILE, drawn.problems);
  const labText = await reader.text(
    'lab.yaml',
    'Every lab has one; `gatehouse lab new` makes an example.',
  );
  if (labText === undefined) return { problems };
  const file = parseYamlFile(labText, LabDefinition);
  reader.report('lab.yaml', file.problems);
  if (file.value === undefined) return { problems };
  const definition = file.value;
  reader.report(
    'lab.yaml',
    brokenRules(definition).map(({ path: at, ...words }) => ({ ...file.locate(at), ...words })),
  );

  const manifests: JsonObject[] = [];
  for (const name of paths.filter((one) => /^setup\/[^/]+\.ya?ml$/.test(one))) {
    const parsed = parseManifests((await reader.text(name)) ?? '');
    manifests.push(...parsed.objects);
    reader.report(
      name,
      parsed.problems.map((one) => ({ ...one, fix: 'Write it as kubectl would take it.' })),
    );
  }

  const files: Lab['files'][number][] = [];
  for (const [target, source] of Object.entries(definition.home)) {
    const { file: name, plugin } =
      typeof source === 'string' ? { file: source, plugin: undefined } : source;
    const text = await reader.text(name, `lab.yaml puts it into the home as "${target}".`);
    if (text === undefined) continue;
    files.push({ path: target, text, ...(plugin === undefined ? {} : { plugin }) });
  }

  const steps: LabStep[] = [];
  for (const step of definition.steps) steps.push(await readStep(step, { reader, paths }));

  const diagrams: Record<string, string> = {};
  for (const name of paths) {
    const diagram = /^diagrams\/([a-z0-9-]+)\.svg$/.exec(name)?.[1];
    if (diagram !== undefined) diagrams[diagram] = (await reader.text(name)) ?? '';
  }

  const wrong: WrongAnswer[] = [];
  for (const name of new Set(paths.flatMap((one) => /^wrong\/([^/]+)\//.exec(one)?.[1] ?? []))) {
    const answer = await readWrong(name, { reader, definition });
    if (answer !== undefined) wrong.push(answer);
  }

  const references = await readReferences(definition, reader);

  if (problems.length > 0) return { problems };
  const [chapter = '', last = ''] = id.split('/');
  const [number = '', ...slug] = last.split('-');
  return {
    problems,
    lab: {
      id,
      chapter,
      number,
      slug: slug.join('-'),
      definition,
      manifests,
      files,
      steps,
      wrong,
      diagrams,
      references,
      ...(drawn === undefined ? {} : { drawn: { seed, values: drawn.values } }),
      digest: await digestOf(folder, paths),
    },
  };
}

const VALUES_FILE = 'values.yaml';

/** The policies that `intent` checks compare with; a file without any policy is a mistake. */
async function readReferences(
  { steps }: LabDefinition,
  reader: Reader,
): Promise<Lab['references']> {
  const checks = steps.flatMap((step) => step.checks);
  const names = new Set(
    checks.flatMap((check) =>
      check.kind === 'intent' ? [check.reference, ...check.later].flat() : [],
    ),
  );
  const references: Record<string, readonly JsonObject[]> = {};
  for (const name of names) {
    const text = await reader.text(name, 'An intent check of lab.yaml refers to it.');
    if (text === undefined) continue;
    const { objects, problems } = parseManifests(text);
    const fix = 'Name a file with policies, as kubectl would take it.';
    reader.report(
      name,
      problems.map((one) => ({ ...one, fix })),
    );
    if (!objects.some(isPolicy)) {
      reader.report(name, [{ line: 1, column: 1, message: 'there is no policy in it', fix }]);
    }
    references[name] = objects;
  }
  return references;
}

interface Reader {
  folder: string;
  /** The file's text; a missing file is reported with why it is needed. */
  text(name: string, why?: string): Promise<string | undefined>;
  /** Puts this learner's values into a file's text; unknown ones are reported. */
  fill(name: string, text: string): string;
  report(file: string, problems: readonly Omit<LabProblem, 'lab' | 'file'>[]): void;
}

function createReader(
  folder: string,
  context: { id: string; problems: LabProblem[]; values: LabValues },
): Reader {
  const report: Reader['report'] = (file, found) => {
    context.problems.push(
      ...found.map((problem) => ({ lab: context.id, file: `${context.id}/${file}`, ...problem })),
    );
  };
  const fill: Reader['fill'] = (name, text) => {
    const { filled, problems } = fillValues({ name, text }, context.values);
    report(name, problems);
    return filled;
  };
  return {
    folder,
    report,
    fill,
    async text(name, why = 'Add it.') {
      try {
        return fill(name, await readFile(path.join(folder, name), 'utf8'));
      } catch (error) {
        const missing = isJsonObject(error) && error['code'] === 'ENOENT';
        const message = missing
          ? 'the file is missing'
          : `the file cannot be read: ${messageOf(error)}`;
        report(name, [{ line: 1, column: 1, message, fix: why }]);
        return undefined;
      }
    },
  };
}

async function readStep(
  step: StepDefinition,
  context: { reader: Reader; paths: readonly string[] },
): Promise<LabStep> {
  const { reader, paths } = context;
  const markdown =
    (await reader.text(step.text, `The step "${step.id}" names it as its text.`)) ?? '';
  const { text, problems } = parseStepText(markdown);
  reader.report(step.text, problems);
  const solution = `solution/${step.id}`;
  return {
    id: step.id,
    title: step.title,
    definition: step,
    markdown,
    text,
    ...(paths.some((one) => one.startsWith(`${solution}/`))
      ? await readAnswer(solution, reader).then((answer) =>
          answer === undefined ? {} : { solution: answer },
        )
      : {}),
  };
}

async function readWrong(
  name: string,
  { reader, definition }: { reader: Reader; definition: LabDefinition },
): Promise<WrongAnswer | undefined> {
  const file = `wrong/${name}/expect.yaml`;
  const text = await reader.text(
    file,
    'It says which check must fail, and what the learner must read.',
  );
  if (text === undefined) return undefined;
  const { value, problems, locate } = parseYamlFile(text, WrongExpectation);
  reader.report(file, problems);
  const broken = value === undefined ? [] : brokenExpectations(value, definition);
  reader.report(
    file,
    broken.map(({ path: at, ...words }) => ({ ...locate(at), ...words })),
  );
  const answer = await readAnswer(`wrong/${name}`, reader);
  return value === undefined || answer === undefined ? undefined : { name, ...value, answer };
}

async function readAnswer(folder: string, reader: Reader) {
  try {
    return await readAnswerFolder(path.join(reader.folder, folder), (name, text) =>
      reader.fill(`${folder}/${name}`, text),
    );
  } catch (error) {
    reader.report(`${folder}/answers.yaml`, [
      { line: 1, column: 1, message: messageOf(error), fix: 'One line per question of the step.' },
    ]);
    return undefined;
  }
}

/** Relative paths with `/`, sorted, so that every machine sees the same order. */
async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
    )
    .sort();
}

async function digestOf(folder: string, paths: readonly string[]): Promise<string> {
  const hash = createHash('sha256');
  for (const name of paths) {
    const content = await readFile(path.join(folder, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return `sha256:${hash.digest('hex')}`;
}
