import { GatehouseError } from '../../common/errors.js';
import { RateLimit } from './rate-limit.js';

function refusal(action: () => unknown): GatehouseError {
  try {
    action();
  } catch (error) {
    if (error instanceof GatehouseError) return error;
  }
  throw new Error('it was not refused');
}

test('one too many is refused with the moment from which the next one counts, for its key alone', () => {
  const limit = new RateLimit({ most: 2, perMs: 60_000 });
  limit.spend('ada');
  limit.spend('ada');
  const { code, fix, retryAfterMs = 0 } = refusal(() => limit.spend('ada'));
  expect(code).toBe('LIMIT_REACHED');
  expect(retryAfterMs).toBeGreaterThan(0);
  expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  expect(fix).toContain(`try again in ${Math.ceil(retryAfterMs / 1000)} seconds`);
  limit.spend('bob');
});

test('what was given back counts no more, once and not twice', () => {
  const limit = new RateLimit({ most: 1, perMs: 60_000 });
  const giveBack = limit.spend('ada');
  giveBack();
  limit.spend('ada');
  expect(refusal(() => limit.spend('ada')).code).toBe('LIMIT_REACHED');
});
