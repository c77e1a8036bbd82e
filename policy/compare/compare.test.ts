import { networkPolicy } from '../../test/policy-wire/small-world.js';
import { compare, type CompareOptions } from './compare.js';
import { describeWitness } from './describe-witness.js';

const web = { podSelector: { matchLabels: { app: 'web' } } };
const inProd = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'prod' } } };
const teamA = { namespaceSelector: { matchLabels: { team: 'a' } } };
const DENY_ALL = networkPolicy('prod/deny-all', { podSelector: {}, policyTypes: ['Ingress'] });

/** A policy that lets in what it lists, to all pods of namespace prod. */
const letIn = (from: unknown[], ports: unknown[] = []): unknown =>
  networkPolicy('prod/allow', { podSelector: {}, ingress: [{ from, ports }] });
const letOut = (to: unknown[], ports: unknown[] = []): unknown =>
  networkPolicy('prod/allow', {
    podSelector: {},
    policyTypes: ['Egress'],
    egress: [{ to, ports }],
  });

/** `same`, or which one lets pass what the other stops. */
function difference(a: unknown[], b: unknown[], options?: CompareOptions): string {
  const result = compare(a, b, options);
  if (result.equal) return 'same';
  const { allowedBy, direction } = result.witness;
  return `${allowedBy} allows (${direction}): ${describeWitness(result.witness)}`;
}

test('finds the same meaning under different words', () => {
  const apps = (...values: string[]): unknown => ({
    podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values }] },
  });
  const withLabel = (operator: string): unknown => ({
    namespaceSelector: { matchExpressions: [{ key: 'x', operator }] },
  });
  const pairs: [unknown[], unknown[]][] = [
    [[letIn([apps('a', 'b')])], [letIn([apps('b'), apps('a')])]],
    [[letIn([apps('a', 'b')])], [DENY_ALL, letIn([apps('b')]), letIn([apps('a')])]],
    [
      [letIn([{ ipBlock: { cidr: '10.0.0.0/8' } }])],
      [letIn([{ ipBlock: { cidr: '10.0.0.0/9' } }, { ipBlock: { cidr: '10.128.0.0/9' } }])],
    ],
    [
      [letIn([{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/9'] } }])],
      [letIn([{ ipBlock: { cidr: '10.128.0.0/9' } }])],
    ],
    [
      [letIn([], [{ port: 80, endPort: 90 }])],
      [
        letIn(
          [],
          [
            { port: 86, endPort: 90 },
            { port: 80, endPort: 85 },
          ],
        ),
      ],
    ],
    [[letIn([], [{}])], [letIn([], [{ port: 1, endPort: 65_535 }])]],
    [
      [letIn([{ namespaceSelector: {} }])],
      [letIn([withLabel('Exists'), withLabel('DoesNotExist')])],
    ],
    [[letIn([{ podSelector: {} }])], [letIn([inProd])]],
    // Nobody can come from where the other's label would matter: one namespace has one set of labels.
    [[letIn([{ ...inProd, ...web }])], [letIn([web])]],
    [[DENY_ALL, letIn([{ podSelector: {} }]), letIn([])], [letIn([])]],
    [[], [networkPolicy('prod/all', { podSelector: {}, ingress: [{}] })]],
  ];
  for (const [a, b] of pairs) expect(difference(a, b)).toBe('same');
});

test('names the smallest flow on which two sets differ, and who lets it pass', () => {
  expect([
    difference([], [DENY_ALL]),
    difference([letIn([{ ...teamA, ...web }])], [letIn([teamA, web])]),
    difference([letIn([])], [letIn([{ namespaceSelector: {} }])]),
    difference([letIn([web], [{ port: 80 }])], [letIn([web], [{ port: 8080 }])]),
    difference(
      [letIn([web], [{ port: 80 }])],
      [letIn([web], [{ port: 80 }, { protocol: 'UDP', port: 53 }])],
    ),
    difference(
      [letOut([{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } }])],
      [letOut([{ ipBlock: { cidr: '0.0.0.0/0' } }])],
    ),
    difference([letOut([], [{ port: 'http' }])], [letOut([], [{ port: 80 }])]),
    difference(
      [
        letIn([
          {
            namespaceSelector: {
              matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['b'] }],
            },
          },
        ]),
      ],

      [
        letIn([
          {
            namespaceSelector: {
              matchExpressions: [{ key: 'team', operator: 'In', values: ['a', 'c'] }],
            },
          },
        ]),
      ],
    ),
    difference(
      [networkPolicy('prod/p', { podSelector: { matchLabels: { app: 'db', tier: 'x' } } })],
      [],
    ),
  ]).toMatchInlineSnapshot(`
   [
     "a allows (ingress): TCP 80 from a pod without labels in namespace prod to a pod without labels in namespace prod",
     "b allows (ingress): TCP 80 from a pod with app=web in namespace prod to a pod without labels in namespace prod",
     "a allows (ingress): TCP 80 from address 203.0.113.10 to a pod without labels in namespace prod",
     "a allows (ingress): TCP 80 from a pod with app=web in namespace prod to a pod without labels in namespace prod",
     "b allows (ingress): UDP 53 from a pod with app=web in namespace prod to a pod without labels in namespace prod",
     "b allows (egress): TCP 80 from a pod without labels in namespace prod to address 169.254.169.254",
     "b allows (egress): TCP 80 from a pod without labels in namespace prod to a pod without labels in namespace prod",
     "a allows (ingress): TCP 80 from a pod without labels in namespace prod to a pod without labels in namespace prod",
     "b allows (ingress): TCP 80 from a pod without labels in namespace prod to a pod with app=db and tier=x in namespace prod",
   ]
  `);
});

test('what one direction forbids cannot be told apart in the other', () => {
  const noEgress = networkPolicy('prod/no-egress', { podSelector: {}, policyTypes: ['Egress'] });
  // Pods of prod are the only ones that differ, and none of them gets out.
  expect(difference([DENY_ALL, letIn([{ podSelector: {} }]), noEgress], [DENY_ALL, noEgress])).toBe(
    'same',
  );
});

test('namespaces that exist have the labels they have; others may come', () => {
  const namespaces = [
    { name: 'prod', labels: { team: 'a' } },
    { name: 'dev', labels: { team: 'b' } },
  ];
  const [byLabel, byName] = [[letIn([teamA])], [letIn([inProd])]];
  expect(difference(byLabel, byName, { namespaces, newNamespaces: false })).toBe('same');
  expect(difference(byLabel, byName, { namespaces })).toMatch(
    /^a allows .* in namespace other \(team=a\)/,
  );
  expect(difference(byLabel, byName)).toMatch(/in namespace prod/);
});

test('in a cluster with one family of addresses the other makes no difference', () => {
  const [blocks, all] = [[letIn([{ ipBlock: { cidr: '0.0.0.0/0' } }])], [letIn([])]];
  expect(difference(blocks, all, { families: [4] })).toBe('same');
  expect(difference(blocks, all)).toMatch(/^b allows .* fd00:/);
});

test('counts what it does not know', () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'x', namespace: 'y' } };
  expect(compare([service], [])).toEqual({ equal: true, unknown: 1 });
});
