/** Order of evaluation across tiers and kinds; the numbers are those of the semantics notes, sections 3 and 4. */
import {
  adminPolicy,
  calicoPolicy,
  clusterPolicy,
  globalPolicy,
  globalSet,
  networkSet,
  tier,
} from '../test/policy-wire/small-policies.js';
import { flow, networkPolicy, smallWorld } from '../test/policy-wire/small-world.js';
import { decide } from './decide.js';
import type { Decision, World } from './model.js';

const PODS = {
  'prod/db': { labels: { app: 'db' }, ports: [{ name: 'sql', port: 80, protocol: 'TCP' }] },
  'prod/web': { labels: { app: 'web' }, serviceAccount: 'runner' },
  'dev/web': { labels: { app: 'web' } },
} satisfies Parameters<typeof smallWorld>[0]['pods'];

function worldOf(policies: unknown[], more: Partial<World> = {}): World {
  return {
    ...smallWorld({ pods: PODS, namespaces: { prod: { team: 'red' }, dev: {} }, policies }),
    serviceAccounts: [{ namespace: 'prod', name: 'runner', labels: { trust: 'high' } }],
    ...more,
  };
}

const ask = (policies: unknown[], from = 'prod/web', on = 'TCP 80'): Decision =>
  decide(worldOf(policies), flow(from, 'prod/db', on));
const allows = (...args: Parameters<typeof ask>): boolean => ask(...args).allowed;

const TO_DB = { selector: "app == 'db'", types: ['Ingress'] };
const deny = { action: 'Deny' };
const allow = { action: 'Allow' };
const NP_ALLOW = networkPolicy('prod/np-allow', { podSelector: {}, ingress: [{}] });
const NP_DENY = networkPolicy('prod/np-deny', { podSelector: {} });

/** Whether one ingress rule of a Calico policy in prod, with Allow, admits. */
const admits = (rule: Record<string, unknown>, from = 'prod/web', on = 'TCP 80'): boolean =>
  allows([calicoPolicy('prod/p', { ...TO_DB, ingress: [{ ...allow, ...rule }] })], from, on);
const admitsGlobally = (rule: Record<string, unknown>, from = 'prod/web'): boolean =>
  allows([globalPolicy('p', { ...TO_DB, ingress: [{ ...allow, ...rule }] })], from);

