import { randomBytes } from 'node:crypto';
import { TROUBLE_TITLES } from '../../../common/page-events.js';
import { renderStep } from '../../../labs/render-step.js';
import type { ServerContext } from '../../context.js';
import { readCookies } from '../../http/cookies.js';
import { allowTerminalStyles } from '../../http/security-headers.js';
import { scoreOf } from '../../progress/lab-score.js';
import { pageStateOf } from '../../sessions/page-state.js';
import { findStep } from './find-step.js';
import { placeholderValues } from './placeholder-values.js';
import { resultView, shownChecks, summaryView } from './results.js';

const CHECK_FORM = 'check-form';

/** `/labs/<chapter>/<lab>/<step>`: what to do, beside the terminal to do it in; questions, Check and its results. */
export function serveStepPage(context: ServerContext): void {
  const { serve, pages, getLab, progress, hints, sessions, settings } = context;
  serve('GET /labs/:chapter/:lab/:step', async ({ request, response, user, params }) => {
    const lab = await getLab(params, user);
    const step = findStep(lab, params['step']);
    const live = sessions.find(user.id, lab.id);
    if (live !== undefined) await sessions.visit(live, step.id);
    const score = scoreOf(lab, await progress.list({ userId: user.id, lab: lab.id }));
    const attempt = await progress.latestAttempt(user.id, lab.id, step.id);
    const answers = await progress.answers(user.id, lab.id);
    const index = lab.steps.indexOf(step);
    const checks = shownChecks(step);
    const opened = await hints.opened(user.id, lab.id);
    const stepUrl = `/labs/${lab.id}/steps/${step.id}`;
    const linkOf = (at: number) => {
      const other = lab.steps[at];
      return other === undefined
        ? undefined
        : { href: `/labs/${lab.id}/${other.id}`, title: other.title };
    };
    const preferences = readCookies(request.headers.cookie);
    const state = pageStateOf(live, { score, mostTerminals: settings.maxTerminalsPerSession });
    const nonce = randomBytes(16).toString('base64');
    const isHttps = settings.publicUrl?.startsWith('https:') === true;
    allowTerminalStyles(response, { nonce, isHttps });
    await pages.show(
      { request, response },
      {
        page: 'labs-step',
        title: `${step.title} · ${lab.definition.title}`,
        visitor: user,
        nonce,
        data: {
          labHref: `/labs/${lab.id}`,
          labTitle: lab.definition.title,
          stepId: step.id,
          stepTitle: step.title,
          index,
          score,
          stepScore: score.steps[index],
          previous: linkOf(index - 1),
          next: linkOf(index + 1),
          formId: CHECK_FORM,
          html: renderStep(step, {
            lab,
            values: placeholderValues({ lab, user, live, settings }),
            provider: settings.provider,
            answers,
            formId: CHECK_FORM,
          }),
          checks: checks.map(({ id, title, points }) => ({ id, title, points })),
          results: attempt?.result.checks.flatMap((result) => {
            const check = checks.find(({ id }) => id === result.id);
            return check === undefined ? [] : [resultView(result, { check, opened, stepUrl })];
          }),
          summary:
            attempt === undefined ? undefined : summaryView(lab, { step: step.id, attempt, score }),
          state,
          troubleTitle: state.trouble && `${TROUBLE_TITLES[state.trouble.state]}.`,
          split: parseSplit(preferences.get('split')),
          readsTerminal: preferences.get('reader') === '1',
          showsFlows: preferences.get('flows') === '1',
        },
      },
    );
  });
}

/** The text's share of the width in percent, as this browser last left it. */
function parseSplit(text: string | undefined): number {
  const share = Number(text ?? 'none');
  return Number.isFinite(share) ? Math.round(Math.min(75, Math.max(25, share))) : 40;
}
