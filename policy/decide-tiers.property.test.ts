import fc from 'fast-check';
import { bruteForceTiers } from '../test/policy-wire/brute-force-tiers.js';
import { randomSituation, situationFlows } from '../test/policy-wire/random-situation.js';
import { decide } from './decide.js';

test('decides policies of every kind as a brute-force reading of the raw objects does', () => {
  let denied = 0;
  let asked = 0;
  fc.assert(
    fc.property(randomSituation(), (world) => {
      for (const flow of situationFlows(world, ['TCP', 'UDP'])) {
        const decision = decide(world, flow);
        asked += 1;
        if (!decision.allowed) denied += 1;
        if (decision.allowed !== bruteForceTiers(world, flow)) {
          throw new Error(`${JSON.stringify(flow)}: ${decision.explanation}`);
        }
        expect(decision.explanation).toMatch(/^(Allowed|Denied): .*\.$/s);
      }
    }),
    { numRuns: 30 },
  );
  // Worlds in which everything passes would prove nothing.
  expect(denied / asked).toBeGreaterThan(0.1);
  expect(denied / asked).toBeLessThan(0.9);
});
