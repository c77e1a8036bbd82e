import { z } from 'zod';
import { GatehouseError } from '../../../common/errors.js';
import type { Visit } from '../../access/gate.js';
import type { ServerContext } from '../../context.js';
import { fieldOf, finish, isConfirmed, isScript } from '../../http/finish.js';
import { hasRole } from '../../identity/roles.js';
import { learnerScores, scoresAsCsv } from './scores.js';
import { describeSessions } from './sessions.js';

const Title = z.string().trim().min(1).max(80);
const CLASS_DAYS = 30;
const TELL_EVERY_MS = 1000;
const REFRESH_MS = 30_000;

/** `/instructor`: what runs now and for whom, with reset and end; class links; a way back in for each learner. */
export function serveInstructorPage(context: ServerContext): void {
  const { serve, streams, pages, identity, sessions, settings, catalog } = context;

  const baseUrl = ({ request }: Visit): string =>
    settings.publicUrl?.replace(/\/$/, '') ?? `${request.protocol}://${request.get('host') ?? ''}`;

  const show = async (visit: Visit, extra: object = {}): Promise<void> => {
    const { request, response, user } = visit;
    const { labs } = await catalog();
    const classes = await identity.listClasses();
    await pages.show(
      { request, response },
      {
        page: 'instructor',
        title: 'Class',
        visitor: user,
        data: {
          rows: await describeSessions(context),
          classes: classes.map((each) => ({
            ...each,
            link: `${baseUrl(visit)}/join/${each.code}`,
          })),
          learners: await learnerScores(context, labs),
          labCount: labs.length,
          canAddInstructors: hasRole(user, 'admin'),
          ...extra,
        },
      },
    );
  };

  serve('GET /instructor', async (visit) => show(visit));

  serve('GET /instructor/scores.csv', async ({ response }) => {
    const { labs } = await catalog();
    const file = `gatehouse-scores-${new Date().toISOString().slice(0, 10)}.csv`;
    response
      .type('csv')
      .attachment(file)
      .set('Cache-Control', 'no-store')
      .send(scoresAsCsv(labs, await learnerScores(context, labs)));
  });

  serve('GET /instructor/events', async ({ request, response, user }) => {
    const stream = streams.open({ request, response, user });
    const tell = async (): Promise<void> => {
      const rows = await describeSessions(context);
      const html = await pages.fragment('instructor/rows', { rows });
      stream.send('rows', { html, count: rows.length });
    };
    await tell();
    let timer: NodeJS.Timeout | undefined;
    // A class that starts together changes a lot in a second; the page is told once.
    const subscription = sessions.changes.subscribe(() => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void tell();
      }, TELL_EVERY_MS);
    });
    // Ages and idle times grow by themselves.
    const beat = setInterval(() => {
      void tell();
    }, REFRESH_MS);
    stream.onClose(() => {
      clearInterval(beat);
      clearTimeout(timer);
      subscription[Symbol.dispose]();
    });
  });

  serve('POST /instructor/classes', async (visit) => {
    const title = Title.safeParse(fieldOf(visit.request, 'title'));
    if (!title.success) {
      throw new GatehouseError('BAD_REQUEST', 'a class has a title of 1 to 80 letters', {
        fix: 'Name it as your learners know it.',
      });
    }
    await identity.createClass(title.data, { createdBy: visit.user.id, days: CLASS_DAYS });
    finish(visit, { redirect: '/instructor#classes' });
  });

  serve('POST /instructor/sessions/:session/reset', async (visit) => {
    const live = sessions.getById(visit.params['session'] ?? '');
    const isSure = await isConfirmed(pages, visit, {
      question: `Reset the lab of ${live.userName}?`,
      text: `"${live.lab.definition.title}" goes back to its start. What ${live.userName} changed in the cluster is lost; scores stay.`,
      verb: 'Reset the lab',
      back: '/instructor',
    });
    if (!isSure) return;
    await sessions.reset(live);
    finish(visit, { redirect: '/instructor' });
  });

  serve('POST /instructor/sessions/:session/end', async (visit) => {
    const live = sessions.getById(visit.params['session'] ?? '');
    const isSure = await isConfirmed(pages, visit, {
      question: `End the lab of ${live.userName}?`,
      text: `The cluster of "${live.lab.definition.title}" is deleted. Scores stay, and ${live.userName} can start again.`,
      verb: 'End the lab',
      back: '/instructor',
    });
    if (!isSure) return;
    await sessions.end(live, 'instructor');
    finish(visit, { redirect: '/instructor' });
  });

  serve('POST /instructor/sessions/end', async (visit) => {
    const running = sessions.list();
    const isSure = await isConfirmed(pages, visit, {
      question: 'End all labs?',
      text: 'Every cluster that runs now is deleted. Scores stay, and everybody can start again.',
      verb: 'End all labs',
      back: '/instructor',
    });
    if (!isSure) return;
    await Promise.all(running.map((live) => sessions.end(live, 'instructor')));
    finish(visit, { redirect: '/instructor' });
  });

  serve('POST /instructor/learners/:user/link', async (visit) => {
    const learner = await identity.findUserById(visit.params['user'] ?? '');
    // An instructor who could make links for admins would be one.
    if (learner?.role !== 'learner') {
      throw new GatehouseError('NOT_FOUND', 'there is no such learner', {
        fix: 'Reload the page.',
      });
    }
    const token = await identity.createLink(learner.id);
    await showLink(visit, { name: learner.name, token });
  });

  serve('POST /instructor/instructors', async (visit) => {
    const name = Title.safeParse(fieldOf(visit.request, 'name'));
    if (!name.success) {
      throw new GatehouseError('BAD_REQUEST', 'an instructor has a name of 1 to 80 letters', {
        fix: 'Type the name.',
      });
    }
    const instructor = await identity.createUser(name.data, 'instructor');
    await showLink(visit, {
      name: instructor.name,
      token: await identity.createLink(instructor.id),
    });
  });

  /** Shown once, in the answer itself: it is stored nowhere, so there is nothing to come back to. */
  async function showLink(
    visit: Visit,
    { name, token }: { name: string; token: string },
  ): Promise<void> {
    const link = `${baseUrl(visit)}/sign-in?token=${token}`;
    if (isScript(visit.request)) visit.response.json({ name, link });
    else await show(visit, { newLink: { name, link } });
  }
}
