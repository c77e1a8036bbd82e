import { GatehouseError } from '../../common/errors.js';
import type { Lab } from '../../common/lab.js';
import type { CheckResult, LabResult, Points } from '../../common/verdict.js';
import { chargeHints } from '../hint-cost.js';
import { judgeLab } from '../run-checks.js';
import { combineResults, summarise } from '../summarise.js';
import type { Evidence } from './evidence.js';
import { recordedFacts } from './recorded-facts.js';

export interface Regrade {
  before: LabResult;
  /** Not signed. */
  after: LabResult;
  /** Checks that came, went, or have another outcome or other points now. */
  differences: CheckDifference[];
  /** Steps that a changed lab has and that nothing was kept of, where more than one step was graded. */
  unknownSteps: string[];
}

export interface CheckDifference {
  step: string;
  check: string;
  before?: CheckScore;
  after?: CheckScore;
  /** Why it is so now. */
  message: string;
}

type CheckScore = Pick<CheckResult, 'outcome' | 'points'>;

/**
 * Judges stored evidence by a lab and the graders as they are now, without a cluster. What the evidence does not say is
 * inconclusive. Rejects with NOT_AVAILABLE where the lab has none of the steps any more.
 */
export async function regrade({
  lab,
  before,
  evidence,
}: {
  lab: Lab;
  before: LabResult;
  evidence: Evidence;
}): Promise<Regrade> {
  const results: LabResult[] = [];
  const known = new Set(evidence.runs.flatMap(({ steps }) => steps));
  for (const run of evidence.runs) {
    const stepIds = lab.steps.map(({ id }) => id).filter((id) => run.steps.includes(id));
    if (stepIds.length === 0) continue;
    const facts = recordedFacts(evidence, run);
    // Nothing changes any more, so nothing is waited for.
    results.push(await judgeLab({ lab, facts, answers: run.answers, stepIds, patience: 0 }));
  }
  const judged = combineResults(results);
  if (judged === undefined) {
    throw new GatehouseError('NOT_AVAILABLE', `${lab.id} has none of the steps that were graded`, {
      fix: `It was graded: ${[...known].join(', ')}. Use a version of the lab that has them.`,
    });
  }
  const checks = judged.checks.map((check) => chargeHints(check, hintCostIn(before, check)));
  const after = { ...judged, ...originOf(before), checks, points: summarise(checks).points };
  // An attempt of the page says nothing of other steps anyway.
  const isOfOneStep = known.size === 1;
  const newSteps = lab.steps.map(({ id }) => id).filter((id) => !known.has(id));
  return {
    before,
    after,
    differences: differencesOf(before.checks, after.checks),
    unknownSteps: isOfOneStep || before.labDigest === lab.digest ? [] : newSteps,
  };
}

/** What helped then helped, whatever the lab says of hints today. */
function hintCostIn({ checks }: LabResult, check: CheckResult): number {
  return checks.find((one) => placeOf(one) === placeOf(check))?.hintCost ?? 0;
}

function originOf(before: LabResult): Pick<LabResult, 'regradeOf' | 'evidenceDigest'> {
  const { endedAt, labDigest, graderVersion, points, evidenceDigest } = before;
  return {
    regradeOf: { endedAt, labDigest, graderVersion, points },
    ...(evidenceDigest === undefined ? {} : { evidenceDigest }),
  };
}

function differencesOf(
  before: readonly CheckResult[],
  after: readonly CheckResult[],
): CheckDifference[] {
  const places = new Map([...before, ...after].map((check) => [placeOf(check), check]));
  return [...places].flatMap(([place, { step, id }]) => {
    const [old, now] = [before, after].map((all) => all.find((one) => placeOf(one) === place));
    if (old !== undefined && now !== undefined && sameScore(old, now)) return [];
    return [
      {
        step,
        check: id,
        ...(old === undefined ? {} : { before: scoreOf(old) }),
        ...(now === undefined ? {} : { after: scoreOf(now) }),
        message: now?.message ?? 'The lab has no such check any more.',
      },
    ];
  });
}

function placeOf({ step, id }: CheckResult): string {
  return `${step}/${id}`;
}

function scoreOf({ outcome, points }: CheckResult): CheckScore {
  return { outcome, points };
}

function sameScore(a: CheckScore, b: CheckScore): boolean {
  return a.outcome === b.outcome && samePoints(a.points, b.points);
}

function samePoints(a: Points, b: Points): boolean {
  return a.earned === b.earned && a.possible === b.possible;
}
