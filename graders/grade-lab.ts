import { randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Cluster, ClusterProvider, ClusterSpec } from '../clusters/provider.js';
import { GatehouseError } from '../common/errors.js';
import type { Answers, Lab, LabStep, StepAnswer } from '../common/lab.js';
import type { Logger } from '../common/logger.js';
import { nearestNames } from '../common/nearest.js';
import type { Phase } from '../common/progress.js';
import type { CheckResult, LabResult } from '../common/verdict.js';
import { readAnswerFolder } from './answer-folder.js';
import { applyAnswer } from './apply-answer.js';
import type { EvidenceRecorder } from './evidence/recorder.js';
import { runChecks } from './run-checks.js';
import { combineResults } from './summarise.js';
import { withTemporaryCluster } from './temporary-cluster.js';

export type GradeMode =
  | { type: 'solution' }
  | { type: 'untouched' }
  /** The steps before it done right, then the wrong answer; later steps are not graded. */
  | { type: 'wrong'; name: string }
  /** A folder like `solution/` (one folder per step), or one flat folder for the whole lab. */
  | { type: 'submission'; folder: string };

export interface GradeLabOptions {
  lab: Lab;
  provider: ClusterProvider;
  mode: GradeMode;
  signal?: AbortSignal;
  onPhase?: (phase: Phase) => void;
  onResult?: (result: CheckResult) => void;
  /** Told what the commands of a part of the answer wrote to standard error. */
  onComplaint?: (what: string, lines: readonly string[]) => void;
  /** Told, in a sentence, that the cluster could not be removed afterwards; without it that rejects. */
  onLeft?: (message: string) => void;
  logger?: Logger;
  /** Keeps what the verdicts rest on. */
  recorder?: EvidenceRecorder;
  /** Nothing but known answers works in the cluster. */
  isAlone?: boolean;
}

/** The cluster that a lab wants. */
export function clusterSpecOf(
  lab: Lab,
  options: { name: string; labels?: Readonly<Record<string, string>> },
): ClusterSpec {
  const { needs } = lab.definition;
  return {
    name: options.name,
    nodes: needs.nodes,
    cni: needs.cni,
    nodeShell: needs.nodeShell,
    manifests: lab.manifests,
    files: lab.files,
    images: needs.images,
    labels: { lab: lab.id, ...options.labels },
  };
}

