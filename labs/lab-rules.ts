import {
  hintCostsOf,
  type CheckDefinition,
  type LabDefinition,
  type QuestionDefinition,
  type ReachabilityRow,
  type StepDefinition,
  type WrongExpectation,
} from '../common/lab.js';
import { nearestNames } from '../common/nearest.js';
import { parsePath } from '../graders/json-path.js';
import { parseEndpoint } from '../graders/reachability/endpoint.js';
import { messageOf } from '../common/errors.js';

type Path = (string | number)[];

/** Something the schema cannot say: where in `lab.yaml`, what is wrong, what would be right. */
export interface RuleBreak {
  path: Path;
  message: string;
  fix: string;
}

/** Rules without which a lab cannot be served: names that must exist, be unique, or lead somewhere. */
export function brokenRules(definition: LabDefinition): RuleBreak[] {
  const { steps } = definition;
  return [
    ...duplicates(
      steps.map(({ id }, i) => ({ id, path: ['steps', i, 'id'] })),
      'step',
    ),
    ...duplicates(
      steps.flatMap(({ checks }, i) =>
        checks.map(({ id }, j) => ({ id, path: ['steps', i, 'checks', j, 'id'] })),
      ),
      'check',
    ),
    ...duplicates(
      steps.flatMap(({ questions }, i) =>
        questions.map(({ id }, j) => ({ id, path: ['steps', i, 'questions', j, 'id'] })),
      ),
      'question',
    ),
    ...steps.flatMap((step, i) => [
      ...step.checks.flatMap((check, j) =>
        checkRules(check, { step, path: ['steps', i, 'checks', j] }),
      ),
      ...step.questions.flatMap((question, j) =>
        questionRules(question, ['steps', i, 'questions', j]),
      ),
    ]),
  ];
}

/** What a wrong answer names must be in the lab. */
export function brokenExpectations(
  expectation: WrongExpectation,
  { steps }: LabDefinition,
): RuleBreak[] {
  const step = steps.find(({ id }) => id === expectation.step);
  if (step === undefined) {
    const known = steps.map(({ id }) => id);
    return [unknownName(['step'], { kind: 'step', name: expectation.step, known })];
  }
  const known = step.checks.map(({ id }) => id);
  return expectation.checks.flatMap(({ id }, i) =>
    known.includes(id)
      ? []
      : [unknownName(['checks', i, 'id'], { kind: `check of step ${step.id}`, name: id, known })],
  );
}

function checkRules(
  check: CheckDefinition,
  context: { step: StepDefinition; path: Path },
): RuleBreak[] {
  const { step, path } = context;
  const ids = step.checks.map(({ id }) => id);
  const broken: RuleBreak[] = check.dependsOn.flatMap((id, i) => {
    const at = [...path, 'dependsOn', i];
    if (!ids.includes(id))
      return [unknownName(at, { kind: 'check of this step', name: id, known: ids })];
    return leadsTo(id, check.id, step)
      ? [
          {
            path: at,
            message: `"${check.id}" and "${id}" wait for each other`,
            fix: 'Remove one of the two "dependsOn".',
          },
        ]
      : [];
  });
  if (hintCostsOf(check).reduce((sum, cost) => sum + cost, 0) > check.points) {
    broken.push({
      path: [...path, 'hintCosts'],
      message: `the hints cost more than the ${check.points} points of the check`,
      fix: 'Let them cost less together than the check can earn.',
    });
  }
  switch (check.kind) {
    case 'answer': {
      const known = step.questions.map(({ id }) => id);
      if (!known.includes(check.question)) {
        broken.push(
          unknownName([...path, 'question'], {
            kind: 'question of this step',
            name: check.question,
            known,
          }),
        );
      }
      break;
    }
    case 'reachability':
      check.rows.forEach((row, i) => {
        for (const end of ['from', 'to'] as const) {
          for (const text of [row[end]].flat()) {
            const problem = endpointProblem(text, end);
            if (problem !== undefined) {
              broken.push({
                path: [...path, 'rows', i, end],
                message: problem,
                fix: 'See "Endpoints" in labs/README.md.',
              });
            }
          }
        }
        broken.push(...servedByProblems(row, [...path, 'rows', i]));
      });
      break;
    case 'resource':
      check.expect.forEach((expectation, i) => {
        const at = [...path, 'expect', i];
        const { path: field, equals, matches, exists } = expectation;
        if (field !== undefined) broken.push(...tryTo(() => parsePath(field), [...at, 'path']));
        if (matches !== undefined)
          broken.push(...tryTo(() => new RegExp(matches, 'u'), [...at, 'matches']));
        if (
          field !== undefined &&
          equals === undefined &&
          matches === undefined &&
          exists === undefined
        ) {
          broken.push({
            path: at,
            message: `nothing is expected of ${field}`,
            fix: 'Add "equals", "matches" or "exists".',
          });
        }
      });
      break;
    case 'cluster':
      if (
        [check.nodesReady, check.plugin, check.enforcement, check.podsNetworked].every(
          (one) => one === undefined,
        )
      ) {
        broken.push({
          path,
          message: 'this check looks at nothing',
          fix: 'Add nodesReady, plugin, enforcement or podsNetworked.',
        });
      }
      break;
    case 'intent':
      // Its files are looked at where they are read.
      break;
  }
  return broken;
}

