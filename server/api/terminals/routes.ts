import { GatehouseError } from '../../../common/errors.js';
import type { ServerContext } from '../../context.js';
import { fieldOf, finish } from '../../http/finish.js';

/** The tabs of a lab's terminal. What is typed and shown goes over each tab's socket. */
export function serveTerminals({ serve, getLab, sessions }: ServerContext): void {
  serve('POST /labs/:chapter/:lab/terminals', async ({ request, response, user, params }) => {
    const lab = await getLab(params, user);
    const live = sessions.get(user.id, lab.id);
    await live.cluster();
    sessions.touch(live);
    const node = fieldOf(request, 'node');
    if (node !== undefined && !live.nodes.includes(node)) {
      throw new GatehouseError('NOT_FOUND', 'this lab has no shell on that node', {
        fix:
          live.nodes.length === 0
            ? 'Open an ordinary terminal.'
            : `Its nodes are ${live.nodes.join(', ')}.`,
      });
    }
    const { id, title } = await live.terminals.open({ ...(node === undefined ? {} : { node }) });
    finish(
      { request, response },
      { redirect: `/labs/${lab.id}/${live.step}`, data: { id, title } },
    );
  });

  serve(
    'POST /labs/:chapter/:lab/terminals/:terminal/close',
    async ({ request, response, user, params }) => {
      const lab = await getLab(params, user);
      const live = sessions.get(user.id, lab.id);
      live.terminals.close(params['terminal'] ?? '');
      finish({ request, response }, { redirect: `/labs/${lab.id}/${live.step}` });
    },
  );
}