describe('3.1 and 3.2: order', () => {
  test('a Deny of order 500 beats a Kubernetes allow, one of order 2000 comes too late', () => {
    const denial = (order?: number) =>
      globalPolicy('d', { ...TO_DB, ...(order !== undefined && { order }), ingress: [deny] });
    expect(allows([NP_ALLOW, denial(500)])).toBe(false);
    expect(allows([NP_ALLOW, denial(2000)])).toBe(true);
    expect(allows([NP_ALLOW, denial()])).toBe(true);
  });

  test('an Allow of order 2000 adds to the union of Kubernetes', () => {
    const late = calicoPolicy('prod/a', { ...TO_DB, order: 2000, ingress: [allow] });
    expect([allows([NP_DENY]), allows([NP_DENY, late])]).toEqual([false, true]);
  });

  test('an earlier tier without a match denies at its end, and the Kubernetes policy never runs', () => {
    const first = globalPolicy('first.p', { ...TO_DB, tier: 'first', ingress: [] });
    const decision = ask([NP_ALLOW, tier('first', 10), first]);
    expect(decision.ingress).toMatchObject({
      allowed: false,
      decidedBy: 'tier',
      tier: 'first',
      isolatedBy: ['first.p'],
    });
    expect(decision.explanation).toBe(
      'Denied: policy first.p selects pod prod/db for ingress in tier first and has no ingress rules.',
    );
    expect(allows([NP_ALLOW, tier('first', 10, 'Pass'), first])).toBe(true);
  });

  test('Pass leaves the tier; a tier whose policies select nobody is skipped', () => {
    const parts = [tier('first', 10), tier('second', 20)];
    const pass = globalPolicy('a', {
      ...TO_DB,
      tier: 'first',
      ingress: [{ action: 'Pass' }, deny],
    });
    const end = globalPolicy('b', { ...TO_DB, tier: 'second', ingress: [deny] });
    const others = globalPolicy('b', { ...TO_DB, selector: 'has(none)', tier: 'second' });
    expect(allows([...parts, pass])).toBe(true);
    expect(allows([...parts, pass, end])).toBe(false);
    expect(allows([...parts, pass, others])).toBe(true);
    expect(allows([...parts, pass, others, NP_DENY])).toBe(false);
  });

  test('Log writes and goes on to the next rule', () => {
    const decision = ask([globalPolicy('l', { ...TO_DB, ingress: [{ action: 'Log' }, allow] })]);
    expect(decision.allowed).toBe(true);
    expect(decision.ingress.loggedBy).toMatchObject([{ policy: 'l', rule: 0 }]);
    expect(decision.ingress.allowedBy).toMatchObject([{ policy: 'l', rule: 1 }]);
  });

  test('equal orders go by name, tiers without an order come last, tiers that are not there do nothing', () => {
    const named = (name: string, rule: unknown) =>
      globalPolicy(name, { ...TO_DB, order: 5, ingress: [rule] });
    expect(allows([named('b', deny), named('a', allow)])).toBe(true);
    expect(allows([named('b', allow), named('a', deny)])).toBe(false);
    expect(allows([globalPolicy('x', { ...TO_DB, tier: 'nowhere', ingress: [deny] })])).toBe(true);
  });

  test('a staged policy has no effect', () => {
    const staged = { ...(globalPolicy('s', TO_DB) as object), kind: 'StagedGlobalNetworkPolicy' };
    expect(allows([staged])).toBe(true);
  });

  test('the rule that forbids is named', () => {
    expect(
      ask([globalPolicy('d', { ...TO_DB, order: 1, ingress: [deny] }), NP_DENY]).explanation,
    ).toBe('Denied: the first ingress rule of GlobalNetworkPolicy d forbids it for pod prod/db.');
  });
});

describe('3.4: types', () => {
  const out = (spec: Record<string, unknown>, version?: string): boolean[] => {
    const policy = {
      ...(calicoPolicy('prod/p', spec) as object),
      ...(version && { apiVersion: version }),
    };
    const world = worldOf([policy]);
    return [
      decide(world, flow('dev/web', 'prod/db')).allowed,
      decide(world, flow('prod/db', 'dev/web')).allowed,
    ];
  };

  test('without types, rules of egress alone leave ingress untouched; no rules close ingress', () => {
    expect(out({})).toEqual([false, true]);
    expect(out({ egress: [deny] })).toEqual([true, false]);
    expect(out({ ingress: [allow], egress: [deny] })).toEqual([true, false]);
  });

  test('a stored object whose types nobody filled in means both', () => {
    expect(out({}, 'crd.projectcalico.org/v1')).toEqual([false, false]);
  });
});

