import type { CheckDoneEvent, CheckResultEvent } from '../../../common/page-events.js';
import type { Lab, LabStep } from '../../../common/lab.js';
import type { CheckResult, Outcome } from '../../../common/verdict.js';
import type { StoredAttempt } from '../../progress/progress.js';
import type { Pages } from '../pages.js';

const WORD_OF: Readonly<Record<Outcome, string>> = {
  passed: 'Passed',
  failed: 'Not yet',
  skipped: 'Skipped',
  inconclusive: 'Could not tell',
  error: 'Our fault',
};

/** How results look, for a whole page and for the event stream alike. */
export function resultFragments(pages: Pages) {
  return {
    /** Undefined for a check that learners do not see. */
    async result(
      lab: Lab,
      { step, result }: { step: string; result: CheckResult },
    ): Promise<CheckResultEvent | undefined> {
      if (!isShown(lab, { step, check: result.id })) return undefined;
      const html = await pages.fragment('labs-step/result', resultView(result));
      return { step, check: result.id, outcome: result.outcome, html };
    },
    async summary(
      lab: Lab,
      { step, attempt }: { step: string; attempt: StoredAttempt },
    ): Promise<CheckDoneEvent> {
      const view = summaryView(lab, { step, attempt });
      const html = await pages.fragment('labs-step/summary', view);
      return { step, outcome: attempt.result.outcome, announcement: view.announcement, html };
    },
    async failure({ step, message }: { step: string; message: string }): Promise<CheckDoneEvent> {
      const announcement = 'The check could not be run. Nothing is counted against you.';
      const html = await pages.fragment('labs-step/summary', {
        outcome: 'error',
        headline: 'The check could not be run',
        detail: `${message}. Nothing is counted against you; try again.`,
        isStored: true,
      });
      return { step, outcome: 'error', announcement, html };
    },
  };
}

/** What the templates show of one check. */
export function resultView(result: CheckResult): object {
  const { id, title, outcome, message, rationale, points, findings } = result;
  const isSolved = outcome === 'passed';
  return {
    id,
    title,
    outcome,
    word: WORD_OF[outcome],
    message,
    rationale,
    points,
    costsNothing: outcome === 'inconclusive' || outcome === 'error',
    hints: isSolved ? [] : result.hints,
    findings: findings.map(({ reason, ...finding }) => ({
      ...finding,
      word: WORD_OF[finding.outcome],
      // A question is asked in words; everything else names objects and endpoints.
      isWords: finding.subject.includes('`') || finding.subject.endsWith('?'),
      ...(reason === undefined || reason === message ? {} : { reason }),
    })),
    isOpen: !isSolved,
  };
}

export interface SummaryView {
  outcome: string;
  headline: string;
  detail: string;
  announcement: string;
  isStored: boolean;
  next?: { href: string; title: string };
}

export function summaryView(
  lab: Lab,
  { step, attempt }: { step: string; attempt: StoredAttempt },
): SummaryView {
  const { outcome, points } = attempt.result;
  const score = `${points.earned} of ${points.possible} points`;
  const headline = {
    passed: 'Step passed',
    failed: 'Not there yet',
    inconclusive: 'It could not be told',
  }[outcome];
  const detail = {
    passed: `${score}.`,
    failed: `${score} this time. Your best score is kept.`,
    inconclusive: `${score} this time. What could not be told costs nothing: check again in a moment.`,
  }[outcome];
  const index = lab.steps.findIndex(({ id }) => id === step);
  const next = outcome === 'passed' ? lab.steps[index + 1] : undefined;
  return {
    outcome,
    headline,
    detail,
    announcement: `${headline}. ${detail}`,
    isStored: attempt.isStored,
    ...(next === undefined
      ? {}
      : { next: { href: `/labs/${lab.id}/${next.id}`, title: next.title } }),
  };
}

/** Checks of a step that learners see, before and after they were run. */
export function shownChecks(step: LabStep): LabStep['definition']['checks'] {
  return step.definition.checks.filter(
    ({ visibility }) => visibility === 'always' || visibility === 'after-submission',
  );
}

function isShown(lab: Lab, { step, check }: { step: string; check: string }): boolean {
  const found = lab.steps.find(({ id }) => id === step);
  return found !== undefined && shownChecks(found).some(({ id }) => id === check);
}
