import type { ServerContext } from '../../context.js';
import { followFlows } from '../../sessions/follow-flows.js';

/**
 * Who talks to whom in the learner's own cluster, as events: for as long as the page shows them, and no longer. A
 * stream of its own, because a page that opens it must not miss what the other one tells.
 */
export function serveFlows({ serve, streams, getLab, sessions, logger }: ServerContext): void {
  serve('GET /labs/:chapter/:lab/session/flows', async ({ request, response, user, params }) => {
    const lab = await getLab(params, user);
    const stream = streams.open({ request, response, user });
    const closed = new AbortController();
    stream.onClose(() => {
      closed.abort();
    });
    void followFlows({
      find: () => sessions.find(user.id, lab.id),
      changes: sessions.changes,
      signal: closed.signal,
      logger,
      tell: (event) => {
        stream.send('flows', event);
      },
    });
  });
}