describe('3.5: whom a rule means', () => {
  test('a namespaced policy means its own namespace unless a namespaceSelector says otherwise', () => {
    const source = { selector: "app == 'web'" };
    expect([admits({ source }), admits({ source }, 'dev/web')]).toEqual([true, false]);
    const wide = { source: { ...source, namespaceSelector: 'all()' } };
    expect([admits(wide), admits(wide, 'dev/web')]).toEqual([true, true]);
    expect(admitsGlobally({ source }, 'dev/web')).toBe(true);
  });

  test('without a selector a rule is for every packet, with all() for endpoints that Calico knows', () => {
    expect(admitsGlobally({}, '203.0.113.9')).toBe(true);
    expect(admitsGlobally({ source: { selector: 'all()' } }, '203.0.113.9')).toBe(false);
    expect(admitsGlobally({ source: { selector: 'all()' } }, 'dev/web')).toBe(true);
  });

  test('notSelector excludes; in a namespaced policy it still means the own namespace', () => {
    const source = { notSelector: "app == 'db'" };
    expect([admits({ source }), admits({ source }, 'dev/web')]).toEqual([true, false]);
    expect([
      admitsGlobally({ source }, 'dev/web'),
      admitsGlobally({ source: { notSelector: "app == 'web'" } }, 'dev/web'),
    ]).toEqual([true, false]);
  });

  test('service accounts by name and by label', () => {
    expect(admits({ source: { serviceAccounts: { names: ['runner'] } } })).toBe(true);
    expect(admits({ source: { serviceAccounts: { selector: "trust == 'high'" } } })).toBe(true);
    expect(admits({ source: { serviceAccounts: { names: ['other'] } } })).toBe(false);
    expect(admitsGlobally({ source: { serviceAccounts: { names: ['runner'] } } }, 'dev/web')).toBe(
      false,
    );
  });

  test('a policy of service accounts and namespaces selects by them', () => {
    const denies = (spec: Record<string, unknown>): boolean =>
      !decide(
        worldOf([globalPolicy('p', { types: ['Egress'], ...spec })]),
        flow('prod/web', 'prod/db'),
      ).allowed;
    expect(denies({ serviceAccountSelector: "trust == 'high'" })).toBe(true);
    expect(denies({ serviceAccountSelector: "trust == 'low'" })).toBe(false);
    expect(denies({ namespaceSelector: "team == 'red'" })).toBe(true);
    expect(denies({ namespaceSelector: "team == 'blue'" })).toBe(false);
  });
});

describe('3.6: rule fields', () => {
  test('all of a rule must hold', () => {
    const rule = {
      protocol: 'TCP',
      source: { nets: ['10.244.0.0/16'], notNets: ['10.244.1.11/32'] },
    };
    expect([admits(rule), admits(rule, 'dev/web'), admits(rule, 'dev/web', 'UDP 80')]).toEqual([
      false,
      true,
      false,
    ]);
  });

  test('ports by number, range, name, and what is excluded', () => {
    const on = (ports: unknown[], asked: string, protocol = 'TCP') =>
      admits({ protocol, destination: { ports } }, 'prod/web', asked);
    expect([on([80], 'TCP 80'), on(['79:81'], 'TCP 80'), on(['sql'], 'TCP 80')]).toEqual([
      true,
      true,
      true,
    ]);
    expect([on([80], 'TCP 81'), on([80], 'UDP 80'), on(['sql'], 'TCP 81')]).toEqual([
      false,
      false,
      false,
    ]);
    const not = { protocol: 'TCP', destination: { notPorts: [80, 'sql'] } };
    expect([admits(not), admits(not, 'prod/web', 'TCP 81')]).toEqual([false, true]);
    expect(admits(not, 'prod/web', 'UDP 81')).toBe(false);
    // A name may stand without a protocol.
    expect(admits({ destination: { ports: ['sql'] } })).toBe(true);
  });

  test('source ports are the client’s', () => {
    const rule = { protocol: 'TCP', source: { ports: [80] } };
    expect(admits(rule)).toBe(false);
    const world = worldOf([calicoPolicy('prod/p', { ...TO_DB, ingress: [{ ...allow, ...rule }] })]);
    expect(decide(world, { ...flow('prod/web', 'prod/db'), sourcePort: 80 }).allowed).toBe(true);
    expect(admits({ protocol: 'TCP', source: { ports: ['1024:65535'] } })).toBe(true);
  });

  test('protocols by name, by number and excluded; ICMP by type and code', () => {
    expect([admits({ protocol: 6 }), admits({ protocol: 17 })]).toEqual([true, false]);
    expect([admits({ notProtocol: 'UDP' }), admits({ notProtocol: 'TCP' })]).toEqual([true, false]);
    const icmp = { protocol: 'ICMP', icmp: { type: 8 } };
    expect([admits(icmp, 'prod/web', 'ICMP 0'), admits(icmp)]).toEqual([true, false]);
    expect(admits({ protocol: 'ICMP', icmp: { type: 3 } }, 'prod/web', 'ICMP 0')).toBe(false);
    expect(admits({ protocol: 'ICMP', notICMP: { type: 8, code: 0 } }, 'prod/web', 'ICMP 0')).toBe(
      false,
    );
    expect([admits({ ipVersion: 4 }), admits({ ipVersion: 6 })]).toEqual([true, false]);
  });

  test('services: as a source by address, as a destination with their ports', () => {
    const slice = (name: string, address: string) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'prod', name, labels: { 'kubernetes.io/service-name': name } },
      endpoints: [{ addresses: [address] }],
      ports: [{ port: 80, protocol: 'TCP' }],
    });
    const resources = [slice('db', '10.244.1.10'), slice('web', '10.244.1.11')];
    const reaches = (spec: Record<string, unknown>, on: string): boolean =>
      decide(
        worldOf([calicoPolicy('prod/p', spec)], { policyResources: resources }),
        flow('prod/web', 'prod/db', on),
      ).allowed;
    const out = {
      selector: "app == 'web'",
      types: ['Egress'],
      egress: [{ ...allow, destination: { services: { name: 'db', namespace: 'prod' } } }],
    };
    expect([reaches(out, 'TCP 80'), reaches(out, 'TCP 81')]).toEqual([true, false]);
    const into = { ...TO_DB, ingress: [{ ...allow, source: { services: { name: 'web' } } }] };
    expect(reaches(into, 'TCP 81')).toBe(true);
  });

  test('what cannot be understood opens nothing, and makes no hole in a Deny', () => {
    expect(admits({ protocol: 'TCPX' })).toBe(false);
    expect(admits({ destination: { ports: [80] } })).toBe(false);
    expect(admits({ source: { selector: 'oops' } })).toBe(false);
    expect(admits({ http: { methods: ['GET'] } })).toBe(false);
    const broken = { ...TO_DB, ingress: [{ action: 'Deny', source: { selector: 'oops' } }, allow] };
    expect(allows([calicoPolicy('prod/p', broken)])).toBe(false);
  });
});

