import type { IncomingMessage } from 'node:http';
import type { Application, Request, Response } from 'express';
import { GatehouseError } from '../../common/errors.js';
import { readSessionToken } from '../http/cookies.js';
import { isCsrfToken } from '../http/csrf.js';
import type { OriginPolicy } from '../http/origin.js';
import type { Identity } from '../identity/identity.js';
import { hasRole, type User } from '../identity/roles.js';
import { ACCESS, splitRouteName, type HttpRouteName, type RouteName } from './access.js';

export interface Visit {
  request: Request;
  response: Response;
  /** The one who asks; undefined only on routes that are for anybody. */
  visitor: User | undefined;
  /** The same, where the route needs a role. */
  user: User;
  params: Readonly<Record<string, string>>;
}

export type Serve = (name: HttpRouteName, handle: (visit: Visit) => unknown) => void;

export interface Gate {
  /** Adds a route of the access table to the app. */
  serve: Serve;
  /** Lets a socket through, or throws as a route would. */
  admitSocket(name: RouteName, request: IncomingMessage): Promise<User>;
}

/** The one place where requests are let in: host, origin, form token, sign-in, role. */
export function createGate(
  app: Application,
  { identity, origins }: { identity: Identity; origins: OriginPolicy },
): Gate {
  const findVisitor = async (request: IncomingMessage): Promise<User | undefined> => {
    const token = readSessionToken(request);
    return token === undefined ? undefined : identity.findUser(token);
  };
  return {
    serve(name, handle) {
      const { method, path } = splitRouteName(name);
      app[method === 'GET' ? 'get' : 'post'](path, async (request, response) => {
        if (!origins.isKnownHost(request.headers.host)) throw unknownHost(request);
        const visitor = await findVisitor(request);
        if (method === 'POST') checkForm(request, { origins, visitor });
        const user = admit(name, visitor);
        await handle({
          request,
          response,
          visitor,
          user: user ?? NOBODY,
          params: stringParams(request.params),
        });
      });
    },
    async admitSocket(name, request) {
      if (!origins.isKnownHost(request.headers.host)) throw unknownHost(request);
      if (!origins.isOwnPage(request)) throw foreignPage();
      const user = admit(name, await findVisitor(request));
      if (user === undefined) throw new Error(`a socket for anybody: ${name}`);
      return user;
    },
  };
}

const NOBODY: User = { id: '', name: '', role: 'learner', classId: undefined };

function admit(name: RouteName, visitor: User | undefined): User | undefined {
  const needed = ACCESS[name];
  if (needed === 'anybody') return visitor;
  if (visitor === undefined) {
    throw new GatehouseError('SIGN_IN_NEEDED', 'you are not signed in', {
      fix: 'Reload this page to see how you get back in. Nothing of yours is lost.',
    });
  }
  if (hasRole(visitor, needed)) return visitor;
  throw new GatehouseError('FORBIDDEN', `this is for the role "${needed}"`, {
    fix: 'Ask your instructor, or go back to your labs.',
  });
}

/** Changes are made by forms and scripts of our own pages, which carry this browser's token. */
function checkForm(
  request: Request,
  { origins, visitor }: { origins: OriginPolicy; visitor: User | undefined },
): void {
  if (!origins.isOwnPage(request)) throw foreignPage();
  const token = readSessionToken(request);
  if (visitor === undefined || token === undefined) return;
  const given = request.get('x-csrf-token') ?? formField(request, '_csrf');
  if (isCsrfToken(given, token)) return;
  throw new GatehouseError('FORBIDDEN', 'this form is from an older sign-in', {
    fix: 'Reload the page and try again.',
  });
}

function foreignPage(): GatehouseError {
  return new GatehouseError('FORBIDDEN', 'this request came from another web page', {
    fix: 'Use the pages of this server, and open them by one and the same address.',
  });
}

function unknownHost(request: IncomingMessage): GatehouseError {
  return new GatehouseError(
    'FORBIDDEN',
    `this server does not know itself as ${request.headers.host ?? 'nothing'}`,
    { fix: 'Open it by its address, or set GATEHOUSE_PUBLIC_URL to the name that browsers use.' },
  );
}

function formField(request: Request, name: string): unknown {
  const body: unknown = request.body;
  return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
}

function stringParams(params: Request['params']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join('/') : value,
    ]),
  );
}