function questionRules(question: QuestionDefinition, path: Path): RuleBreak[] {
  const { type, options = [], accept, fromCluster } = question;
  if (type === 'choice' || type === 'choices') {
    const right = options.filter((option) => option.right).length;
    if (options.length < 2)
      return [{ path, message: 'fewer than two options', fix: 'Add "options" to choose from.' }];
    if (type === 'choice' && right !== 1) {
      return [
        {
          path: [...path, 'options'],
          message: `${right} options are right`,
          fix: 'Exactly one has "right: true"; or use "type: choices".',
        },
      ];
    }
    if (right === 0)
      return [
        {
          path: [...path, 'options'],
          message: 'no option is right',
          fix: 'Give one "right: true".',
        },
      ];
    return duplicates(
      options.map(({ id }, i) => ({ id, path: [...path, 'options', i, 'id'] })),
      'option',
    );
  }
  if ((accept === undefined) === (fromCluster === undefined)) {
    return [
      {
        path,
        message: 'what is right cannot be told',
        fix: 'Add either "accept" or "fromCluster".',
      },
    ];
  }
  if (question.explanation === undefined) {
    return [{ path, message: 'nothing is said to a wrong answer', fix: 'Add "explanation".' }];
  }
  return fromCluster === undefined
    ? []
    : tryTo(() => parsePath(fromCluster.path), [...path, 'fromCluster', 'path']);
}

function servedByProblems(
  { to, expect, servedBy }: ReachabilityRow,
  path: Path,
): readonly RuleBreak[] {
  if (servedBy === undefined) return [];
  const at = [...path, 'servedBy'];
  if (expect === 'deny' || [to].flat().some((text) => !text.startsWith('service:'))) {
    return [
      {
        path: at,
        message: 'only an open way to a Service is served by pods',
        fix: 'Take servedBy away.',
      },
    ];
  }
  const isPods = /^[a-z0-9-]+\//.test(servedBy);
  const problem = isPods ? endpointProblem(servedBy, 'to') : `"${servedBy}" names no pods`;
  return problem === undefined
    ? []
    : [{ path: at, message: problem, fix: 'See "Endpoints" in labs/README.md.' }];
}

function endpointProblem(text: string, end: 'from' | 'to'): string | undefined {
  try {
    const { type } = parseEndpoint(text);
    return end === 'from' && (type === 'service' || type === 'address')
      ? `"${text}" cannot send; only pods, nodes and outside hosts can`
      : undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function tryTo(parse: () => unknown, path: Path): RuleBreak[] {
  try {
    parse();
    return [];
  } catch (error) {
    return [{ path, message: messageOf(error), fix: 'See labs/README.md.' }];
  }
}

function leadsTo(from: string, to: string, step: StepDefinition): boolean {
  const seen = new Set<string>();
  const open = [from];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (id === to) return true;
    if (seen.has(id)) continue;
    seen.add(id);
    open.push(...(step.checks.find((check) => check.id === id)?.dependsOn ?? []));
  }
  return false;
}

function duplicates(names: readonly { id: string; path: Path }[], kind: string): RuleBreak[] {
  return names
    .filter(({ id }, index) => names.findIndex((other) => other.id === id) < index)
    .map(({ id, path }) => ({
      path,
      message: `a second ${kind} "${id}"`,
      fix: `Every ${kind} has its own id.`,
    }));
}

function unknownName(
  path: Path,
  options: { kind: string; name: string; known: readonly string[] },
): RuleBreak {
  const { kind, name, known } = options;
  const [nearest] = nearestNames(name, known);
  return {
    path,
    message: `"${name}" is no ${kind}`,
    fix:
      nearest === undefined
        ? `There are: ${known.join(', ') || 'none'}.`
        : `Did you mean "${nearest}"?`,
  };
}
