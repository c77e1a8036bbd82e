import { isDeepStrictEqual } from 'node:util';
import { deletePolicy } from '../../clusters/platform-api.js';
import type { Cluster } from '../../clusters/provider.js';
import { valueAt, type JsonObject } from '../../common/json.js';
import type { Answers, Lab, LabStep } from '../../common/lab.js';
import type { Logger } from '../../common/logger.js';
import type { LabResult } from '../../common/verdict.js';
import { compare } from '../../policy/compare/compare.js';
import { applyAnswer } from '../apply-answer.js';
import { viewOf, type ClusterView } from '../cluster-view.js';
import { runChecks } from '../run-checks.js';
import { mutantsOf, type Mutant } from './mutate-policy.js';

export interface MutationReport {
  made: number;
  /** Those that mean the same, set aside. */
  equivalent: number;
  killed: number;
  /** Of these, how many would have failed without any `intent` check: packets between the pods of the lab told. */
  killedByPackets: number;
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

/**
 * Solves the lab step by step; after each step every policy it made is replaced by each of its mutants in turn,
 * and the step is checked. All on one cluster: a policy is quickly taken away and put back.
 */
export async function testMutants(options: TestMutantsOptions): Promise<MutationReport> {
  const { lab, cluster, signal } = options;
  const report: MutationReport = {
    made: 0,
    equivalent: 0,
    killed: 0,
    killedByPackets: 0,
    survivors: [],
  };
  let answers: Answers = {};
  for (const step of lab.steps) {
    const before = solutionPolicies(viewOf(await cluster.snapshot()));
    const what = `solution/${step.id}`;
    const solution = step.solution ?? { files: [], answers: {} };
    answers = {
      ...answers,
      ...(await applyAnswer(cluster, solution, { mustSucceed: true, what })),
    };
    const view = viewOf(await cluster.snapshot());
    const policies = solutionPolicies(view);
    for (const policy of policies.filter(
      (one) => !before.some((old) => isDeepStrictEqual(old, one)),
    )) {
      const others = policies.filter((one) => one !== policy);
      for (const mutant of mutantsOf(policy, namespacesOf(lab))) {
        signal?.throwIfAborted();
        report.made += 1;
        const wrong = [...others, ...(mutant.policy === undefined ? [] : [mutant.policy])];
        if (compare(policies, wrong, { families: [4], namespaces: view.namespaces }).equal) {
          report.equivalent += 1;
          continue;
        }
        const result = await tryMutant(mutant, { ...options, step, policy, answers });
        const why = whyNotKilled(result, policy);
        const name = `${step.id}: ${nameOf(policy)}, ${mutant.what}`;
        options.onMutant?.(name, why === '');
        if (why === '') {
          report.killed += 1;
          if (isToldByPackets(result, step)) report.killedByPackets += 1;
        } else
          report.survivors.push({ step: step.id, what: `${nameOf(policy)}, ${mutant.what}`, why });
      }
    }
  }
  return report;
}

async function tryMutant(
  mutant: Mutant,
  options: TestMutantsOptions & { step: LabStep; policy: JsonObject; answers: Answers },
): Promise<LabResult> {
  const { cluster, policy, step } = options;
  await deletePolicy(cluster, policy);
  if (mutant.policy !== undefined) await cluster.apply([mutant.policy]);
  try {
    return await runChecks({ ...options, stepIds: [step.id], isAlone: true });
  } finally {
    if (mutant.policy !== undefined) await deletePolicy(cluster, mutant.policy);
    await cluster.apply([policy]);
  }
}

function isToldByPackets({ checks }: LabResult, step: LabStep): boolean {
  return checks.some(
    ({ id, outcome }) =>
      outcome === 'failed' &&
      step.definition.checks.some((check) => check.id === id && check.kind !== 'intent'),
  );
}

/** Empty where the mutant fails as it should. A fitting reason names the policy or the namespace where the mistake is. */
function whyNotKilled({ checks }: LabResult, policy: JsonObject): string {
  const failed = checks.filter(({ outcome }) => outcome === 'failed');
  const unclear = checks.find(({ outcome }) => outcome === 'inconclusive' || outcome === 'error');
  if (failed.length === 0) {
    return unclear === undefined
      ? 'every check passed'
      : `no check failed; ${unclear.id} says: ${unclear.message}`;
  }
  const namespace = String(valueAt(policy, ['metadata', 'namespace']));
  const words = failed.flatMap(({ message, findings }) => [
    message,
    ...findings.flatMap(({ subject, reason = '' }) => [subject, reason]),
  ]);
  return words.some((text) => text.includes(namespace))
    ? ''
    : `the reason does not fit: ${failed[0]?.message ?? ''}`;
}

/** The NetworkPolicies there are as a person would write them, without what the server adds. */
export function solutionPolicies({ objects }: ClusterView): JsonObject[] {
  return objects
    .filter(
      ({ kind, apiVersion }) => kind === 'NetworkPolicy' && apiVersion === 'networking.k8s.io/v1',
    )
    .map(({ apiVersion, kind, metadata, spec }) => ({
      apiVersion,
      kind,
      metadata: {
        name: String(valueAt(metadata, ['name'])),
        namespace: String(valueAt(metadata, ['namespace'])),
      },
      spec,
    }));
}

/** The lab's own namespaces, and the one that people end up in by mistake. */
function namespacesOf({ manifests }: Lab): string[] {
  const own = manifests
    .filter(({ kind }) => kind === 'Namespace')
    .map((object) => String(valueAt(object, ['metadata', 'name'])));
  return ['default', ...own];
}

function nameOf(policy: JsonObject): string {
  return `${String(valueAt(policy, ['metadata', 'namespace']))}/${String(valueAt(policy, ['metadata', 'name']))}`;
}
