import fc from 'fast-check';
import { bruteForceAllows } from '../test/policy-wire/brute-force.js';
import { allFlows, randomWorld } from '../test/policy-wire/random-world.js';
import { decide } from './decide.js';

test('decides as a brute-force reading of the raw objects does, over random small worlds', () => {
  let denied = 0;
  let asked = 0;
  fc.assert(
    fc.property(randomWorld(), (world) => {
      for (const flow of allFlows(world, ['TCP', 'UDP', 'SCTP'])) {
        const expected = bruteForceAllows(world, flow);
        const decision = decide(world, flow);
        asked += 1;
        if (!expected) denied += 1;
        if (decision.allowed !== expected) {
          throw new Error(`${JSON.stringify(flow)}: ${decision.explanation}`);
        }
      }
    }),
    { numRuns: 120 },
  );
  // Worlds in which everything passes would prove nothing.
  expect(denied / asked).toBeGreaterThan(0.1);
  expect(denied / asked).toBeLessThan(0.9);
});

test('names a deciding rule exactly where a rule decides, and gives a reason for every other', () => {
  fc.assert(
    fc.property(randomWorld(), (world) => {
      for (const flow of allFlows(world, ['TCP', 'UDP'])) {
        const decision = decide(world, flow);
        for (const side of [decision.egress, decision.ingress]) {
          const byRule = side.isolated && side.exempt === undefined && side.allowed;
          expect(side.allowedBy.length > 0).toBe(byRule);
          expect(side.considered.every(({ why }) => why !== '')).toBe(true);
        }
        expect(decision.explanation).toMatch(/^(Allowed|Denied|Not possible): .*\.$/s);
      }
    }),
    { numRuns: 12 },
  );
});
