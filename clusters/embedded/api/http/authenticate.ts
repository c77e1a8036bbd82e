import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { ApiError } from '../api-error.js';
import type { RbacAuthorizer } from '../auth/rbac.js';
import type { TokenAuthority } from '../auth/tokens.js';
import type { UserInfo } from '../registry/admission.js';
import { ANONYMOUS, AUTHENTICATED, impersonate, UNAUTHENTICATED } from './impersonate.js';

const NOBODY: UserInfo = { username: ANONYMOUS, groups: [UNAUTHENTICATED] };
const certificateUsers = new WeakMap<TLSSocket, UserInfo | undefined>();

export interface Authentication {
  tokens: TokenAuthority;
  rbac: RbacAuthorizer;
}

/** Who sends a request: by client certificate, by bearer token, or nobody. Refuses a bad token with 401. */
export function authenticate(req: IncomingMessage, auth: Authentication): UserInfo {
  const user = certificateUser(req) ?? tokenUser(req, auth.tokens) ?? NOBODY;
  return impersonate(req, user, auth.rbac);
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', { message: 'Unauthorized' });
}

function certificateUser(req: IncomingMessage): UserInfo | undefined {
  const { socket } = req;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  if (certificateUsers.has(socket)) return certificateUsers.get(socket);
  const { subject } = socket.getPeerCertificate();
  // Where a name appears more than once it is a list, which the types do not tell.
  const organizations: unknown = subject.O;
  const groups = Array.isArray(organizations)
    ? organizations.map(String)
    : typeof organizations === 'string'
      ? [organizations]
      : [];
  const user = { username: String(subject.CN), groups: [...groups, AUTHENTICATED] };
  certificateUsers.set(socket, user);
  return user;
}

function tokenUser(req: IncomingMessage, tokens: TokenAuthority): UserInfo | undefined {
  const token = bearerToken(req);
  if (token === undefined) return undefined;
  const user = tokens.check(token);
  if (user === undefined) throw unauthorized();
  return user;
}

function bearerToken(req: IncomingMessage): string | undefined {
  const header = req.headers.authorization;
  const match = header === undefined ? null : /^Bearer\s+(\S+)\s*$/i.exec(header);
  if (match?.[1] !== undefined) return match[1];
  // Browsers cannot set headers on a WebSocket: the token comes as a protocol.
  const protocol = /base64url\.bearer\.authorization\.k8s\.io\.([A-Za-z0-9_-]+)/.exec(
    req.headers['sec-websocket-protocol'] ?? '',
  );
  return protocol?.[1] === undefined
    ? undefined
    : Buffer.from(protocol[1], 'base64url').toString('utf8');
}
