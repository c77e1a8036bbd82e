/** Host endpoints: section 3.8 of the semantics notes. */
import {
  felixConfiguration,
  globalPolicy,
  hostEndpoint,
} from '../test/policy-wire/small-policies.js';
import { flow, networkPolicy, smallWorld } from '../test/policy-wire/small-world.js';
import { decide } from './decide.js';
import type { Decision, Flow } from './model.js';

const NODE = '172.18.0.2';
const OUTSIDE = '203.0.113.9';
const GUARD = (spec: Record<string, unknown> = { interfaceName: 'eth0' }) =>
  hostEndpoint('guard', { role: 'node' }, { node: 'node-1', expectedIPs: [NODE], ...spec });
const ALLOW = { action: 'Allow' };
const OF_NODE = { selector: "role == 'node'", types: ['Ingress', 'Egress'] };

function ask(policies: unknown[], asked: Flow, guard: unknown = GUARD()): Decision {
  const world = smallWorld({
    pods: {
      'prod/web': {},
      'prod/far': { node: 'node-2' },
      'prod/host': { hostNetwork: true, addresses: [NODE] },
    },
    policies,
  });
  return decide({ ...world, policyResources: [guard].flat() }, asked);
}
const allows = (...args: Parameters<typeof ask>): boolean => ask(...args).allowed;

const INTO_NODE = flow(OUTSIDE, NODE, 'TCP 9100');
const OUT_OF_NODE = flow(NODE, OUTSIDE, 'TCP 443');
const INTO_POD = flow(OUTSIDE, 'prod/web', 'TCP 80');

test('declaring one closes the node both ways, but for failsafe ports', () => {
  expect([allows([], INTO_NODE), allows([], OUT_OF_NODE)]).toEqual([false, false]);
  expect(ask([], INTO_NODE).explanation).toBe(
    'Denied: host endpoint guard of node node-1 lets nothing pass that no policy allows.',
  );
  expect(ask([], flow(OUTSIDE, NODE, 'TCP 22')).ingress.exempt).toBe('failsafe');
  expect(allows([], flow(NODE, OUTSIDE, 'UDP 53'))).toBe(true);
  expect(allows([], flow(NODE, OUTSIDE, 'TCP 22'))).toBe(false);
  expect(allows([], flow('prod/host', OUTSIDE, 'TCP 443'))).toBe(false);
});

test('FelixConfiguration says which ports are failsafe, for whom, and for which node', () => {
  const opens = (configurations: [string, object][], port: string, from = OUTSIDE): boolean =>
    ask([], flow(from, NODE, port), [
      GUARD(),
      ...configurations.map(([name, spec]) => felixConfiguration(name, { ...spec })),
    ]).allowed;
  const only = (...ports: object[]): object => ({ failsafeInboundHostPorts: ports });
  const web = { protocol: 'tcp', port: 8080 };
  expect(opens([['default', only(web)]], 'TCP 8080')).toBe(true);
  expect(opens([['default', only(web)]], 'UDP 8080')).toBe(false);
  expect(opens([['default', only(web)]], 'TCP 22')).toBe(false);
  expect(opens([['default', only()]], 'TCP 22')).toBe(false);
  expect(opens([['default', {}]], 'TCP 22')).toBe(true);
  // The outgoing ones stay as they are.
  const out = ask([], flow(NODE, OUTSIDE, 'UDP 53'), [
    GUARD(),
    felixConfiguration('default', { ...only(web) }),
  ]);
  expect(out.egress.exempt).toBe('failsafe');
  const partner = { ...web, net: '198.51.100.0/24' };
  expect(opens([['default', only(partner)]], 'TCP 8080')).toBe(false);
  expect(opens([['default', only(partner)]], 'TCP 8080', '198.51.100.7')).toBe(true);
  // A node's own settings come first, those of others do not count.
  const both: [string, object][] = [
    ['default', only(web)],
    ['node.node-1', only({ protocol: 'UDP', port: 9 })],
  ];
  expect([opens(both, 'TCP 8080'), opens(both, 'UDP 9')]).toEqual([false, true]);
  expect(opens([['node.node-2', only(web)]], 'TCP 8080')).toBe(false);
  expect(opens([['node.node-2', only(web)]], 'TCP 22')).toBe(true);
});

test('what stays on the node and what the node forwards is not asked', () => {
  expect(allows([], flow(NODE, 'prod/web'))).toBe(true);
  expect(allows([], flow('prod/web', NODE, 'TCP 9100'))).toBe(true);
  expect(allows([], INTO_POD)).toBe(true);
  expect(allows([], flow('prod/web', 'prod/far'))).toBe(true);
});

