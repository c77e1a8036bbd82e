import type { Request, Response } from 'express';

/** The cookies of a request. The first of equal names counts, as browsers send the closest first. */
export function readCookies(header: string | undefined): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, at).trim();
    if (at < 1 || cookies.has(name)) continue;
    cookies.set(name, pair.slice(at + 1).trim());
  }
  return cookies;
}

/** Where the browser keeps its sign-in. Per port, because browsers share cookies between the ports of a host. */
export function sessionCookieName(request: Pick<Request, 'headers'>): string {
  const port = /:(\d+)$/.exec(request.headers.host ?? '')?.[1] ?? 'default';
  return `gatehouse-${port}`;
}

export function readSessionToken(request: Pick<Request, 'headers'>): string | undefined {
  return readCookies(request.headers.cookie).get(sessionCookieName(request));
}

export function setSessionCookie(
  { request, response }: { request: Request; response: Response },
  token: string,
  options: { isSecure: boolean; days: number },
): void {
  response.cookie(sessionCookieName(request), token, {
    httpOnly: true,
    // `strict` would hide the cookie on the very first page after following the sign-in link from elsewhere.
    sameSite: 'lax',
    secure: options.isSecure,
    maxAge: options.days * 24 * 3_600_000,
    path: '/',
  });
}
