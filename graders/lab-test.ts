import type { Cluster, ClusterProvider } from '../clusters/provider.js';
import { GatehouseError, messageOf } from '../common/errors.js';
import type { Answers, Lab, WrongAnswer } from '../common/lab.js';
import type { Logger } from '../common/logger.js';
import type { CheckResult, LabResult } from '../common/verdict.js';
import { deletePolicy } from '../clusters/platform-api.js';
import { viewOf } from './cluster-view.js';
import { clusterSpecOf, gradeWork, temporaryName, wrongWork, type Work } from './grade-lab.js';
import { networkPolicies } from './mutation/same-meaning.js';
import { testMutants, type MutationReport } from './mutation/test-mutants.js';
import { expandRows } from './reachability/cells.js';
import { runChecks } from './run-checks.js';
import { withTemporaryCluster } from './temporary-cluster.js';

export interface LabTestCase {
  /** `untouched`, `solution`, `finished`, `servers deleted`, `wrong/<name>`. */
  name: string;
  passed: boolean;
  /** What was not as it should be; empty where all is well. */
  detail: string;
  /** Why it was not tried on this provider. */
  skipped?: string;
  tookMs: number;
}

export interface LabTestReport {
  lab: string;
  /** Whose values were tried, where a lab has values. */
  seed?: string;
  passed: boolean;
  cases: LabTestCase[];
  /** Where generated wrong answers were tried as well. */
  mutation?: MutationReport;
  tookMs: number;
}

export interface TestLabOptions {
  lab: Lab;
  provider: ClusterProvider;
  /** Also try generated wrong answers: each object and answer of the solution with one thing changed. */
  mutants?: boolean;
  /** Only these cases, by name; those after `solution` build on it. */
  only?: readonly string[];
  onEvent?: (result: LabTestCase) => void;
  /** Told, in a sentence, that the cluster could not be removed afterwards; without it that rejects. */
  onLeft?: (message: string) => void;
  signal?: AbortSignal;
  logger?: Logger;
}

/**
 * Proves a lab's graders on a cluster of its own: nothing done scores nothing, the solution scores all of it
 * and keeps doing so, each wrong answer fails the checks it should for the reason it should, and no denial
 * passes for want of a server. Rejects only where no cluster could be made, and when cancelled.
 */
export async function testLab(options: TestLabOptions): Promise<LabTestReport> {
  const { lab, provider, signal, onLeft } = options;
  const startedAt = performance.now();
  const name = temporaryName(lab);
  return withTemporaryCluster(
    {
      provider,
      spec: clusterSpecOf(lab, { name, labels: { purpose: 'lab-test' } }),
      ...(signal === undefined ? {} : { signal }),
      ...(onLeft === undefined ? {} : { onLeft }),
    },
    async (cluster) => ({
      ...(await testOn(cluster, options)),
      tookMs: performance.now() - startedAt,
    }),
  );
}

async function testOn(
  cluster: Cluster,
  options: TestLabOptions,
): Promise<Omit<LabTestReport, 'tookMs'>> {
  const { lab, provider, signal } = options;
  const withSignal = signal === undefined ? {} : { signal };
  const cases: LabTestCase[] = [];
  const isAsked = (caseName: string): boolean => options.only?.includes(caseName) !== false;
  const run = async (caseName: string, prove: () => Promise<string>): Promise<void> => {
    signal?.throwIfAborted();
    if (!isAsked(caseName)) return;
    const begin = performance.now();
    const detail = await prove().catch((error: unknown) => {
      if (error instanceof GatehouseError && error.code === 'CANCELLED') throw error;
      return [messageOf(error), error instanceof GatehouseError ? error.fix : undefined]
        .filter(Boolean)
        .join('. ');
    });
    const result = {
      name: caseName,
      passed: detail === '',
      detail,
      tookMs: performance.now() - begin,
    };
    cases.push(result);
    options.onEvent?.(result);
  };
  const bench: Bench = { ...options, cluster, answers: {}, isAlone: true };
  await run('untouched', () => proveUntouched(bench));
  await run('solution', () => proveSolution(bench));
  await run('finished', () => proveFinished(bench));
  await run('checked and applied again', () => proveRepeatable(bench));
  if (lab.steps.some(hasDenials)) await run('servers deleted', () => proveNoVacuousDenial(bench));
  for (const wrong of lab.wrong) {
    const name = `wrong/${wrong.name}`;
    const reason = Object.entries(wrong.skipOn).find(([on]) => on === provider.name)?.[1];
    if (reason !== undefined) {
      if (isAsked(name)) cases.push({ name, passed: true, detail: '', skipped: reason, tookMs: 0 });
      continue;
    }
    await run(name, async () => {
      await cluster.reset(withSignal);
      return proveWrong(bench, wrong);
    });
  }
  let mutation: MutationReport | undefined;
  if (options.mutants === true) {
    await run('mutants', async () => {
      await cluster.reset(withSignal);
      mutation = await testMutants({ ...withSignal, lab, cluster });
      return mutation.survivors.map(({ step, what, why }) => `${step}: ${what}: ${why}`).join('; ');
    });
  }
  return {
    lab: lab.id,
    ...(lab.drawn === undefined ? {} : { seed: lab.drawn.seed }),
    ...(mutation === undefined ? {} : { mutation }),
    passed: cases.every(({ passed }) => passed),
    cases,
  };
}

/** Whether a step is done already need not be asked with full patience. */
const IDLE_PATIENCE = 0.1;

/** `answers` are those of the solution, once it was given. */
type Bench = TestLabOptions & { cluster: Cluster; answers: Answers; isAlone: true };

async function proveUntouched(bench: Bench): Promise<string> {
  const result = await runChecks({ ...bench, answers: {} });
  return [...given(result, 'with nothing done'), ...wordless(result)].join('; ');
}