test('a policy or a profile opens it', () => {
  const policy = globalPolicy('p', {
    ...OF_NODE,
    ingress: [{ ...ALLOW, protocol: 'TCP', destination: { ports: [9100] } }],
    egress: [ALLOW],
  });
  expect([allows([policy], INTO_NODE), allows([policy], OUT_OF_NODE)]).toEqual([true, true]);
  expect(allows([policy], flow(OUTSIDE, NODE, 'TCP 9101'))).toBe(false);
  const open = GUARD({ interfaceName: 'eth0', profiles: ['projectcalico-default-allow'] });
  expect(ask([], INTO_NODE, open).ingress).toMatchObject({ allowed: true, decidedBy: 'profile' });
});

test('the interface is told by its name, by `*`, or by an address', () => {
  expect(allows([], INTO_NODE, GUARD({ interfaceName: '*' }))).toBe(false);
  expect(allows([], INTO_NODE, GUARD({}))).toBe(false);
  expect(allows([], INTO_NODE, GUARD({ interfaceName: 'eth7' }))).toBe(true);
  expect(allows([], INTO_NODE, GUARD({ node: 'node-2', interfaceName: 'eth0' }))).toBe(true);
});

test('applyOnForward judges what the node forwards, and then denies by default', () => {
  const through = (ingress: unknown[], more = {}) =>
    globalPolicy('p', { ...OF_NODE, types: ['Ingress'], applyOnForward: true, ingress, ...more });
  const denial = ask([through([])], INTO_POD);
  expect(denial.allowed).toBe(false);
  expect(denial.passing).toMatchObject([{ direction: 'ingress', allowed: false, tier: 'default' }]);
  expect(allows([through([ALLOW])], INTO_POD)).toBe(true);
  // Only its own direction is closed.
  expect(allows([through([])], flow('prod/web', 'prod/far'))).toBe(true);
  expect(allows([through([])], flow('prod/far', 'prod/web'))).toBe(false);
  // The pod's own policies are asked all the same.
  expect(allows([through([ALLOW]), networkPolicy('prod/d', { podSelector: {} })], INTO_POD)).toBe(
    false,
  );
});

test('preDNAT sees what was dialled, denies nothing by default, and lets through past the ordinary ones', () => {
  const early = (rule: object) =>
    globalPolicy('p', {
      ...OF_NODE,
      types: ['Ingress'],
      applyOnForward: true,
      preDNAT: true,
      ingress: [rule],
    });
  const nodePort = { ...INTO_POD, dialled: { address: NODE, port: 30080 } };
  const rule = { protocol: 'TCP', destination: { ports: [30080] } };
  expect(allows([early({ action: 'Deny', ...rule })], nodePort)).toBe(false);
  expect(allows([early({ action: 'Deny', ...rule })], INTO_POD)).toBe(true);
  expect(
    allows([early({ ...ALLOW, protocol: 'TCP', destination: { ports: [9100] } })], INTO_NODE),
  ).toBe(true);
  expect(allows([early({ ...ALLOW, ...rule })], INTO_NODE)).toBe(false);
  // The node's own address, by the selector that finds it.
  const toNodes = { ...rule, destination: { ...rule.destination, selector: "role == 'node'" } };
  expect(allows([early({ action: 'Deny', ...toNodes })], nodePort)).toBe(false);
  // Failsafe ports come before it.
  expect(allows([early({ action: 'Deny' })], flow(OUTSIDE, NODE, 'TCP 22'))).toBe(true);
});

test('doNotTrack comes first and denies nothing by default', () => {
  const untracked = (rule: object) =>
    globalPolicy('u', {
      ...OF_NODE,
      applyOnForward: true,
      doNotTrack: true,
      ingress: [rule],
      egress: [],
    });
  const open = globalPolicy('open', { ...OF_NODE, ingress: [ALLOW], egress: [ALLOW] });
  const rule = { protocol: 'TCP', destination: { ports: [9100] } };
  expect(allows([open, untracked({ action: 'Deny', ...rule })], INTO_NODE)).toBe(false);
  expect(allows([untracked({ ...ALLOW, ...rule })], INTO_NODE)).toBe(true);
  expect(allows([open, untracked({ action: 'Deny', ...rule })], OUT_OF_NODE)).toBe(true);
});

test('a policy for everybody closes nodes that have a host endpoint as well', () => {
  const all = globalPolicy('all', { selector: 'all()', types: ['Ingress', 'Egress'] });
  const open = GUARD({ interfaceName: 'eth0', profiles: ['projectcalico-default-allow'] });
  expect(allows([all], INTO_NODE, open)).toBe(false);
});
