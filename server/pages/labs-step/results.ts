import type { CheckDoneEvent, CheckResultEvent } from '../../../common/page-events.js';
import { hintCostsOf, type CheckDefinition, type Lab, type LabStep } from '../../../common/lab.js';
import type { CheckResult, Outcome } from '../../../common/verdict.js';
import type { OpenedHint } from '../../progress/hints.js';
import type { LabScore } from '../../progress/lab-score.js';
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
      { step, result, opened }: { step: string; result: CheckResult; opened: OpenedHints },
    ): Promise<CheckResultEvent | undefined> {
      const check = findShown(lab, { step, check: result.id });
      if (check === undefined) return undefined;
      const hints = { opened, stepUrl: `/labs/${lab.id}/steps/${step}` };
      const html = await pages.fragment(
        'labs-step/result',
        resultView(result, { check, ...hints }),
      );
      return { step, check: result.id, outcome: result.outcome, html };
    },
    async summary(
      lab: Lab,
      { step, attempt, score }: { step: string; attempt: StoredAttempt; score: LabScore },
    ): Promise<CheckDoneEvent> {
      const view = summaryView(lab, { step, attempt, score });
      const html = await pages.fragment('labs-step/summary', view);
      const { outcome } = attempt.result;
      const { announcement } = view;
      return { step, outcome, announcement, html, checkedAt: attempt.createdAt };
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

type OpenedHints = readonly OpenedHint[];

/** What the templates show of one check. The words of a hint leave the server only after it was opened. */
export function resultView(
  result: CheckResult,
  more: { check: CheckDefinition; opened: OpenedHints; stepUrl: string },
): object {
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
    hintCost: result.hintCost ?? 0,
    hints: isSolved ? [] : hintViews(more),
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

const HINT_IS_ABOUT = ['where to look', 'what to do'];

/** Those that were opened, with their words, and the next one, with its price. */
function hintViews({
  check,
  opened,
  stepUrl,
}: {
  check: CheckDefinition;
  opened: OpenedHints;
  stepUrl: string;
}): object[] {
  const isOpen = (tier: number): boolean =>
    opened.some((hint) => hint.check === check.id && hint.tier === tier);
  return check.hints.flatMap((text, i): object[] => {
    const tier = i + 1;
    const title = `Hint ${tier}: ${HINT_IS_ABOUT[i] ?? ''}`;
    const cost = hintCostsOf(check)[i] ?? 0;
    if (isOpen(tier)) return [{ title, text }];
    if (tier > 1 && !isOpen(tier - 1)) return [];
    return [
      {
        title,
        price: cost === 0 ? 'free' : `costs ${cost} ${cost === 1 ? 'point' : 'points'}`,
        action: `${stepUrl}/hints/${check.id}/${tier}`,
        ...(cost === 0 ? {} : { confirm: hintQuestion(check, tier) }),
      },
    ];
  });
}

/** What is asked before a hint is opened that costs something. */
export function hintQuestion(
  check: CheckDefinition,
  tier: number,
): { question: string; text: string; verb: string } {
  const cost = hintCostsOf(check)[tier - 1] ?? 0;
  return {
    question: `Open hint ${tier}?`,
    text: `It costs ${cost} of the ${check.points} points that this check can earn from now on. What you have earned already stays.`,
    verb: 'Open the hint',
  };
}

export interface SummaryView {
  outcome: string;
  headline: string;
  detail: string;
  announcement: string;
  isStored: boolean;
  next?: { href: string; verb: string; title?: string };
}

/** `score` is the lab's with this attempt. */
export function summaryView(
  lab: Lab,
  { step, attempt, score: total }: { step: string; attempt: StoredAttempt; score: LabScore },
): SummaryView {
  const { outcome, points } = attempt.result;
  const spent = attempt.result.checks.reduce(
    (sum, { outcome: one, hintCost = 0 }) => sum + (one === 'passed' ? hintCost : 0),
    0,
  );
  const hints = spent === 0 ? '' : `, ${spent} spent on hints`;
  const score = `${points.earned} of ${points.possible} points${hints}`;
  const headline = {
    passed: 'Step passed',
    failed: 'Not there yet',
    inconclusive: 'It could not be told',
  }[outcome];
  const isDone = total.state === 'done';
  const detail = {
    passed: isDone
      ? `${score}. The lab is done: ${total.earned} of ${total.possible} points in all.`
      : `${score}.`,
    failed: `${score} this time. Your best score is kept.`,
    inconclusive: `${score} this time. What could not be told costs nothing: check again in a moment.`,
  }[outcome];
  const next = outcome === 'passed' ? nextOf(lab, { step, score: total }) : undefined;
  return {
    outcome,
    headline,
    detail,
    announcement: `${headline}. ${detail}`,
    isStored: attempt.isStored,
    ...(next === undefined ? {} : { next }),
  };
}

/** The step after this one; after the last one whichever is still open, and the other labs where none is. */
function nextOf(lab: Lab, { step, score }: { step: string; score: LabScore }): SummaryView['next'] {
  const index = lab.steps.findIndex(({ id }) => id === step);
  const open = score.steps.find(({ outcome }) => outcome !== 'passed');
  const next = lab.steps[index + 1] ?? lab.steps.find(({ id }) => id === open?.id);
  if (next === undefined) return { href: '/', verb: 'All labs' };
  return { href: `/labs/${lab.id}/${next.id}`, verb: 'Next', title: next.title };
}

/** Checks of a step that learners see, before and after they were run. */
export function shownChecks(step: LabStep): LabStep['definition']['checks'] {
  return step.definition.checks.filter(
    ({ visibility }) => visibility === 'always' || visibility === 'after-submission',
  );
}

function findShown(
  lab: Lab,
  { step, check }: { step: string; check: string },
): CheckDefinition | undefined {
  const found = lab.steps.find(({ id }) => id === step);
  return found && shownChecks(found).find(({ id }) => id === check);
}
