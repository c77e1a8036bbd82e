import type { Cluster } from '../clusters/provider.js';
import { GatehouseError, messageOf } from '../common/errors.js';
import type { Answers, CheckDefinition, Lab, LabStep } from '../common/lab.js';
import { SILENT, type Logger } from '../common/logger.js';
import { GRADER_VERSION, VERSION } from '../common/project.js';
import type { CheckResult, LabResult } from '../common/verdict.js';
import type { CheckContext, CheckVerdict } from './check-context.js';
import { checkAnswer } from './checks/answer.js';
import { checkCluster } from './checks/cluster.js';
import { checkIntent } from './checks/intent.js';
import { checkReachability } from './checks/reachability.js';
import { checkResource } from './checks/resource.js';
import { fingerprintOf } from './cluster-fingerprint.js';
import type { ClusterView } from './cluster-view.js';
import type { EvidenceRecorder } from './evidence/recorder.js';
import { liveFacts, type Facts } from './facts.js';
import { holdStill } from './hold-still.js';
import { summarise } from './summarise.js';

export interface RunChecksOptions extends Omit<JudgeOptions, 'facts'> {
  cluster: Cluster;
  /** Keeps what the verdicts rest on. */
  recorder?: EvidenceRecorder;
}

export interface JudgeOptions {
  lab: Lab;
  facts: Facts;
  /** What the learner answered so far, by question id. */
  answers: Answers;
  /** Only these steps; all of them where absent. */
  stepIds?: readonly string[];
  signal?: AbortSignal;
  /** Told of each check as it ends, in the order in which they end. */
  onResult?: (result: CheckResult) => void;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** How long one check may take before it counts as inconclusive. */
  budgetMs?: number;
  logger?: Logger;
  /** Multiplies every wait for the cluster to settle. Default 1. */
  patience?: number;
  /** Nobody but the caller works in the cluster. Default false. */
  isAlone?: boolean;
}

const BUDGET_MS = 30_000;
/** Where silence that no rule is named for is no policy's doing. */
const NAMING_PROVIDERS = ['embedded'];

/**
 * Runs the checks of a lab against a live cluster. A learner's mistake is a result; so is a check that could
 * not be told. Rejects only with BAD_REQUEST for an unknown step and CANCELLED.
 */
export function runChecks({ cluster, recorder, ...rest }: RunChecksOptions): Promise<LabResult> {
  const live = liveFacts(cluster, rest);
  return judgeLab({ ...rest, facts: recorder?.record(live, rest) ?? live });
}

/** The same with facts of any moment. */
export async function judgeLab(options: JudgeOptions): Promise<LabResult> {
  const { lab, facts, signal, now = Date.now } = options;
  const steps = stepsOf(lab, options.stepIds);
  const startedAt = now();
  const run: Run = {
    ...options,
    proofs: new Map(),
    comparisons: new Map(),
    started: new Map(),
    looks: new Set(),
  };
  // Checks say themselves what keeps the cluster from being looked at.
  const before = await facts.view().catch(() => undefined);
  const seen = await Promise.all(
    steps.flatMap((step) => step.definition.checks.map((check) => runOnce(check, step, run))),
  );
  const results = await holdStill(seen, {
    before,
    during: run.looks,
    lookAgain: () => facts.view({ fresh: true }),
    kindOf: ({ id, step }) =>
      steps.find((one) => one.id === step)?.definition.checks.find((check) => check.id === id)
        ?.kind,
    patience: options.patience ?? 1,
    isAlone: options.isAlone ?? false,
    signal,
  });
  // What became unclear was told as decided when it ended.
  for (const result of results) if (!seen.includes(result)) options.onResult?.(result);
  if (signal?.aborted === true) throw new GatehouseError('CANCELLED', 'Checking was cancelled');
  const endedAt = now();
  return {
    version: 1,
    lab: lab.id,
    labDigest: lab.digest,
    ...(lab.drawn === undefined ? {} : { seed: lab.drawn.seed }),
    graderVersion: GRADER_VERSION,
    platformVersion: VERSION,
    provider: facts.provider,
    cluster: facts.cluster,
    ...(before === undefined ? {} : { fingerprint: fingerprintOf(before) }),
    startedAt: new Date(startedAt).toISOString(),
    endedAt: new Date(endedAt).toISOString(),
    tookMs: endedAt - startedAt,
    ...summarise(results),
    checks: results,
  };
}