describe('3.9: network sets', () => {
  const sets = [
    globalSet('bad', { list: 'bad' }, ['203.0.113.0/24']),
    networkSet('prod/partners', { list: 'good' }, ['198.51.100.7']),
  ];
  const reached = (policy: unknown, from: string) => allows([policy, ...sets], from);

  test('a GlobalNetworkSet is found from a global policy, and with global() from a namespaced one', () => {
    const source = { selector: "list == 'bad'" };
    const inGlobal = globalPolicy('p', { ...TO_DB, ingress: [{ ...allow, source }] });
    expect([reached(inGlobal, '203.0.113.9'), reached(inGlobal, '192.0.2.1')]).toEqual([
      true,
      false,
    ]);
    const inProd = (more: object) =>
      calicoPolicy('prod/p', { ...TO_DB, ingress: [{ ...allow, source: { ...source, ...more } }] });
    expect(reached(inProd({}), '203.0.113.9')).toBe(false);
    expect(reached(inProd({ namespaceSelector: 'global()' }), '203.0.113.9')).toBe(true);
  });

  test('a NetworkSet is found in its own namespace', () => {
    const source = { selector: "list == 'good'" };
    const own = calicoPolicy('prod/p', { ...TO_DB, ingress: [{ ...allow, source }] });
    expect(reached(own, '198.51.100.7')).toBe(true);
    const excluding = globalPolicy('p', {
      ...TO_DB,
      ingress: [{ ...allow, source: { notSelector: 'has(list)' } }],
    });
    expect([reached(excluding, '198.51.100.7'), reached(excluding, '192.0.2.1')]).toEqual([
      false,
      true,
    ]);
  });
});

