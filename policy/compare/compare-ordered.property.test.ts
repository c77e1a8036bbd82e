import fc from 'fast-check';
import { bruteForceTiers } from '../../test/policy-wire/brute-force-tiers.js';
import { randomSituation, situationFlows } from '../../test/policy-wire/random-situation.js';
import { decide } from '../decide.js';
import type { World } from '../model.js';
import { compare, type CompareOptions, type PolicySet } from './compare.js';
import type { Witness } from './witness.js';
import { witnessWorld } from './witness-world.js';

/** A few policies of every kind, and the same with something left out, turned round or taken from elsewhere. */
const pairs = fc
  .tuple(
    randomSituation(),
    randomSituation(),
    fc.constantFrom('shuffle', 'drop', 'double', 'other'),
  )
  .map(([world, other, change]) => {
    const a = world.networkPolicies;
    const b = {
      shuffle: a.toReversed(),
      drop: a.slice(1),
      double: [...a, ...structuredClone(a.slice(0, 1))],
      other: other.networkPolicies,
    }[change];
    return { world, a, b };
  });

const withResources = (world: World, policies: PolicySet): unknown[] => [
  ...policies,
  ...(world.policyResources ?? []),
];

test('policies of every kind: equal on every flow, or different as a brute-force reading finds', () => {
  const seen = { equal: 0, different: 0, brute: 0 };
  fc.assert(
    fc.property(pairs, ({ world, a, b }) => {
      const options: CompareOptions = { families: [4], namespaces: world.namespaces };
      const result = compare(withResources(world, a), withResources(world, b), options);
      if (result.equal) {
        seen.equal += 1;
        for (const flow of situationFlows(world, ['TCP', 'UDP'])) {
          const [inA, inB] = [a, b].map((set) =>
            bruteForceTiers({ ...world, networkPolicies: set }, flow),
          );
          expect({ flow, inA }).toEqual({ flow, inA: inB });
        }
        return;
      }
      const { witness } = result;
      if (!WITH_PORTS.includes(witness.protocol)) return;
      seen.different += 1;
      const isBrute = witness.source.type === 'pod' && witness.destination.type === 'pod';
      if (isBrute) seen.brute += 1;
      const allowed = (set: PolicySet): boolean => {
        const placed = placeIn(world, witness, set);
        return isBrute
          ? bruteForceTiers(placed.world, placed.flow)
          : decide(placed.world, placed.flow).allowed;
      };
      const inA = witness.allowedBy === 'a';
      expect({ witness, inA: allowed(a), inB: allowed(b) }).toEqual({ witness, inA, inB: !inA });
    }),
    { numRuns: 25 },
  );
  expect(Math.min(seen.equal, seen.brute)).toBeGreaterThan(0);
});

const WITH_PORTS = ['TCP', 'UDP', 'SCTP'];

/** The witness's world, with the namespaces and resources that the policies were written for. */
function placeIn(world: World, witness: Witness, set: PolicySet) {
  const { world: own, flow } = witnessWorld(witness, set);
  const others = world.namespaces.filter(
    ({ name }) => !own.namespaces.some((one) => one.name === name),
  );
  const { policyResources = [] } = world;
  return { world: { ...own, namespaces: [...own.namespaces, ...others], policyResources }, flow };
}
