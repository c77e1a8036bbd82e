import type { IncomingMessage } from 'node:http';
import { ApiError, forbidden } from '../api-error.js';
import type { Attributes, RbacAuthorizer } from '../auth/rbac.js';
import type { UserInfo } from '../registry/admission.js';

export const ANONYMOUS = 'system:anonymous';
export const UNAUTHENTICATED = 'system:unauthenticated';
export const AUTHENTICATED = 'system:authenticated';

const EXTRA = 'impersonate-extra-';
const AUTHENTICATION = 'authentication.k8s.io';

interface Wanted {
  username: string;
  uid: string;
  groups: readonly string[];
  extra: Readonly<Record<string, readonly string[]>>;
}

/**
 * Whom a request speaks for: its own user, or whoever the `Impersonate-` headers name. Refuses with 403 where
 * the user may not, one right per name: users, groups, serviceaccounts, uids and userextras.
 */
export function impersonate(req: IncomingMessage, user: UserInfo, rbac: RbacAuthorizer): UserInfo {
  const wanted = readHeaders(req);
  if (wanted === undefined) return user;
  const account = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(wanted.username);
  for (const attributes of rightsFor(wanted, account)) {
    if (!rbac.allows(user, attributes)) throw mayNot(user, attributes);
  }
  const { username, uid, extra } = wanted;
  return {
    username,
    groups: groupsOf(wanted, account?.[1]),
    ...(uid !== '' && { uid }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function readHeaders(req: IncomingMessage): Wanted | undefined {
  const { headersDistinct: headers } = req;
  const names = Object.keys(headers).filter((name) => name.startsWith('impersonate-'));
  if (names.length === 0) return undefined;
  const username = headers['impersonate-user']?.[0] ?? '';
  const uid = headers['impersonate-uid']?.[0] ?? '';
  const groups = headers['impersonate-group'] ?? [];
  const extra = Object.fromEntries(
    names
      .filter((name) => name.startsWith(EXTRA))
      .map((name) => [unescaped(name.slice(EXTRA.length)), headers[name] ?? []]),
  );
  if (username === '') {
    if (uid === '' && groups.length === 0 && Object.keys(extra).length === 0) return undefined;
    throw new ApiError(500, 'InternalError', {
      message: 'Internal error occurred: requested impersonation without impersonating a user',
    });
  }
  return { username, uid, groups, extra };
}

function rightsFor(wanted: Wanted, account: RegExpExecArray | null): Attributes[] {
  const ask = (resource: string, name: string, rest: Partial<Attributes> = {}): Attributes => ({
    verb: 'impersonate',
    group: '',
    resource,
    name,
    ...rest,
  });
  return [
    account === null
      ? ask('users', wanted.username)
      : ask('serviceaccounts', account[2] ?? '', { namespace: account[1] ?? '' }),
    ...wanted.groups.map((group) => ask('groups', group)),
    ...Object.entries(wanted.extra).flatMap(([key, values]) =>
      values.map((value) => ask('userextras', value, { group: AUTHENTICATION, subresource: key })),
    ),
    ...(wanted.uid === '' ? [] : [ask('uids', wanted.uid, { group: AUTHENTICATION })]),
  ];
}

/** A ServiceAccount's groups are known, unless the request names its own. */
function groupsOf(wanted: Wanted, accountNamespace: string | undefined): string[] {
  const implied =
    accountNamespace === undefined || wanted.groups.length > 0
      ? []
      : ['system:serviceaccounts', `system:serviceaccounts:${accountNamespace}`];
  const groups = [...wanted.groups, ...implied];
  if (groups.includes(AUTHENTICATED) || groups.includes(UNAUTHENTICATED)) return groups;
  return [...groups, wanted.username === ANONYMOUS ? UNAUTHENTICATED : AUTHENTICATED];
}

function mayNot(user: UserInfo, asked: Attributes): ApiError {
  const { group = '', resource = '', subresource, name = '', namespace } = asked;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  const where =
    namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return forbidden(
    { group, plural: resource },
    name,
    `User "${user.username}" cannot impersonate resource "${full}" in API group "${group}" ${where}`,
  );
}

function unescaped(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}
