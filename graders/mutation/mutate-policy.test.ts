import { isDeepStrictEqual } from 'node:util';
import { compare } from '../../policy/compare/compare.js';
import { policyObject } from '../test-cluster.js';
import { policyMutants } from './mutate-policy.js';

const POLICY = policyObject('shop/db', {
  podSelector: { matchLabels: { app: 'shop', role: 'db' } },
  policyTypes: ['Ingress'],
  ingress: [
    {
      from: [
        { podSelector: { matchLabels: { app: 'web' } } },
        {
          namespaceSelector: { matchLabels: { team: 'audit' } },
          podSelector: { matchLabels: { app: 'reader' } },
        },
      ],
      ports: [{ protocol: 'TCP', port: 5432 }],
    },
  ],
});

test('every mutant is another policy than the original, and says what was changed', () => {
  const original = structuredClone(POLICY);
  const mutants = policyMutants(POLICY, ['shop', 'audit']);
  expect(POLICY).toEqual(original);
  expect(mutants.length).toBeGreaterThanOrEqual(30);
  expect(mutants.filter(({ object }) => isDeepStrictEqual(object, POLICY))).toEqual([]);
  const names = mutants.map(({ what }) => what);
  expect(new Set(names).size).toBe(names.length);
});

test('every kind of mistake is among them', () => {
  const names = policyMutants(POLICY, ['shop', 'audit']).map(({ what }) => what);
  expect(names).toEqual(
    expect.arrayContaining([
      'left out',
      'in namespace audit',
      'podSelector: empty',
      'podSelector: role left out',
      'podSelector: app misspelt',
      'directions swapped',
      'Egress closed as well',
      'ingress rule added that allows everything',
      'ingress rule 1 left out',
      'ingress rule 1: ports left out',
      'ingress rule 1: peers and ports in two rules',
      'ingress rule 1, peer 1 left out',
      'ingress rule 1, peer 1: in any namespace',
      'ingress rule 1, peer 2: two peers instead of one',
      'ingress rule 1, port 1: UDP instead',
      'ingress rule 1, port 1: of any number',
    ]),
  );
});

test('all of them mean something else, except for a rule of a direction that is not closed', () => {
  const mutants = policyMutants(POLICY, ['shop', 'audit']);
  const same = mutants.filter(
    ({ object }) => compare([POLICY], object === undefined ? [] : [object]).equal,
  );
  expect(same.map(({ what }) => what)).toEqual(['egress rule added that allows everything']);
});