/** Makes a cluster, gives the answer, grades, and removes the cluster again. */
export async function gradeLab(options: GradeLabOptions): Promise<LabResult> {
  const { lab, provider, mode } = options;
  const work = await workOf(lab, mode);
  const name = temporaryName(lab);
  return withTemporaryCluster(
    {
      provider,
      spec: clusterSpecOf(lab, { name, labels: { purpose: 'grade' } }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...(options.onPhase === undefined ? {} : { onPhase: options.onPhase }),
      ...(options.onLeft === undefined ? {} : { onLeft: options.onLeft }),
    },
    async (cluster) => (await gradeWork({ ...options, cluster, work })).result,
  );
}

/** One thing to do, and the steps to be graded after it. */
export interface Work {
  what: string;
  answer: StepAnswer;
  mustSucceed: boolean;
  grade: readonly string[];
}

/** Does one thing after the other and puts the results together as one. */
export async function gradeWork(
  options: Omit<GradeLabOptions, 'provider' | 'mode' | 'onPhase' | 'onLeft'> & {
    cluster: Cluster;
    work: readonly Work[];
  },
): Promise<{ result: LabResult; answers: Answers }> {
  const { lab, cluster, work, signal } = options;
  const results: LabResult[] = [];
  let answers: Answers = {};
  for (const { what, answer, mustSucceed, grade } of work) {
    const given = await applyAnswer(cluster, answer, {
      mustSucceed,
      what,
      onComplaint: (lines) => {
        options.onComplaint?.(what, lines);
      },
      ...(signal === undefined ? {} : { signal }),
    });
    answers = { ...answers, ...given };
    if (grade.length === 0) continue;
    results.push(await runChecks({ ...options, lab, answers, stepIds: grade }));
  }
  const result = combineResults(results);
  if (result === undefined) throw new GatehouseError('BAD_REQUEST', 'There is nothing to grade');
  return { result, answers };
}

const NOTHING: StepAnswer = { files: [], answers: {} };

async function workOf(lab: Lab, mode: GradeMode): Promise<Work[]> {
  const all = lab.steps.map(({ id }) => id);
  switch (mode.type) {
    case 'untouched':
      return [{ what: 'nothing', answer: NOTHING, mustSucceed: false, grade: all }];
    case 'solution':
      return lab.steps.map((step) => ({ ...solutionOf(step), grade: [step.id] }));
    case 'wrong':
      return wrongWork(lab, mode.name);
    case 'submission':
      return submissionWork(lab, mode.folder);
  }
}

/** The steps before are done right and graded; of the wrong answer's own step only the end is. */
export function wrongWork(lab: Lab, name: string): Work[] {
  const wrong = lab.wrong.find((one) => one.name === name);
  if (wrong === undefined) {
    const names = lab.wrong.map((one) => one.name);
    const [nearest] = nearestNames(name, names);
    throw new GatehouseError('NOT_FOUND', `The lab ${lab.id} has no wrong answer "${name}"`, {
      fix: nearest === undefined ? `There are: ${names.join(', ')}.` : `Did you mean "${nearest}"?`,
    });
  }
  const index = lab.steps.findIndex(({ id }) => id === wrong.step);
  const step = lab.steps[index];
  if (step === undefined)
    throw new GatehouseError('BAD_LAB', `wrong/${name} is for "${wrong.step}", which is no step`);
  const solution = solutionOf(step);
  const before = lab.steps.slice(0, index).map((one) => ({ ...solutionOf(one), grade: [one.id] }));
  // What the wrong answer leaves open is answered right, so that only its own mistake fails.
  const answer = {
    ...wrong.answer,
    answers: { ...solution.answer.answers, ...wrong.answer.answers },
    answerCommands: commandsWithout(solution.answer.answerCommands, wrong.answer.answers),
  };
  return [
    ...before,
    ...(wrong.afterSolution ? [{ ...solution, grade: [] }] : []),
    { what: `wrong/${name}`, answer, mustSucceed: false, grade: [step.id] },
  ];
}

function solutionOf(step: LabStep): Omit<Work, 'grade'> {
  return { what: `solution/${step.id}`, answer: step.solution ?? NOTHING, mustSucceed: true };
}

async function submissionWork(lab: Lab, folder: string): Promise<Work[]> {
  const names = await foldersIn(folder);
  const steps = lab.steps.filter(({ id }) => names.includes(id));
  if (steps.length === 0) {
    const answer = await readSubmission(folder);
    return [{ what: folder, answer, mustSucceed: false, grade: lab.steps.map(({ id }) => id) }];
  }
  return Promise.all(
    lab.steps.map(async (step) => {
      const answer = steps.includes(step)
        ? await readSubmission(path.join(folder, step.id))
        : NOTHING;
      return { what: step.id, answer, mustSucceed: false, grade: [step.id] };
    }),
  );
}

async function readSubmission(folder: string): Promise<StepAnswer> {
  try {
    return await readAnswerFolder(folder);
  } catch (error) {
    throw new GatehouseError('BAD_REQUEST', `The submission ${folder} cannot be read`, {
      fix:
        error instanceof Error
          ? error.message
          : 'Name a folder with commands.sh, *.yaml or answers.yaml.',
      cause: error,
    });
  }
}

async function foldersIn(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch (error) {
    throw new GatehouseError('NOT_FOUND', `There is no folder ${folder}`, {
      fix: 'Name a folder with commands.sh, *.yaml or answers.yaml in it.',
      cause: error,
    });
  }
}

function commandsWithout(
  commands: StepAnswer['answerCommands'],
  given: Answers,
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(commands ?? {}).filter(([id]) => !Object.hasOwn(given, id)),
  );
}

/** Unique enough for clusters that live for seconds, and telling whose they are. */
export function temporaryName(lab: Lab): string {
  return `grade-${lab.slug.slice(0, 24)}-${randomBytes(3).toString('hex')}`;
}
