import { flow, networkPolicy, smallWorld } from '../test/policy-wire/small-world.js';
import { decide } from './decide.js';
import { explainPolicy } from './explain-policy.js';

const DENY_ALL = networkPolicy('prod-ns/deny-all', { podSelector: {}, policyTypes: ['Ingress'] });
const ALLOW_WEB = networkPolicy('prod-ns/allow-web', {
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [
    { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }] },
    { from: [{ ipBlock: { cidr: '10.9.0.0/16' } }] },
  ],
});
const NO_EGRESS = networkPolicy('prod-ns/no-egress', { podSelector: {}, policyTypes: ['Egress'] });

const explain = (policies: unknown[], from: string, on = 'TCP 5432'): string =>
  decide(
    smallWorld({ pods: { 'prod-ns/db': {}, 'prod-ns/web': {}, 'dev/web': {} }, policies }),
    flow(from, 'prod-ns/db', on),
  ).explanation;

test('a decision is one sentence that names what decides', () => {
  expect([
    explain([], 'dev/web'),
    explain([DENY_ALL], 'dev/web'),
    explain([DENY_ALL, ALLOW_WEB], 'dev/web'),
    explain([DENY_ALL, ALLOW_WEB], 'prod-ns/web'),
    explain([DENY_ALL, ALLOW_WEB], 'prod-ns/web', 'TCP 80'),
    explain([DENY_ALL, NO_EGRESS], 'prod-ns/web'),
    explain([DENY_ALL], '172.18.0.2'),
    explain([DENY_ALL], 'prod-ns/db'),
  ]).toMatchInlineSnapshot(`
   [
     "Allowed: no policy isolates pod dev/web for egress or pod prod-ns/db for ingress.",
     "Denied: policy prod-ns/deny-all selects pod prod-ns/db for ingress and has no ingress rules.",
     "Denied: policies prod-ns/allow-web and prod-ns/deny-all select pod prod-ns/db for ingress and none of their rules allows this source.",
     "Allowed: the first ingress rule of prod-ns/allow-web admits it.",
     "Denied: policies prod-ns/allow-web and prod-ns/deny-all select pod prod-ns/db for ingress and none of their rules allows TCP 80: the first ingress rule of prod-ns/allow-web is for this source, but not for this port.",
     "Denied: policy prod-ns/no-egress selects pod prod-ns/web for egress and has no egress rules. Ingress of pod prod-ns/db would deny it as well (prod-ns/deny-all).",
     "Allowed: node node-1 is where pod prod-ns/db runs, and a pod and its own node always reach each other.",
     "Allowed: pod prod-ns/db talks to itself, which no policy can prevent.",
   ]
  `);
});

test('each rule that was considered says why it did not match', () => {
  const world = smallWorld({
    pods: { 'prod-ns/db': {}, 'prod-ns/web': {}, 'dev/web': {} },
    policies: [ALLOW_WEB],
  });
  const { considered } = decide(world, flow('dev/web', 'prod-ns/db', 'UDP 5432')).ingress;
  expect(considered.map(({ why }) => why)).toMatchInlineSnapshot(`
   [
     "it is for pods with app=web in namespace prod-ns, but pod dev/web is in another namespace; it is for TCP 5432, not UDP 5432",
     "it is for addresses in 10.9.0.0/16, but pod dev/web is not in them",
   ]
  `);
});

test('a policy is told in words', () => {
  expect([DENY_ALL, ALLOW_WEB, NO_EGRESS].map((policy) => explainPolicy(policy).sentences))
    .toMatchInlineSnapshot(`
   [
     [
       "Applies to all pods in namespace prod-ns.",
       "Ingress: nothing may come in.",
       "Egress: not touched by this policy.",
     ],
     [
       "Applies to pods with app=db in namespace prod-ns.",
       "Ingress: only what is listed may come in: TCP 5432 from pods with app=web in namespace prod-ns; and every port and protocol from addresses in 10.9.0.0/16.",
       "Egress: not touched by this policy.",
     ],
     [
       "Applies to all pods in namespace prod-ns.",
       "Ingress: not touched by this policy.",
       "Egress: nothing may go out.",
     ],
   ]
  `);
});

test('a policy with broken parts says which', () => {
  const broken = networkPolicy('a/b', {
    podSelector: {},
    ingress: [{ from: [{}], ports: [{ port: 0 }] }],
  });
  expect(explainPolicy(broken).problems).toEqual([
    'spec.ingress[0].from[0]: names no peer',
    'spec.ingress[0].ports[0]: port numbers are not valid',
  ]);
});
