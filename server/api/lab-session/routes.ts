import type { ServerContext } from '../../context.js';
import { finish, isConfirmed } from '../../http/finish.js';
import { scoreOf } from '../../progress/lab-score.js';
import type { LiveLab, LiveLabEvent } from '../../sessions/live-lab.js';
import { pageStateOf } from '../../sessions/page-state.js';
import { resultFragments } from '../../pages/labs-step/results.js';

/** A learner's own run of a lab: start, reset, end, keep; and the stream of everything that happens in it. */
export function serveLabSession(context: ServerContext): void {
  const { serve, streams, pages, getLab, sessions, progress, hints, settings, logger } = context;

  serve('POST /labs/:chapter/:lab/session/start', async ({ request, response, user, params }) => {
    const lab = await getLab(params, user);
    const before = await progress.list({ userId: user.id, lab: lab.id });
    const live = await sessions.start(user, lab);
    const next = scoreOf(lab, before).steps.find(({ outcome }) => outcome !== 'passed');
    const step = live.state === 'creating' ? (next?.id ?? live.step) : live.step;
    finish({ request, response }, { redirect: `/labs/${lab.id}/${step}` });
  });

  serve('POST /labs/:chapter/:lab/session/reset', async (visit) => {
    const lab = await getLab(visit.params, visit.user);
    const live = sessions.get(visit.user.id, lab.id);
    const back = `/labs/${lab.id}/${live.step}`;
    const isSure = await isConfirmed(pages, visit, {
      question: 'Reset this lab?',
      text: "The cluster goes back to the lab's start: everything you changed in it is lost, and your shells end. Your scores stay.",
      verb: 'Reset the lab',
      back,
    });
    if (!isSure) return;
    await sessions.reset(live);
    finish(visit, { redirect: back });
  });

  serve('POST /labs/:chapter/:lab/session/end', async (visit) => {
    const lab = await getLab(visit.params, visit.user);
    const live = sessions.get(visit.user.id, lab.id);
    const isSure = await isConfirmed(pages, visit, {
      question: 'End this lab?',
      text: 'The cluster is deleted with everything in it. Your scores stay, and you can start again at any time.',
      verb: 'End the lab',
      back: `/labs/${lab.id}/${live.step}`,
    });
    if (!isSure) return;
    await sessions.end(live, 'learner');
    finish(visit, { redirect: `/labs/${lab.id}` });
  });

  serve('POST /labs/:chapter/:lab/session/keep', async (visit) => {
    const lab = await getLab(visit.params, visit.user);
    const live = sessions.get(visit.user.id, lab.id);
    sessions.touch(live);
    finish(visit, { redirect: `/labs/${lab.id}/${live.step}` });
  });

  serve('GET /labs/:chapter/:lab/session/events', async ({ request, response, user, params }) => {
    const lab = await getLab(params, user);
    const stream = streams.open({ request, response, user });
    const fragments = resultFragments(pages);
    // One after another: a result must not overtake the one before it.
    let last = Promise.resolve();
    const inOrder = (work: () => Promise<void>): void => {
      last = last.then(work).catch((error: unknown) => {
        logger.error('a page could not be told', { error });
      });
    };
    let live: LiveLab | undefined;
    let subscription: Disposable | undefined;
    const currentScore = async () =>
      scoreOf(lab, await progress.list({ userId: user.id, lab: lab.id }));
    const tellState = async (): Promise<void> => {
      const score = await currentScore();
      const state = pageStateOf(live, { score, mostTerminals: settings.maxTerminalsPerSession });
      stream.send('state', state);
    };
    const tell = async (event: LiveLabEvent): Promise<void> => {
      switch (event.type) {
        case 'changed':
          openFirstTerminal(live);
          await tellState();
          break;
        case 'result': {
          const opened = await hints.opened(user.id, lab.id);
          const told = await fragments.result(lab, { ...event, opened });
          if (told !== undefined) stream.send('result', told);
          break;
        }
        case 'checked':
          stream.send(
            'checked',
            await fragments.summary(lab, { ...event, score: await currentScore() }),
          );
          break;
        case 'check-failed':
          stream.send('checked', await fragments.failure(event));
          break;
      }
    };
    /** Follows the learner's run of this lab, also one that starts later or in another window. */
    const follow = (): void => {
      const current = sessions.find(user.id, lab.id);
      if (current === live && subscription !== undefined) return;
      subscription?.[Symbol.dispose]();
      live = current ?? live;
      subscription = live?.events.subscribe((event) => {
        inOrder(() => tell(event));
      });
      if (current !== undefined) inOrder(() => tell({ type: 'changed' }));
    };
    inOrder(tellState);
    follow();
    const changes = sessions.changes.subscribe(follow);
    stream.onClose(() => {
      changes[Symbol.dispose]();
      subscription?.[Symbol.dispose]();
    });
  });

  function openFirstTerminal(live: LiveLab | undefined): void {
    if (live?.state !== 'ready') return;
    live.terminals.openFirst(live.greeting).catch((error: unknown) => {
      logger.warn('a shell could not be opened', { error });
    });
  }
}
