import type { ServerContext } from '../../context.js';
import { scoreOf } from '../../progress/lab-score.js';

/** `/labs/<chapter>/<lab>`: what the lab is about, who takes part, how far the learner is; start, reset, end. */
export function serveLabPage(context: ServerContext): void {
  const { serve, pages, catalog, getLab, progress, sessions, settings } = context;
  serve('GET /labs/:chapter/:lab', async ({ request, response, user, params }) => {
    const lab = await getLab(params, user);
    const { chapters } = await catalog();
    const live = sessions.find(user.id, lab.id);
    const score = scoreOf(lab, await progress.list({ userId: user.id, lab: lab.id }));
    const next = score.steps.find(({ outcome }) => outcome !== 'passed') ?? score.steps[0];
    const { definition } = lab;
    await pages.show(
      { request, response },
      {
        page: 'labs-lab',
        title: definition.title,
        visitor: user,
        data: {
          href: `/labs/${lab.id}`,
          chapterTitle: chapters.find(({ id }) => id === lab.chapter)?.title ?? '',
          number: lab.number,
          title: definition.title,
          summary: definition.summary,
          minutes: definition.minutes,
          objectives: definition.objectives,
          prerequisites: definition.prerequisites,
          actors: definition.actors,
          needs: definition.needs,
          provider: settings.provider,
          score,
          state: live?.state ?? 'none',
          failure: live?.failure,
          continueHref: `/labs/${lab.id}/${live?.step ?? next?.id ?? ''}`,
        },
      },
    );
  });
}
