import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { hostname } from 'node:os';

export interface OriginPolicy {
  /** Whether this server is meant: names that point here by somebody else's DNS are not (DNS rebinding). */
  isKnownHost(host: string | undefined): boolean;
  /** Whether a request that changes something, or opens a socket, comes from one of our own pages. */
  isOwnPage(request: Pick<IncomingMessage, 'headers'>): boolean;
}

/** What counts as ourselves: the public address where one is set; otherwise loopback, this machine's name, addresses. */
export function createOriginPolicy(publicUrl: string | undefined): OriginPolicy {
  const publicHost = publicUrl === undefined ? undefined : new URL(publicUrl).host;
  const isKnownHost = (host: string | undefined): boolean => {
    if (host === undefined) return false;
    if (host === publicHost) return true;
    const name = host
      .replace(/:\d+$/, '')
      .replace(/^\[|\]$/g, '')
      .toLowerCase();
    return name === 'localhost' || name === hostname().toLowerCase() || isIP(name) !== 0;
  };
  return {
    isKnownHost,
    isOwnPage({ headers }) {
      const { origin, host } = headers;
      const site = headers['sec-fetch-site'];
      if (site !== undefined && site !== 'same-origin') return false;
      if (origin === undefined) return site === 'same-origin';
      const scheme =
        publicHost !== undefined && host === publicHost
          ? new URL(publicUrl ?? '').protocol
          : 'http:';
      return origin === `${scheme}//${host ?? ''}`;
    },
  };
}