/** Step by step: before its work a step gives nothing, after it everything. */
async function proveSolution(bench: Bench): Promise<string> {
  const problems: string[] = [];
  for (const step of bench.lab.steps) {
    const stepIds = [step.id];
    const idle = await runChecks({ ...bench, stepIds, patience: IDLE_PATIENCE });
    problems.push(...given(idle, `before the work of step ${step.id}`));
    const work: Work = {
      what: `solution/${step.id}`,
      answer: step.solution ?? { files: [], answers: {} },
      mustSucceed: true,
      grade: stepIds,
    };
    const { result, answers } = await gradeWork({ ...bench, work: [work] });
    bench.answers = { ...bench.answers, ...answers };
    problems.push(notPassed(result));
  }
  return problems.filter(Boolean).join('; ');
}

/** What an early step asked for still holds at the end, so that a finished cluster can be graded as a whole. */
async function proveFinished(bench: Bench): Promise<string> {
  return notPassed(await runChecks({ ...bench, answers: bench.answers }));
}

/** A second Check says the same; so it does when the policies came in another order, and twice. */
async function proveRepeatable(bench: Bench): Promise<string> {
  const { cluster } = bench;
  const again = await runChecks(bench);
  const policies = networkPolicies(viewOf(await cluster.snapshot()));
  for (const policy of policies) await deletePolicy(cluster, policy);
  await cluster.apply(policies.toReversed());
  await cluster.apply(policies);
  const after = await runChecks(bench);
  return [notPassed(again), notPassed(after)].filter(Boolean).join('; ');
}

/** Silence where nobody lives is no denial. */
async function proveNoVacuousDenial({ lab, cluster, answers, ...rest }: Bench): Promise<string> {
  const view = viewOf(await cluster.snapshot());
  const targets = denialsOf(lab).flatMap(({ rows }) => expandRows(rows, view).cells);
  const namespaces = new Set(
    targets
      .flatMap(({ to }) => to.pod?.namespace ?? to.service?.namespace ?? [])
      .filter((name) => name !== 'kube-system'),
  );
  const kinds = 'deployments,statefulsets,daemonsets,replicasets,jobs,pods';
  for (const namespace of namespaces) {
    await cluster.run(`kubectl delete ${kinds} --all -n ${namespace} --force --grace-period=0`);
  }
  const result = await runChecks({ lab, cluster, ...rest, answers });
  const denials = new Set(denialsOf(lab).map(({ id }) => id));
  return result.checks
    .filter(({ id, outcome }) => denials.has(id) && outcome === 'passed')
    .map(({ step, id }) => `${step}/${id} passed although its servers were deleted`)
    .join('; ');
}

async function proveWrong(bench: Bench, wrong: WrongAnswer): Promise<string> {
  // The steps before are proven by the solution; here they only lead to where the mistake is made.
  const work = wrongWork(bench.lab, wrong.name).map((one, index, all) =>
    index === all.length - 1 ? one : { ...one, grade: [] },
  );
  const { result } = await gradeWork({ ...bench, work });
  const problems = result.checks.flatMap((check) => {
    const expected =
      check.step === wrong.step ? wrong.checks.find(({ id }) => id === check.id) : undefined;
    const name = `${check.step}/${check.id}`;
    if (expected === undefined) {
      const fine =
        check.outcome === 'passed' || (check.outcome === 'skipped' && check.step === wrong.step);
      return fine
        ? []
        : [`${name} should not be touched by this, but ${check.outcome}: ${check.message}`];
    }
    if (check.outcome !== expected.outcome) {
      return [`${name} should be ${expected.outcome}, but ${check.outcome}: ${check.message}`];
    }
    return wordsOf(check).some((text) => text.includes(expected.says))
      ? []
      : [`${name} should say "${expected.says}", but says: ${wordsOf(check).join(' | ')}`];
  });
  return [...problems, ...wordless(result)].join('; ');
}

/** Failures that leave the learner alone: what was found must have a meaning, and a place to look next. */
function wordless({ checks }: LabResult): string[] {
  return checks.flatMap(({ step, id, findings }) =>
    findings.flatMap(({ outcome, subject, reason, next }) =>
      outcome !== 'failed' || (reason !== undefined && next !== undefined)
        ? []
        : [
            `${step}/${id}: "${subject}" does not say ${reason === undefined ? 'what it means (give the expectation a "why")' : 'where to look next'}`,
          ],
    ),
  );
}

/** Everything of a result that the learner reads. */
function wordsOf({ message, findings }: CheckResult): string[] {
  return [
    message,
    ...findings.filter(({ outcome }) => outcome !== 'passed').flatMap(({ reason }) => reason ?? []),
  ];
}

/** Checks that pass although nothing was done for them. */
function given({ checks }: LabResult, when: string): string[] {
  return checks
    .filter(({ outcome }) => outcome === 'passed' || outcome === 'error')
    .map(({ step, id, outcome, message }) => `${step}/${id} ${outcome} ${when}: ${message}`);
}

function notPassed({ checks }: LabResult): string {
  return checks
    .filter(({ outcome }) => outcome !== 'passed')
    .map(({ step, id, outcome, message }) => `${step}/${id} ${outcome}: ${message}`)
    .join('; ');
}

function denialsOf(lab: Lab) {
  return lab.steps
    .flatMap(({ definition }) => definition.checks)
    .flatMap((check) =>
      check.kind === 'reachability' && check.rows.some(({ expect }) => expect === 'deny')
        ? [check]
        : [],
    );
}

function hasDenials(step: Lab['steps'][number]): boolean {
  return step.definition.checks.some(
    (check) => check.kind === 'reachability' && check.rows.some(({ expect }) => expect === 'deny'),
  );
}
