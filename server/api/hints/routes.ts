import { GatehouseError } from '../../../common/errors.js';
import { hintCostsOf } from '../../../common/lab.js';
import type { ServerContext } from '../../context.js';
import { finish, isConfirmed } from '../../http/finish.js';
import { findStep } from '../../pages/labs-step/find-step.js';
import { hintQuestion, resultFragments, shownChecks } from '../../pages/labs-step/results.js';

/** Opens a hint of a check: written down first, shown then. What it costs is said before and asked about. */
export function serveHints({ serve, pages, getLab, progress, hints }: ServerContext): void {
  serve('POST /labs/:chapter/:lab/steps/:step/hints/:check/:tier', async (visit) => {
    const { user, params } = visit;
    const lab = await getLab(params, user);
    const step = findStep(lab, params['step']);
    const check = shownChecks(step).find(({ id }) => id === params['check']);
    const tier = Number(params['tier']);
    const cost = check === undefined ? undefined : hintCostsOf(check)[tier - 1];
    if (check === undefined || cost === undefined) {
      throw new GatehouseError('NOT_FOUND', 'this step has no such hint', {
        fix: 'Reload the page.',
      });
    }
    const attempt = await progress.latestAttempt(user.id, lab.id, step.id);
    const result = attempt?.result.checks.find(({ id }) => id === check.id);
    if (result === undefined) {
      throw new GatehouseError('BAD_REQUEST', 'hints are for checks that were tried', {
        fix: 'Press Check first: what it says may be hint enough.',
      });
    }
    const opened = await hints.opened(user.id, lab.id);
    const isOpen = (wanted: number): boolean =>
      opened.some((hint) => hint.check === check.id && hint.tier === wanted);
    if (tier > 1 && !isOpen(tier - 1)) {
      throw new GatehouseError('BAD_REQUEST', 'hints are opened one after the other', {
        fix: 'Open the hint before this one first.',
      });
    }
    const back = `/labs/${lab.id}/${step.id}`;
    if (!isOpen(tier)) {
      const words = { ...hintQuestion(check, tier), back: `${back}#result-${check.id}` };
      if (cost > 0 && !(await isConfirmed(pages, visit, words))) return;
      await hints.open({ userId: user.id, lab: lab.id }, { check: check.id, tier, cost });
    }
    const shown = await resultFragments(pages).result(lab, {
      step: step.id,
      result,
      opened: await hints.opened(user.id, lab.id),
    });
    finish(visit, { redirect: `${back}#result-${check.id}`, data: { ...shown } });
  });
}
