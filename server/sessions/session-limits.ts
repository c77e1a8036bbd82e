import { GatehouseError } from '../../common/errors.js';
import type { Settings } from '../config.js';
import type { User } from '../identity/roles.js';
import type { LiveLab } from './live-lab.js';

/** Throws LIMIT_REACHED where this learner, or the server, may not run one more lab. */
export function refuseTooMany(
  user: User,
  running: readonly LiveLab[],
  { maxSessions, maxSessionsPerLearner }: Settings,
): void {
  const own = running.filter((live) => live.userId === user.id);
  if (own.length >= maxSessionsPerLearner) {
    const names = own.map((live) => live.lab.definition.title).join(', ');
    throw new GatehouseError(
      'LIMIT_REACHED',
      `you have ${own.length} ${own.length === 1 ? 'lab' : 'labs'} running: ${names}`,
      { fix: 'End one of them first; your progress in it is kept.' },
    );
  }
  if (running.length >= maxSessions) {
    throw new GatehouseError('LIMIT_REACHED', 'this server runs as many labs as it may', {
      fix: 'Try again in some minutes, or ask whoever runs the server to allow more.',
    });
  }
}
