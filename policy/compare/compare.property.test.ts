import fc from 'fast-check';
import { bruteForceAllows } from '../../test/policy-wire/brute-force.js';
import { allFlows, randomWorld } from '../../test/policy-wire/random-world.js';
import { compare } from './compare.js';
import type { Witness, WitnessEnd } from './witness.js';
import { witnessWorld } from './witness-world.js';

interface RawPolicy {
  metadata: { namespace: string; name: string };
  spec: RawSpec;
}
interface RawSpec {
  policyTypes?: string[];
  ingress?: { from?: RawPeer[]; ports?: { protocol?: string }[] }[];
  egress?: { to?: RawPeer[] }[];
}
interface RawPeer {
  podSelector?: unknown;
  namespaceSelector?: unknown;
}

const policies = randomWorld({ policies: 3 }).map((world) => world.networkPolicies as RawPolicy[]);

/** The same policies otherwise written, or with one small thing changed. */
const variants = fc.constantFrom<(list: readonly RawPolicy[]) => RawPolicy[]>(
  (list) => list.toReversed(),
  (list) => [...list, ...list.map((policy) => renamed(policy, 'again'))],
  (list) => list.flatMap(splitByRule),
  edited((spec) => {
    spec.policyTypes = ['Egress', ...(spec.policyTypes ?? [])].slice(0, 2);
  }),
  edited((spec) => spec.ingress?.pop()),
  edited((spec) => spec.egress?.[0]?.to?.pop()),
  edited((spec) => {
    const peer = spec.ingress?.[0]?.from?.[0];
    // An empty peer is not valid.
    if (peer?.namespaceSelector !== undefined) delete peer.podSelector;
  }),
  edited((spec) => delete spec.ingress?.[0]?.ports?.[0]?.protocol),
  (list) => list.slice(1),
);

const pairs = fc
  .tuple(policies, variants, policies, fc.boolean())
  .map(([a, vary, other, independent]) => ({ a, b: independent ? other : vary(a) }));

test('says equal or names a flow on which a brute-force reading of both differs as it says', () => {
  const seen = { equal: 0, different: 0 };
  fc.assert(
    fc.property(pairs, ({ a, b }) => {
      const result = compare(a, b);
      seen[result.equal ? 'equal' : 'different'] += 1;
      if (result.equal) return;
      const { witness } = result;
      const inA = witness.allowedBy === 'a';
      expect({ witness, ...bruteForce(witness, a, b) }).toEqual({ witness, inA, inB: !inA });
      for (const smaller of withoutALabel(witness)) {
        const { inA: stillA, inB: stillB } = bruteForce(smaller, a, b);
        expect({ smaller, differs: stillA !== stillB }).toEqual({ smaller, differs: false });
      }
    }),
    { numRuns: 1500 },
  );
  expect(Math.min(seen.equal, seen.different)).toBeGreaterThan(200);
});

test('never says equal where some flow of a random world differs', () => {
  let asked = 0;
  const worlds = fc.array(randomWorld({ policies: 0 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(pairs, worlds, ({ a, b }, drawn) => {
      if (!compare(a, b).equal) return;
      for (const world of drawn) {
        for (const flow of allFlows(world, ['TCP', 'UDP'])) {
          asked += 1;
          const inA = bruteForceAllows({ ...world, networkPolicies: a }, flow);
          const inB = bruteForceAllows({ ...world, networkPolicies: b }, flow);
          if (inA !== inB) throw new Error(`${JSON.stringify(flow)} differs.`);
        }
      }
    }),
    { numRuns: 100 },
  );
  expect(asked).toBeGreaterThan(10_000);
});

function bruteForce(
  witness: Witness,
  a: readonly RawPolicy[],
  b: readonly RawPolicy[],
): { inA: boolean; inB: boolean } {
  const [inA = false, inB = false] = [a, b].map((set) => {
    const { world, flow } = witnessWorld(witness, set);
    return bruteForceAllows(world, flow);
  });
  return { inA, inB };
}

/** The same witness with one label of a pod left out, each in turn. */
function withoutALabel(witness: Witness): Witness[] {
  return (['source', 'destination'] as const).flatMap((side) => {
    const end: WitnessEnd = witness[side];
    if (end.type === 'address') return [];
    return Object.keys(end.labels).map((key) => {
      const { [key]: _, ...labels } = end.labels;
      return { ...witness, [side]: { ...end, labels } };
    });
  });
}

function renamed(policy: RawPolicy, suffix: string): RawPolicy {
  return { ...policy, metadata: { ...policy.metadata, name: `${policy.metadata.name}-${suffix}` } };
}

function edited(edit: (spec: RawSpec) => unknown): (list: readonly RawPolicy[]) => RawPolicy[] {
  return (list) =>
    list.map((policy) => {
      const copy = structuredClone(policy);
      edit(copy.spec);
      return copy;
    });
}

/** One policy per rule: they add up to the same. */
function splitByRule(policy: RawPolicy): RawPolicy[] {
  const { policyTypes = [], ingress = [], egress = [] } = policy.spec;
  const inferred = ['Ingress', ...(egress.length > 0 ? ['Egress'] : [])];
  const types = policyTypes.length > 0 ? policyTypes : inferred;
  const part = (name: string, rules: RawSpec): RawPolicy => {
    const spec = { ...policy.spec, policyTypes: types, ingress: [], egress: [], ...rules };
    return renamed({ ...policy, spec }, name);
  };
  return [
    part('none', {}),
    ...ingress.map((rule, i) => part(`in-${i}`, { ingress: [rule] })),
    ...egress.map((rule, i) => part(`out-${i}`, { egress: [rule] })),
  ];
}