interface Run extends JudgeOptions {
  proofs: CheckContext['proofs'];
  comparisons: CheckContext['comparisons'];
  /** By check id; a check that others depend on runs once. */
  started: Map<string, Promise<CheckResult>>;
  /** All that checks saw of the cluster. */
  looks: Set<ClusterView>;
}

/** Runs a check after those it depends on, all of them side by side as far as that goes. */
function runOnce(check: CheckDefinition, step: LabStep, run: Run): Promise<CheckResult> {
  const key = `${step.id}/${check.id}`;
  const running = run.started.get(key);
  if (running !== undefined) return running;
  const result = runAfterDependencies(check, step, run).then((done) => {
    if (run.signal?.aborted !== true) run.onResult?.(done);
    return done;
  });
  run.started.set(key, result);
  return result;
}

async function runAfterDependencies(
  check: CheckDefinition,
  step: LabStep,
  run: Run,
): Promise<CheckResult> {
  for (const id of check.dependsOn) {
    const needed = step.definition.checks.find((other) => other.id === id);
    if (needed === undefined) continue;
    const result = await runOnce(needed, step, run);
    if (result.outcome === 'passed') continue;
    return complete(check, step, {
      outcome: 'skipped',
      message: `Not looked at yet: first "${needed.title}" has to pass.`,
      findings: [],
      tookMs: 0,
    });
  }
  const { now = Date.now } = run;
  const startedAt = now();
  const verdict = await runGuarded(check, step, run);
  return complete(check, step, { ...verdict, tookMs: now() - startedAt });
}

/** A fault of ours becomes a result that says so; it is never the learner's. */
async function runGuarded(check: CheckDefinition, step: LabStep, run: Run): Promise<CheckVerdict> {
  const {
    lab,
    facts,
    answers,
    proofs,
    comparisons,
    looks,
    signal,
    logger = SILENT,
    budgetMs = BUDGET_MS,
    patience = 1,
  } = run;
  const budget = AbortSignal.timeout(budgetMs);
  const either = signal === undefined ? budget : AbortSignal.any([signal, budget]);
  try {
    either.throwIfAborted();
    const known = facts.of({ step: step.id, check: check.id });
    return await judge(check, {
      lab,
      step,
      cluster: facts.cluster,
      namesDrops: NAMING_PROVIDERS.includes(facts.provider),
      answers,
      proofs,
      comparisons,
      logger,
      patience,
      signal: either,
      ...known,
      view: async (options) => {
        const view = await known.view(options);
        looks.add(view);
        return view;
      },
    });
  } catch (error) {
    if (budget.aborted || signal?.aborted === true) {
      const message = `The check did not come to an end within ${Math.round(budgetMs / 1000)} s. Try it again.`;
      return { outcome: 'inconclusive', message, findings: [] };
    }
    logger.error('check failed to run', { lab: lab.id, check: check.id, error });
    return {
      outcome: 'error',
      message: `We could not check this: ${messageOf(error)}. Nothing is counted against you.`,
      findings: [],
    };
  }
}

function judge(check: CheckDefinition, context: CheckContext): Promise<CheckVerdict> {
  switch (check.kind) {
    case 'reachability':
      return checkReachability(check, context);
    case 'resource':
      return checkResource(check, context);
    case 'cluster':
      return checkCluster(check, context);
    case 'intent':
      return checkIntent(check, context);
    case 'answer':
      return checkAnswer(check, context);
  }
}

function complete(
  check: CheckDefinition,
  step: LabStep,
  verdict: Pick<CheckResult, 'outcome' | 'message' | 'findings' | 'tookMs'>,
): CheckResult {
  const { id, title, points, rationale, hints, visibility } = check;
  return {
    id,
    title,
    step: step.id,
    points: { earned: verdict.outcome === 'passed' ? points : 0, possible: points },
    ...(visibility === 'always' ? {} : { visibility }),
    rationale,
    hints,
    ...verdict,
  };
}

function stepsOf(lab: Lab, stepIds: readonly string[] | undefined): readonly LabStep[] {
  const unknown = stepIds?.find((id) => !lab.steps.some((step) => step.id === id));
  if (unknown !== undefined) {
    throw new GatehouseError('BAD_REQUEST', `The lab ${lab.id} has no step "${unknown}"`, {
      fix: `Its steps are ${lab.steps.map(({ id }) => id).join(', ')}.`,
    });
  }
  return lab.steps.filter(({ id }) => stepIds?.includes(id) ?? true);
}
