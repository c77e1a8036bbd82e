import type { ServerContext } from '../../context.js';
import { GatehouseError } from '../../../common/errors.js';
import { readSessionToken, sessionCookieName, setSessionCookie } from '../../http/cookies.js';
import { RateLimit } from '../../sessions/rate-limit.js';

/** `/sign-in`: exchanges a link for a signed-in browser. Without a token it says how to get one. */
export function serveSignInPage({ serve, pages, identity, settings }: ServerContext): void {
  const isSecure = settings.publicUrl?.startsWith('https:') === true;
  const failures = new RateLimit({ most: 20, perMs: 60_000 });

  serve('GET /sign-in', async ({ request, response, visitor }) => {
    const { token } = request.query;
    if (typeof token === 'string' && request.method === 'GET') {
      const session = await redeem(token, request.ip ?? '');
      if (session !== undefined) {
        setSessionCookie({ request, response }, session, { isSecure, days: settings.signInDays });
        response.redirect(303, '/');
        return;
      }
      // The link was used already, by this very browser: a double click, or the link kept as a bookmark.
      if (visitor === undefined) throw usedLink();
    }
    if (visitor !== undefined) response.redirect(303, '/');
    else await pages.show({ request, response }, { page: 'sign-in', title: 'Sign in', data: {} });
  });

  serve('POST /sign-out', async ({ request, response }) => {
    const token = readSessionToken(request);
    if (token !== undefined) await identity.signOut(token);
    response.clearCookie(sessionCookieName(request), { path: '/' });
    response.redirect(303, '/sign-in');
  });

  async function redeem(token: string, address: string): Promise<string | undefined> {
    try {
      return await identity.redeemLink(token);
    } catch (error) {
      if (!(error instanceof GatehouseError) || error.code !== 'SIGN_IN_NEEDED') throw error;
      failures.spend(address);
      return undefined;
    }
  }
}

function usedLink(): GatehouseError {
  return new GatehouseError('SIGN_IN_NEEDED', 'this sign-in link was used before, or is too old', {
    fix: 'Each link works once. On your own machine run "scripts/gatehouse link" for a new one; in a class ask your instructor.',
  });
}
