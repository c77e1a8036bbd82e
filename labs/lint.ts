import path from 'node:path';
import { isJsonObject, valueAt } from '../common/json.js';
import type { CheckDefinition, Lab, LabStep } from '../common/lab.js';
import { stopsNothing } from '../graders/intent/reference.js';
import { findLab, type Catalog } from './catalog.js';
import { brokenDiagramRules } from './diagram-rules.js';
import { parseYamlFile, type FileProblem } from './lab-file.js';
import { fillValues } from './lab-values.js';
import type { LabProblem } from './lab-problem.js';
import { allBlocks } from './step-text.js';
import { readFile } from 'node:fs/promises';
import { LabDefinition } from '../common/lab.js';

const WRONG_ANSWERS = 3;

/** Every mistake in the labs named, or in all of them: what keeps them from loading, then what a good lab lacks. */
export async function lintCatalog(
  catalog: Catalog,
  names: readonly string[] = [],
): Promise<LabProblem[]> {
  const wanted = names.map(
    (name) =>
      catalog.problems.find(({ lab }) => matches(lab, name))?.lab ?? findLab(catalog, name).id,
  );
  const isWanted = (id: string) => wanted.length === 0 || wanted.includes(id);
  const labs = catalog.labs.filter(({ id }) => isWanted(id));
  const found = await Promise.all(labs.map((lab) => lintLab(lab, catalog.root)));
  return [...catalog.problems.filter(({ lab }) => isWanted(lab)), ...found.flat()];
}

/** What a lab that loads still lacks to be a good one. `root` is the folder of all labs. */
export async function lintLab(lab: Lab, root: string): Promise<LabProblem[]> {
  const problems: LabProblem[] = [];
  const report = (file: string, found: readonly FileProblem[]) => {
    problems.push(
      ...found.map((problem) => ({ lab: lab.id, file: `${lab.id}/${file}`, ...problem })),
    );
  };
  const written = await readFile(path.join(root, lab.id, 'lab.yaml'), 'utf8');
  const { filled } = fillValues({ name: 'lab.yaml', text: written }, lab.drawn?.values ?? {});
  const { locate } = parseYamlFile(filled, LabDefinition);
  const inLab = (at: (string | number)[], message: string, fix: string) => {
    report('lab.yaml', [{ ...locate(at), message, fix }]);
  };
  lab.steps.forEach((step, index) => {
    const at = ['steps', index];
    if (step.solution === undefined) {
      inLab(
        at,
        `the step "${step.id}" has no solution`,
        `Add solution/${step.id}/ with commands.sh, manifests or answers.yaml.`,
      );
    }
    for (const words of questionProblems(step)) inLab(at, words.message, words.fix);
    step.definition.checks.forEach((check, j) => {
      const problem = freePointsProblem(check, lab);
      if (problem !== undefined) inLab([...at, 'checks', j], problem.message, problem.fix);
    });
    report(step.definition.text, textProblems(step, lab));
  });
  if (
    lab.steps.flatMap(({ definition }) => definition.checks).every(({ points }) => points === 0)
  ) {
    inLab(['steps'], 'the lab has no points', 'Give its checks points.');
  }
  if (lab.wrong.length < WRONG_ANSWERS) {
    inLab(
      [],
      `the lab has ${lab.wrong.length} wrong answers`,
      `Add at least ${WRONG_ANSWERS} that people really give, each in wrong/<name>/ with expect.yaml.`,
    );
  }
  for (const [name, svg] of Object.entries(lab.diagrams)) {
    report(`diagrams/${name}.svg`, brokenDiagramRules(name, svg));
    if (
      !lab.steps.some((step) =>
        allBlocks(step.text).some((block) => block.type === 'diagram' && block.name === name),
      )
    ) {
      report(`diagrams/${name}.svg`, [
        {
          line: 1,
          column: 1,
          message: 'no step shows this drawing',
          fix: 'Show it with a "diagram" fence, or remove it.',
        },
      ]);
    }
  }
  for (const object of lab.manifests) {
    const problem = manifestProblem(object, lab);
    if (problem !== undefined) report('setup', [{ line: 1, column: 1, ...problem }]);
  }
  return problems;
}

