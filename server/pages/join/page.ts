import { z } from 'zod';
import { GatehouseError } from '../../../common/errors.js';
import type { ServerContext } from '../../context.js';
import { setSessionCookie } from '../../http/cookies.js';
import { fieldOf } from '../../http/finish.js';
import { RateLimit } from '../../sessions/rate-limit.js';

const Name = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^[^\p{C}]+$/u);

/** `/join/<code>`: a learner enters a class with nothing but a name. */
export function serveJoinPage({ serve, pages, identity, settings }: ServerContext): void {
  const isSecure = settings.publicUrl?.startsWith('https:') === true;
  const failures = new RateLimit({ most: 20, perMs: 60_000 });

  const getClass = async (code: string, address: string) => {
    const found = await identity.findClass(code);
    if (found !== undefined) return found;
    failures.spend(address);
    throw new GatehouseError('NOT_FOUND', 'this class link is unknown or has ended', {
      fix: 'Ask your instructor for the current link.',
    });
  };

  serve('GET /join/:code', async ({ request, response, visitor, params }) => {
    const { title, code } = await getClass(params['code'] ?? '', request.ip ?? '');
    await pages.show(
      { request, response },
      { page: 'join', title: `Join ${title}`, visitor, data: { classTitle: title, code } },
    );
  });

  serve('POST /join/:code', async ({ request, response, visitor, params }) => {
    const { title, code } = await getClass(params['code'] ?? '', request.ip ?? '');
    const given = fieldOf(request, 'name') ?? '';
    const name = Name.safeParse(given);
    try {
      if (!name.success) {
        throw new GatehouseError('BAD_REQUEST', 'a name has 1 to 60 letters', {
          fix: 'Type your name as your instructor knows it.',
        });
      }
      const session = await identity.joinClass(code, name.data);
      setSessionCookie({ request, response }, session, { isSecure, days: settings.signInDays });
      response.redirect(303, '/');
    } catch (error) {
      if (!(error instanceof GatehouseError) || error.code !== 'BAD_REQUEST') throw error;
      response.status(400);
      await pages.show(
        { request, response },
        {
          page: 'join',
          title: `Join ${title}`,
          visitor,
          data: { classTitle: title, code, name: given.slice(0, 60), problem: error },
        },
      );
    }
  });
}