describe('4: cluster-wide policies', () => {
  const everybody = { namespaces: {} };
  const admin = (name: string, priority: number, rule: object) =>
    clusterPolicy(name, { tier: 'Admin', priority, subject: everybody, ingress: [rule] });
  const from = { name: 'r', from: [{ namespaces: { matchLabels: { team: 'red' } } }] };

  test('an Admin policy comes before NetworkPolicies, lower priority first, and matches nothing else', () => {
    expect(allows([NP_ALLOW, admin('a', 5, { ...from, action: 'Deny' })])).toBe(false);
    expect(allows([NP_DENY, admin('a', 5, { ...from, action: 'Accept' })])).toBe(true);
    expect(allows([NP_DENY, admin('a', 5, { ...from, action: 'Pass' })])).toBe(false);
    expect(allows([NP_ALLOW, admin('a', 5, { ...from, action: 'Deny' })], 'dev/web')).toBe(true);
    const both = [
      admin('a', 6, { ...from, action: 'Deny' }),
      admin('b', 5, { ...from, action: 'Accept' }),
    ];
    expect(allows(both)).toBe(true);
  });

  test('a Baseline policy counts only where no NetworkPolicy selects the pod', () => {
    const baseline = clusterPolicy('b', {
      tier: 'Baseline',
      priority: 0,
      subject: everybody,
      ingress: [{ ...from, action: 'Deny' }],
    });
    expect([allows([baseline]), allows([baseline, NP_ALLOW])]).toEqual([false, true]);
    expect(allows([baseline], 'dev/web')).toBe(true);
  });

  test('ports of protocols, networks and nodes as peers of egress', () => {
    const out = (rule: object, on: string, to = 'prod/db'): boolean =>
      decide(
        worldOf(
          [
            clusterPolicy('p', {
              tier: 'Admin',
              priority: 0,
              subject: {
                pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'web' } } },
              },
              egress: [{ action: 'Deny', ...rule }],
            }),
          ],
          {
            nodes: [
              { name: 'node-1', addresses: ['172.18.0.2'], labels: { zone: 'a' } },
              { name: 'node-2', addresses: ['172.18.0.3'], labels: { zone: 'b' } },
            ],
          },
        ),
        flow('prod/web', to, on),
      ).allowed;
    const to = [{ networks: ['10.244.0.0/16', '192.0.2.0/24'] }];
    expect([out({ to }, 'UDP 5'), out({ to }, 'TCP 5', '198.51.100.1')]).toEqual([false, true]);
    const protocols = [
      { tcp: { destinationPort: { range: { start: 79, end: 81 } } } },
      { udp: { destinationPort: { number: 53 } } },
      { destinationNamedPort: 'sql' },
    ];
    expect(
      ['TCP 80', 'TCP 82', 'UDP 53', 'UDP 80'].map((on) => out({ to, protocols }, on)),
    ).toEqual([false, true, false, true]);
    const nodes = [{ nodes: { matchLabels: { zone: 'b' } } }];
    expect(out({ to: nodes }, 'TCP 80', '172.18.0.3')).toBe(false);
    expect(out({ to: nodes }, 'TCP 80')).toBe(true);
  });

  test('a peer kind that is not known fails closed', () => {
    const to = [{ domainNames: ['example.com'] }];
    const egress = (action: string) =>
      clusterPolicy('p', {
        tier: 'Admin',
        priority: 0,
        subject: everybody,
        egress: [{ action, to }],
      });
    const world = (action: string) => worldOf([egress(action)]);
    expect(decide(world('Deny'), flow('prod/web', 'prod/db')).allowed).toBe(false);
    expect(decide(world('Accept'), flow('prod/web', 'prod/db')).allowed).toBe(true);
  });

  test('the older pair is read into the same tiers', () => {
    const rule = {
      action: 'Deny',
      from: [{ namespaces: {} }],
      ports: [{ portNumber: { protocol: 'TCP', port: 80 } }],
    };
    const anp = adminPolicy('a', { priority: 1, subject: everybody, ingress: [rule] });
    expect([allows([anp, NP_ALLOW]), allows([anp, NP_ALLOW], 'prod/web', 'TCP 81')]).toEqual([
      false,
      true,
    ]);
    const banp = adminPolicy(
      'default',
      { subject: everybody, ingress: [{ ...rule, ports: [{ portRange: { start: 1, end: 99 } }] }] },
      'BaselineAdminNetworkPolicy',
    );
    expect([
      allows([banp]),
      allows([banp, NP_ALLOW]),
      allows([banp], 'prod/web', 'TCP 100'),
    ]).toEqual([false, true, true]);
  });
});
