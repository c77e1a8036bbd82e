import type { Cluster } from '../../clusters/provider.js';
import { valueAt, type JsonObject } from '../../common/json.js';
import type { Answers, Lab, LabStep } from '../../common/lab.js';
import type { Logger } from '../../common/logger.js';
import type { LabResult } from '../../common/verdict.js';
import { applyAnswer } from '../apply-answer.js';
import { viewOf } from '../cluster-view.js';
import { runChecks } from '../run-checks.js';
import { textOf, type Mutant } from './mutant.js';
import { answerMutants } from './mutate-answers.js';
import { policyMutants } from './mutate-policy.js';
import { serviceMutants } from './mutate-service.js';
import { controllerMutants, podMutants } from './mutate-workload.js';
import { meansTheSame } from './same-meaning.js';
import { madeOrChanged, nameOf, type SolutionObject } from './solution-objects.js';
import { swapObject } from './swap-object.js';

export interface MutationReport {
  made: number;
  /** Those that mean the same, set aside. */
  equivalent: number;
  /** Those that the API server does not take; no learner can hand them in. */
  refused: number;
  killed: number;
  /** Of these, how many would have failed without any `intent` check: packets, objects and answers told. */
  killedWithoutIntent: number;
  /** Wrong answers that no check noticed, or that failed for a reason that does not fit. */
  survivors: { step: string; what: string; why: string }[];
}

export interface TestMutantsOptions {
  lab: Lab;
  /** A fresh one, or one that was reset; it is left with the lab solved. */
  cluster: Cluster;
  onMutant?: (name: string, killed: boolean) => void;
  signal?: AbortSignal;
  logger?: Logger;
}

/** Who makes the mutants of an object, by its kind. Of other kinds none are made. */
const MUTATE: Readonly<
  Record<string, (object: JsonObject, namespaces: readonly string[]) => Mutant[]>
> = {
  NetworkPolicy: policyMutants,
  Service: serviceMutants,
  Pod: podMutants,
  Deployment: controllerMutants,
  StatefulSet: controllerMutants,
  DaemonSet: controllerMutants,
};

/**
 * Solves the lab step by step; after each step everything it made, and every answer it gave, is replaced by each of its
 * mutants in turn, and the step is checked. All on one cluster: an object is quickly taken away and put back.
 */
export async function testMutants(options: TestMutantsOptions): Promise<MutationReport> {
  const { lab, cluster } = options;
  const report: MutationReport = {
    made: 0,
    equivalent: 0,
    refused: 0,
    killed: 0,
    killedWithoutIntent: 0,
    survivors: [],
  };
  let answers: Answers = {};
  for (const step of lab.steps) {
    const before = viewOf(await cluster.snapshot());
    const what = `solution/${step.id}`;
    const solution = step.solution ?? { files: [], answers: {} };
    const given = await applyAnswer(cluster, solution, { mustSucceed: true, what });
    answers = { ...answers, ...given };
    const bench = { ...options, step, answers, report };
    for (const one of madeOrChanged(before, viewOf(await cluster.snapshot()), isMutated)) {
      await tryObject(one, bench);
    }
    await tryAnswers(bench);
  }
  return report;
}

type Bench = TestMutantsOptions & { step: LabStep; answers: Answers; report: MutationReport };

function isMutated(kind: string): boolean {
  return Object.hasOwn(MUTATE, kind);
}

async function tryObject({ object, before }: SolutionObject, bench: Bench): Promise<void> {
  const { lab, cluster, step, report, signal } = bench;
  const view = viewOf(await cluster.snapshot());
  const mutants = [
    ...(before === undefined ? [] : [{ what: 'as it was before', object: before }]),
    ...(MUTATE[textOf(object['kind'])]?.(object, namespacesOf(lab)) ?? []),
  ];
  for (const mutant of mutants) {
    signal?.throwIfAborted();
    report.made += 1;
    if (meansTheSame(mutant, { original: object, lab, view })) {
      report.equivalent += 1;
      continue;
    }
    await using swap = await swapObject(cluster, { object, by: mutant.object });
    if (swap.refused) {
      report.refused += 1;
      continue;
    }
    const result = await runChecks({ ...bench, stepIds: [step.id], isAlone: true });
    note(bench, {
      what: `${nameOf(object)}, ${mutant.what}`,
      result,
      why: whyNotKilled(result, object),
    });
  }
}

/** Questions that no check of the step asks about are not judged. */
async function tryAnswers(bench: Bench): Promise<void> {
  const { step, report, signal } = bench;
  const asked = step.definition.questions.filter(({ id }) =>
    step.definition.checks.some((check) => check.kind === 'answer' && check.question === id),
  );
  for (const { question, what, value } of answerMutants(asked, bench.answers)) {
    signal?.throwIfAborted();
    report.made += 1;
    const result = await runChecks({ ...bench, answers: value, stepIds: [step.id], isAlone: true });
    const ids = step.definition.checks.flatMap((check) =>
      check.kind === 'answer' && check.question === question ? [check.id] : [],
    );
    const judged = result.checks.find(({ id }) => ids.includes(id));
    note(bench, {
      what: `question ${question}, ${what}`,
      result,
      why: judged?.outcome === 'failed' ? '' : `${judged?.outcome ?? ''}: ${judged?.message ?? ''}`,
    });
  }
}

function note(
  { report, step, onMutant }: Bench,
  { what, result, why }: { what: string; result: LabResult; why: string },
): void {
  onMutant?.(`${step.id}: ${what}`, why === '');
  if (why !== '') {
    report.survivors.push({ step: step.id, what, why });
    return;
  }
  report.killed += 1;
  if (isToldWithoutIntent(result, step)) report.killedWithoutIntent += 1;
}

function isToldWithoutIntent({ checks }: LabResult, step: LabStep): boolean {
  return checks.some(
    ({ id, outcome }) =>
      outcome === 'failed' &&
      step.definition.checks.some((check) => check.id === id && check.kind !== 'intent'),
  );
}

/** Empty where the mutant fails as it should. A fitting reason names the object, or the namespace where the mistake is. */
function whyNotKilled({ checks }: LabResult, object: JsonObject): string {
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  const unclear = checks.find(({ outcome }) => outcome === 'inconclusive' || outcome === 'error');
  if (failed.length === 0) {
    return unclear === undefined
      ? 'every check passed'
      : `no check failed; ${unclear.id} says: ${unclear.message}`;
  }
  const names = ['namespace', 'name'].map((key) => String(valueAt(object, ['metadata', key])));
  const words = failed.flatMap(({ message, findings }) => [
    message,
    ...findings.flatMap(({ subject, reason = '' }) => [subject, reason]),
  ]);
  return words.some((text) => names.some((name) => text.includes(name)))
    ? ''
    : `the reason does not fit: ${failed[0]?.message ?? ''}`;
}

/** The lab's own namespaces, and the one that people end up in by mistake. */
function namespacesOf({ manifests }: Lab): string[] {
  const own = manifests
    .filter(({ kind }) => kind === 'Namespace')
    .map((object) => String(valueAt(object, ['metadata', 'name'])));
  return ['default', ...own];
}