type Words = Pick<LabProblem, 'message' | 'fix'>;

/** Every question is asked once, and every answer counts. */
function questionProblems(step: LabStep): Words[] {
  const asked = allBlocks(step.text).flatMap((block) =>
    block.type === 'question' ? [block.id] : [],
  );
  return step.definition.questions.flatMap(({ id }) => {
    const times = asked.filter((one) => one === id).length;
    const judged = step.definition.checks.some(
      (check) => check.kind === 'answer' && check.question === id,
    );
    return [
      ...(times === 1
        ? []
        : [
            {
              message: `the question "${id}" is asked ${times} times`,
              fix: `Ask it once, with a fence \`\`\`question id=${id}`,
            },
          ]),
      ...(judged
        ? []
        : [
            {
              message: `no check looks at the question "${id}"`,
              fix: 'Add a check of kind "answer".',
            },
          ]),
    ];
  });
}

function textProblems(step: LabStep, lab: Lab): FileProblem[] {
  return allBlocks(step.text).flatMap((block): FileProblem[] => {
    const at = { line: block.line, column: 1 };
    if (block.type === 'question' && !step.definition.questions.some(({ id }) => id === block.id)) {
      return [
        {
          ...at,
          message: `the step has no question "${block.id}"`,
          fix: 'Add it under "questions" in lab.yaml.',
        },
      ];
    }
    if (block.type === 'diagram' && lab.diagrams[block.name] === undefined) {
      return [
        {
          ...at,
          message: `there is no diagrams/${block.name}.svg`,
          fix: `There are: ${Object.keys(lab.diagrams).join(', ') || 'none'}.`,
        },
      ];
    }
    return [];
  });
}

/** Absence is there before any work is done. Whether a check as a whole gives points for nothing, `lab test` proves. */
function freePointsProblem(check: CheckDefinition, lab: Lab): Words | undefined {
  if (check.kind === 'intent') {
    const reference = check.reference.flatMap((name) => lab.references[name] ?? []);
    return stopsNothing(reference)
      ? {
          message: `the reference of "${check.id}" means the same as no policy at all`,
          fix: 'Name files whose policies stop something.',
        }
      : undefined;
  }
  if (check.dependsOn.length > 0 || check.kind !== 'resource') return undefined;
  const absent = check.count === 0 || check.expect.every(({ exists }) => exists === false);
  return absent
    ? {
        message: `"${check.id}" asks only that something is absent, which it is before any work`,
        fix: 'Add "dependsOn" with a check that needs work.',
      }
    : undefined;
}

function manifestProblem(object: unknown, lab: Lab): Words | undefined {
  const kind = isJsonObject(object) ? String(valueAt(object, ['kind'])) : '';
  const name = valueAt(object, ['metadata', 'name']);
  if (typeof name !== 'string')
    return { message: `a ${kind} has no metadata.name`, fix: 'Give it a name.' };
  const namespace = valueAt(object, ['metadata', 'namespace']);
  if (typeof namespace !== 'string' || ['default', 'kube-system'].includes(namespace))
    return undefined;
  const made = lab.manifests.some(
    (other) => other['kind'] === 'Namespace' && valueAt(other, ['metadata', 'name']) === namespace,
  );
  return made
    ? undefined
    : {
        message: `${kind} ${name} is in the namespace "${namespace}", which no file of setup/ makes`,
        fix: 'Add the Namespace, in a file that comes before.',
      };
}

function matches(id: string, name: string): boolean {
  return id === name || id.endsWith(`/${name}`) || id.replace(/^.*\/\d+-/, '') === name;
}
