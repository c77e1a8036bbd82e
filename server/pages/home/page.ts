import type { Lab } from '../../../common/lab.js';
import type { ServerContext } from '../../context.js';
import { scoreOf } from '../../progress/lab-score.js';
import type { StepProgress } from '../../progress/progress.js';
import type { LiveLab } from '../../sessions/live-lab.js';

/** `/`: the chapters and their labs, with the learner's progress and a way back to what runs. */
export function serveHomePage(context: ServerContext): void {
  const { serve, pages, catalog, progress, sessions } = context;
  serve('GET /', async ({ request, response, user }) => {
    const { chapters } = await catalog();
    const rows = await progress.list({ userId: user.id });
    const running = sessions.list().filter((live) => live.userId === user.id);
    await pages.show(
      { request, response },
      {
        page: 'home',
        title: 'Your labs',
        visitor: user,
        data: {
          running: running.map((live) => ({
            href: `/labs/${live.lab.id}/${live.step}`,
            title: live.lab.definition.title,
            step: live.lab.steps.find(({ id }) => id === live.step)?.title ?? '',
          })),
          chapters: chapters.map((chapter) => ({
            id: chapter.id,
            title: chapter.title,
            summary: chapter.summary,
            labs: chapter.labs.map((lab) => describeLab(lab, { rows, running })),
          })),
        },
      },
    );
  });
}

function describeLab(
  lab: Lab,
  { rows, running }: { rows: readonly StepProgress[]; running: readonly LiveLab[] },
): object {
  const { title, summary, minutes } = lab.definition;
  const score = scoreOf(lab, rows);
  return {
    href: `/labs/${lab.id}`,
    number: lab.number,
    title,
    summary,
    minutes,
    score,
    isRunning: running.some((live) => live.lab.id === lab.id),
  };
}
