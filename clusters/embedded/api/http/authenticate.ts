import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { ApiError } from '../api-error.js';
import type { RbacAuthorizer } from '../auth/rbac.js';
import type { TokenAuthority } from '../auth/tokens.js';
import type { UserInfo } from '../registry/admission.js';

const ANONYMOUS: UserInfo = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
const AUTHENTICATED = 'system:authenticated';
const certificateUsers = new WeakMap<TLSSocket, UserInfo | undefined>();

export interface Authentication {
  tokens: TokenAuthority;
  rbac: RbacAuthorizer;
}

/** Who sends a request: by client certificate, by bearer token, or nobody. Refuses a bad token with 401. */
export function authenticate(req: IncomingMessage, auth: Authentication): UserInfo {
  const user = certificateUser(req) ?? tokenUser(req, auth.tokens) ?? ANONYMOUS;
  return req.headers['impersonate-user'] === undefined ? user : impersonated(req, user, auth.rbac);
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

function impersonated(req: IncomingMessage, user: UserInfo, rbac: RbacAuthorizer): UserInfo {
  const username = String(req.headers['impersonate-user']);
  const groups = listOf(req.headers['impersonate-group']);
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username);
  const wanted =
    account === null
      ? [{ resource: 'users', name: username }]
      : [{ resource: 'serviceaccounts', namespace: account[1] ?? '', name: account[2] ?? '' }];
  for (const attributes of [...wanted, ...groups.map((name) => ({ resource: 'groups', name }))]) {
    const asked = { verb: 'impersonate', group: '', ...attributes };
    if (!rbac.allows(user, asked)) throw mayNotImpersonate(user, asked);
  }
  const implied =
    account === null
      ? []
      : ['system:serviceaccounts', `system:serviceaccounts:${account[1] ?? ''}`];
  const all = new Set([...groups, ...implied]);
  all.add(username === ANONYMOUS.username ? 'system:unauthenticated' : AUTHENTICATED);
  return { username, groups: [...all] };
}

function mayNotImpersonate(
  user: UserInfo,
  asked: { resource: string; name: string; namespace?: string },
): ApiError {
  const where =
    asked.namespace === undefined
      ? 'at the cluster scope'
      : `in the namespace "${asked.namespace}"`;
  return new ApiError(403, 'Forbidden', {
    message: `${asked.resource} "${asked.name}" is forbidden: User "${user.username}" cannot impersonate resource "${asked.resource}" in API group "" ${where}`,
    details: { name: asked.name, kind: asked.resource },
  });
}

/** Node joins headers that repeat with a comma. */
function listOf(header: string | string[] | undefined): string[] {
  if (header === undefined) return [];
  return (Array.isArray(header) ? header : header.split(',')).map((item) => item.trim());
}
