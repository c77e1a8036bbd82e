import type { Lab, LabStep } from '../../common/lab.js';
import type { StepProgress } from './progress.js';

export interface StepScore {
  id: string;
  title: string;
  earned: number;
  possible: number;
  attempts: number;
  outcome: 'open' | 'passed' | 'partly';
  /** When it was checked last, ISO 8601. */
  checkedAt: string | undefined;
}

export interface LabScore {
  steps: StepScore[];
  earned: number;
  possible: number;
  /** Steps that were passed. */
  passed: number;
  state: 'open' | 'begun' | 'done';
}

/** A learner's best scores in a lab as it is today; steps that the lab no longer has do not count. */
export function scoreOf(lab: Lab, rows: readonly StepProgress[]): LabScore {
  const steps = lab.steps.map((step) => {
    const possible = possiblePoints(step);
    const row = rows.find((each) => each.lab === lab.id && each.step === step.id);
    const isPassed = row?.passedAt !== undefined;
    return {
      id: step.id,
      title: step.title,
      earned: clamp(isPassed ? possible - spentOnHints(row) : (row?.bestEarned ?? 0), possible),
      possible,
      attempts: row?.attempts ?? 0,
      outcome: isPassed
        ? ('passed' as const)
        : row === undefined
          ? ('open' as const)
          : ('partly' as const),
      checkedAt: row?.checkedAt,
    };
  });
  const passed = steps.filter(({ outcome }) => outcome === 'passed').length;
  const isBegun = steps.some(({ outcome }) => outcome !== 'open');
  return {
    steps,
    earned: sum(steps.map(({ earned }) => earned)),
    possible: sum(steps.map(({ possible }) => possible)),
    passed,
    state: passed === steps.length ? 'done' : isBegun ? 'begun' : 'open',
  };
}

/** All that a step that was passed can lack. */
function spentOnHints({ possible, bestEarned }: StepProgress): number {
  return possible - bestEarned;
}

function clamp(points: number, possible: number): number {
  return Math.max(0, Math.min(points, possible));
}

function possiblePoints(step: LabStep): number {
  return sum(step.definition.checks.map(({ points }) => points));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
