import type { ServerContext } from '../../context.js';
import { finish } from '../../http/finish.js';

/** The tabs of a lab's terminal. What is typed and shown goes over each tab's socket. */
export function serveTerminals({ serve, getLab, sessions }: ServerContext): void {
  serve('POST /labs/:chapter/:lab/terminals', async ({ request, response, user, params }) => {
    const lab = await getLab(params);
    const live = sessions.get(user.id, lab.id);
    await live.cluster();
    sessions.touch(live);
    const { id, title } = await live.terminals.open();
    finish(
      { request, response },
      { redirect: `/labs/${lab.id}/${live.step}`, data: { id, title } },
    );
  });

  serve(
    'POST /labs/:chapter/:lab/terminals/:terminal/close',
    async ({ request, response, user, params }) => {
      const lab = await getLab(params);
      const live = sessions.get(user.id, lab.id);
      live.terminals.close(params['terminal'] ?? '');
      finish({ request, response }, { redirect: `/labs/${lab.id}/${live.step}` });
    },
  );
}
