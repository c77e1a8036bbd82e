import type { Role } from '../identity/roles.js';

/**
 * Who may do what: every route and socket of this server, and the least role it needs. Nothing can be served that is
 * not named here. What a learner reaches is always their own: addresses name labs and never other people's things.
 */
export const ACCESS = {
  'GET /healthz': 'anybody',
  'GET /assets/*file': 'anybody',
  'GET /favicon.svg': 'anybody',
  'GET /sign-in': 'anybody',
  'GET /join/:code': 'anybody',
  'POST /join/:code': 'anybody',
  'POST /sign-out': 'learner',

  'GET /': 'learner',
  'GET /labs/:chapter/:lab': 'learner',
  'GET /labs/:chapter/:lab/:step': 'learner',

  'GET /labs/:chapter/:lab/session/events': 'learner',
  'GET /labs/:chapter/:lab/session/flows': 'learner',
  'POST /labs/:chapter/:lab/session/start': 'learner',
  'POST /labs/:chapter/:lab/session/reset': 'learner',
  'POST /labs/:chapter/:lab/session/end': 'learner',
  'POST /labs/:chapter/:lab/session/keep': 'learner',
  'POST /labs/:chapter/:lab/steps/:step/check': 'learner',
  'POST /labs/:chapter/:lab/steps/:step/hints/:check/:tier': 'learner',
  'POST /labs/:chapter/:lab/steps/:step/files/:index': 'learner',
  'POST /labs/:chapter/:lab/terminals': 'learner',
  'POST /labs/:chapter/:lab/terminals/:terminal/close': 'learner',
  'SOCKET /labs/:chapter/:lab/terminals/:terminal': 'learner',

  'GET /instructor': 'instructor',
  'GET /instructor/scores.csv': 'instructor',
  'GET /instructor/events': 'instructor',
  'POST /instructor/classes': 'instructor',
  'POST /instructor/sessions/:session/reset': 'instructor',
  'POST /instructor/sessions/:session/end': 'instructor',
  'POST /instructor/sessions/end': 'instructor',
  'POST /instructor/learners/:user/link': 'instructor',
  'POST /instructor/instructors': 'admin',
} as const satisfies Record<string, Role | 'anybody'>;

export type RouteName = keyof typeof ACCESS;
export type HttpRouteName = Exclude<RouteName, `SOCKET ${string}`>;

/** `GET /labs/:chapter/:lab` to its method and path. */
export function splitRouteName(name: RouteName): {
  method: 'GET' | 'POST' | 'SOCKET';
  path: string;
} {
  const [method, path = ''] = name.split(' ');
  if (method !== 'GET' && method !== 'POST' && method !== 'SOCKET') {
    throw new Error(`unknown method of "${name}"`);
  }
  return { method, path };
}
