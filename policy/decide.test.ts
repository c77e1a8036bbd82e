/** One test per edge case of NetworkPolicy v1; the numbers are those of the semantics notes, section 2. */
import {
  flow,
  networkPolicy,
  smallWorld,
  type SmallWorld,
} from '../test/policy-wire/small-world.js';
import { decide } from './decide.js';

const PODS: SmallWorld['pods'] = {
  'prod/db': { labels: { app: 'db', role: 'db' } },
  'prod/web': {},
  'dev/web': { node: 'node-2' },
  'dev/bare': { labels: {} },
};

/** Whether prod/web (or another source) reaches prod/db on TCP 80 (or something else) under policies. */
function allows(
  policies: Record<string, unknown>,
  {
    from = 'prod/web',
    to = 'prod/db',
    on = 'TCP 80',
    ...rest
  }: Partial<SmallWorld> & { from?: string; to?: string; on?: string } = {},
): boolean {
  const world = smallWorld({
    pods: { ...PODS, ...rest.pods },
    namespaces: { prod: { team: 'a' }, dev: { team: 'b' }, ...rest.namespaces },
    policies: Object.entries(policies).map(([id, spec]) => networkPolicy(id, spec)),
  });
  return decide(world, flow(from, to, on)).allowed;
}

/** The same, with one policy that lets the listed rules into all pods of prod. */
const admits = (rule: unknown, options: Parameters<typeof allows>[1] = {}): boolean =>
  allows({ 'prod/p': { podSelector: {}, policyTypes: ['Ingress'], ingress: [rule] } }, options);

describe('isolation and defaulting', () => {
  test('1: without a policy everything passes', () => {
    expect(allows({})).toBe(true);
  });

  test('2: a selected pod accepts the union of the rules only', () => {
    const policies = {
      'prod/a': { podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] },
      'prod/b': { podSelector: {}, ingress: [{ ports: [{ port: 81 }] }] },
    };
    expect(['TCP 80', 'TCP 81', 'TCP 82'].map((on) => allows(policies, { on }))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('3: without policyTypes, egress counts only where there are egress rules', () => {
    const policies = { 'prod/p': { podSelector: {}, egress: [{ ports: [{ port: 81 }] }] } };
    expect(allows(policies, { to: 'dev/web' })).toBe(false);
    expect(allows(policies, { to: 'dev/web', on: 'TCP 81' })).toBe(true);
  });

  test('4: `egress: []` without policyTypes denies ingress and leaves egress alone', () => {
    const policies = { 'prod/p': { podSelector: {}, egress: [] } };
    expect(allows(policies)).toBe(false);
    expect(allows(policies, { to: 'dev/web' })).toBe(true);
  });

  test('5: egress rules without policyTypes isolate ingress too', () => {
    const policies = { 'prod/p': { podSelector: {}, egress: [{}] } };
    expect(allows(policies, { from: 'dev/web' })).toBe(false);
    expect(allows(policies, { to: 'dev/web' })).toBe(true);
  });

  test('6: ingress rules beside policyTypes [Egress] mean nothing', () => {
    const policies = {
      'prod/p': {
        podSelector: {},
        policyTypes: ['Egress'],
        ingress: [{ ports: [{ port: 1 }] }],
        egress: [{}],
      },
    };
    expect(allows(policies)).toBe(true);
  });

  test('7: egress rules beside policyTypes [Ingress] mean nothing', () => {
    const policies = {
      'prod/p': {
        podSelector: {},
        policyTypes: ['Ingress'],
        ingress: [{}],
        egress: [{ ports: [{ port: 1 }] }],
      },
    };
    expect(allows(policies)).toBe(true);
  });

  test('8: a direction named twice is that direction', () => {
    const policies = { 'prod/p': { podSelector: {}, policyTypes: ['Ingress', 'Ingress'] } };
    expect(allows(policies)).toBe(false);
    expect(allows(policies, { to: 'dev/web' })).toBe(true);
  });

  test('9: an empty list of policyTypes is defaulted like an absent one', () => {
    expect(allows({ 'prod/p': { podSelector: {}, policyTypes: [] } })).toBe(false);
  });

  test.each([
    ['empty', {}],
    ['absent', undefined],
  ])('10: an %s podSelector is all pods of the namespace', (_, podSelector) => {
    const policies = { 'prod/p': { podSelector, policyTypes: ['Ingress'] } };
    expect(allows(policies)).toBe(false);
    expect(allows(policies, { to: 'prod/web', from: 'prod/db' })).toBe(false);
    expect(allows(policies, { to: 'dev/web' })).toBe(true);
  });

  test('11: a podSelector that matches no pod changes nothing', () => {
    const podSelector = { matchLabels: { app: 'nobody' } };
    expect(allows({ 'prod/p': { podSelector, policyTypes: ['Ingress'] } })).toBe(true);
  });

  test('12: a policy never selects pods of another namespace', () => {
    expect(allows({ 'dev/p': { podSelector: {}, policyTypes: ['Ingress'] } })).toBe(true);
  });

  test.each([[undefined], [[]]])('13: ingress %p allows nothing in', (ingress) => {
    expect(allows({ 'prod/p': { podSelector: {}, policyTypes: ['Ingress'], ingress } })).toBe(
      false,
    );
  });

  test('14: an empty rule allows every source, port and protocol', () => {
    expect(admits({})).toBe(true);
    expect(admits({}, { from: '192.0.2.1', on: 'SCTP 9' })).toBe(true);
  });

  test.each([[undefined], [[]]])(
    '15: from %p is any source, nodes and the outside included',
    (from) => {
      expect(admits({ from }, { from: '192.0.2.1' })).toBe(true);
      expect(admits({ from }, { from: '172.18.0.3' })).toBe(true);
    },
  );

  test('16: a peer that says nothing is refused by the API, and matches nobody here', () => {
    expect(admits({ from: [{}] })).toBe(false);
  });

  test.each([[undefined], [[]]])('17: ports %p is every port of every protocol', (ports) => {
    expect(['TCP 1', 'UDP 65535', 'SCTP 7'].map((on) => admits({ ports }, { on }))).toEqual([
      true,
      true,
      true,
    ]);
  });

  test('18: an empty port entry is all of TCP only', () => {
    expect(['TCP 1', 'TCP 65535', 'UDP 53'].map((on) => admits({ ports: [{}] }, { on }))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('19: a protocol alone is all its ports', () => {
    const ports = [{ protocol: 'UDP' }];
    expect(['UDP 1', 'UDP 53', 'TCP 53'].map((on) => admits({ ports }, { on }))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('20: the protocol of a port is TCP unless told otherwise', () => {
    const http = { 'prod/db': { ports: [{ name: 'http', port: 80, protocol: 'UDP' as const }] } };
    expect(admits({ ports: [{ port: 80 }] }, { on: 'UDP 80' })).toBe(false);
    expect(admits({ ports: [{ port: 80, endPort: 90 }] }, { on: 'UDP 80' })).toBe(false);
    expect(admits({ ports: [{ port: 'http' }] }, { on: 'UDP 80', pods: http })).toBe(false);
  });

  test('21: allowing all egress changes nothing for ingress', () => {
    const policies = {
      'prod/in': { podSelector: {}, policyTypes: ['Ingress'] },
      'prod/out': { podSelector: {}, policyTypes: ['Egress'], egress: [{}] },
    };
    expect(allows(policies)).toBe(false);
    expect(allows(policies, { to: 'dev/web' })).toBe(true);
  });

  test('22: both sides must agree', () => {
    const open = { 'prod/in': { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] } };
    const shut = { 'dev/out': { podSelector: {}, policyTypes: ['Egress'] } };
    expect(allows(open, { from: 'dev/web' })).toBe(true);
    expect(allows({ ...open, ...shut }, { from: 'dev/web' })).toBe(false);
  });

  test('23: an allow-all beside a deny-all allows', () => {
    expect(
      allows({
        'prod/deny': { podSelector: {}, policyTypes: ['Ingress'] },
        'prod/open': { podSelector: {}, policyTypes: ['Ingress'], ingress: [{}] },
      }),
    ).toBe(true);
  });
});

describe('peers', () => {
  const podSelector = { matchLabels: { app: 'web' } };
  const namespaceSelector = { matchLabels: { team: 'b' } };

  test('26: peers of a rule are alternatives', () => {
    const from = [{ podSelector }, { namespaceSelector }];
    expect(
      ['prod/web', 'dev/web', 'dev/bare'].map((source) => admits({ from }, { from: source })),
    ).toEqual([true, true, true]);
  });

  test('27: two selectors in one peer must both match', () => {
    const from = [{ podSelector, namespaceSelector }];
    expect(
      ['prod/web', 'dev/web', 'dev/bare'].map((source) => admits({ from }, { from: source })),
    ).toEqual([false, true, false]);
  });

  test('28: a podSelector alone stays in the policy’s namespace', () => {
    const from = [{ podSelector }];
    expect(['prod/web', 'dev/web'].map((source) => admits({ from }, { from: source }))).toEqual([
      true,
      false,
    ]);
  });

  test('29: a namespaceSelector alone is all pods there', () => {
    const from = [{ namespaceSelector }];
    expect(['prod/web', 'dev/bare'].map((source) => admits({ from }, { from: source }))).toEqual([
      false,
      true,
    ]);
  });

  test.each([[{ namespaceSelector: {} }], [{ namespaceSelector: {}, podSelector: {} }]])(
    '30, 31: %p is all pods everywhere, but no outside address and no pod on its node’s network',
    (peer) => {
      const host = { 'dev/host': { hostNetwork: true, node: 'node-2', addresses: ['172.18.0.3'] } };
      const sources = ['prod/web', 'dev/bare', '192.0.2.1', 'dev/host'];
      expect(
        sources.map((source) => admits({ from: [peer] }, { from: source, pods: host })),
      ).toEqual([true, true, false, false]);
    },
  );

  test('32: a selector that matches nothing still isolates', () => {
    expect(admits({ from: [{ podSelector: { matchLabels: { never: 'happens' } } }] })).toBe(false);
  });

  test('33: labels and expressions of a selector must all match', () => {
    const both = {
      matchLabels: { app: 'web' },
      matchExpressions: [{ key: 'tier', operator: 'Exists' }],
    };
    expect(admits({ from: [{ podSelector: both }] })).toBe(false);
    const pods = { 'prod/web': { labels: { app: 'web', tier: 'x' } } };
    expect(admits({ from: [{ podSelector: both }] }, { pods })).toBe(true);
  });

  test.each([
    [{ key: 'app', operator: 'NotIn', values: ['x'] }],
    [{ key: 'app', operator: 'DoesNotExist' }],
  ])('34: %p matches a pod without the label', (expression) => {
    const from = [{ namespaceSelector: {}, podSelector: { matchExpressions: [expression] } }];
    expect(admits({ from }, { from: 'dev/bare' })).toBe(true);
  });

  test('35: an operator that does not exist matches nobody', () => {
    const from = [
      { podSelector: { matchExpressions: [{ key: 'app', operator: 'Gt', values: ['1'] }] } },
    ];
    expect(admits({ from })).toBe(false);
  });

  test('36: an empty value is a value', () => {
    const from = [
      {
        namespaceSelector: {},
        podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: [''] }] },
      },
    ];
    expect(admits({ from }, { from: 'dev/bare' })).toBe(false);
    expect(
      admits({ from }, { from: 'dev/bare', pods: { 'dev/bare': { labels: { app: '' } } } }),
    ).toBe(true);
  });

  test('37: a namespace is selected by name through its own label', () => {
    const from = [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'dev' } } }];
    expect(admits({ from }, { from: 'dev/bare' })).toBe(true);
    expect(admits({ from })).toBe(false);
  });

  test('39: a changed label counts for the pod as subject and as peer', () => {
    const policies = {
      'prod/p': {
        podSelector: { matchLabels: { role: 'db' } },
        ingress: [{ from: [{ podSelector }] }],
      },
    };
    expect(allows(policies, { pods: { 'prod/web': { labels: { app: 'other' } } } })).toBe(false);
    expect(
      allows(policies, { pods: { 'prod/web': { labels: {} }, 'prod/db': { labels: {} } } }),
    ).toBe(true);
  });

  test('40: a changed namespace label counts for all its pods', () => {
    const from = [{ namespaceSelector }];
    expect(admits({ from }, { from: 'dev/bare', namespaces: { dev: { team: 'c' } } })).toBe(false);
  });

  test('41: an ipBlock beside a selector is refused by the API, and matches nobody here', () => {
    expect(admits({ from: [{ podSelector: {}, ipBlock: { cidr: '0.0.0.0/0' } }] })).toBe(false);
  });

  test('42: an ipBlock matches the addresses of pods too', () => {
    expect(admits({ from: [{ ipBlock: { cidr: '10.244.1.0/24' } }] })).toBe(true);
  });

  test('43: an exception cuts from its own block only', () => {
    const closed = { ipBlock: { cidr: '10.244.0.0/16', except: ['10.244.1.0/24'] } };
    expect(admits({ from: [closed] })).toBe(false);
    expect(admits({ from: [closed, { ipBlock: { cidr: '10.244.1.11/32' } }] })).toBe(true);
  });

  test('44: an IPv4 block never matches IPv6, and the other way round', () => {
    const from = [{ ipBlock: { cidr: '0.0.0.0/0' } }];
    const pods = {
      'prod/db': { addresses: ['fd00::10'] },
      'prod/web': { addresses: ['fd00::11'] },
    };
    expect(admits({ from }, { pods })).toBe(false);
    expect(admits({ from: [{ ipBlock: { cidr: '::/0' } }] }, { pods })).toBe(true);
    expect(
      admits({ from: [{ ipBlock: { cidr: 'fd00::/16', except: ['fd00::11/128'] } }] }, { pods }),
    ).toBe(false);
  });

  test('46: other nodes are admitted by address only', () => {
    expect(admits({ from: [{ namespaceSelector: {} }] }, { from: '172.18.0.3' })).toBe(false);
    expect(admits({ from: [{ ipBlock: { cidr: '172.18.0.3/32' } }] }, { from: '172.18.0.3' })).toBe(
      true,
    );
  });

  test('47: a link-local address needs an ipBlock', () => {
    const egress = (to: unknown): Record<string, unknown> => ({
      'prod/p': { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [to] }] },
    });
    expect(allows(egress({ namespaceSelector: {} }), { to: '169.254.169.254' })).toBe(false);
    expect(
      allows(egress({ ipBlock: { cidr: '169.254.169.254/32' } }), { to: '169.254.169.254' }),
    ).toBe(true);
  });
});

describe('ports', () => {
  test('48: peers of one rule never combine with the ports of another', () => {
    const ingress = [
      { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 80 }] },
      { from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }], ports: [{ port: 81 }] },
    ];
    const policies = { 'prod/p': { podSelector: {}, ingress } };
    expect(allows(policies, { on: 'TCP 81' })).toBe(false);
    expect(allows(policies, { from: 'dev/bare' })).toBe(false);
    expect(allows(policies, { from: 'dev/bare', on: 'TCP 81' })).toBe(true);
  });

  test('50: a number need not be declared by the pod', () => {
    expect(admits({ ports: [{ port: 12345 }] }, { on: 'TCP 12345' })).toBe(true);
  });

  test('51: a named port is the destination’s, in both directions', () => {
    const pods = {
      'prod/web': { ports: [{ name: 'http', port: 80, protocol: 'TCP' as const }] },
      'prod/db': { ports: [{ name: 'http', port: 8080, protocol: 'TCP' as const }] },
    };
    const rule = { ports: [{ port: 'http' }] };
    const out = { 'prod/p': { podSelector: {}, policyTypes: ['Egress'], egress: [rule] } };
    expect(admits(rule, { pods, on: 'TCP 8080' })).toBe(true);
    expect(admits(rule, { pods, on: 'TCP 80' })).toBe(false);
    expect(allows(out, { pods, on: 'TCP 8080' })).toBe(true);
    expect(allows(out, { pods, on: 'TCP 80' })).toBe(false);
  });

  test('52, 53: a name that the pod lacks, or has for another protocol, matches nothing', () => {
    const rule = { ports: [{ port: 'http' }] };
    expect(admits(rule)).toBe(false);
    const pods = { 'prod/db': { ports: [{ name: 'http', port: 80, protocol: 'UDP' as const }] } };
    expect(admits(rule, { pods })).toBe(false);
    expect(admits(rule, { pods, on: 'UDP 80' })).toBe(false);
  });

  test('54: a named port never matches an address outside', () => {
    const policies = {
      'prod/p': {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [{ ports: [{ port: 'http' }] }],
      },
    };
    expect(allows(policies, { to: '192.0.2.1' })).toBe(false);
  });

  test('55: a quoted number is a name', () => {
    expect(admits({ ports: [{ port: '80' }] })).toBe(false);
  });

  test('56: endPort belongs to the range, and may equal port', () => {
    const ports = [{ port: 80, endPort: 90 }];
    expect(['TCP 79', 'TCP 80', 'TCP 90', 'TCP 91'].map((on) => admits({ ports }, { on }))).toEqual(
      [false, true, true, false],
    );
    expect(admits({ ports: [{ port: 80, endPort: 80 }] })).toBe(true);
  });

  test('57: endPort without a number before it matches nothing', () => {
    expect(admits({ ports: [{ endPort: 90 }] })).toBe(false);
    expect(admits({ ports: [{ port: 90, endPort: 80 }] }, { on: 'TCP 85' })).toBe(false);
  });

  test('59: two containers with the same port name open both numbers', () => {
    const ports = [80, 81].map((port) => ({ name: 'http', port, protocol: 'TCP' as const }));
    const rule = { ports: [{ port: 'http' }] };
    const results = ['TCP 80', 'TCP 81', 'TCP 82'].map((on) =>
      admits(rule, { on, pods: { 'prod/db': { ports } } }),
    );
    expect(results).toEqual([true, true, false]);
  });
});

describe('protocols', () => {
  test('61: a protocol that does not exist matches nothing', () => {
    expect(admits({ ports: [{ protocol: 'ICMP' }] })).toBe(false);
  });

  test('64, 65: protocols are kept apart', () => {
    expect(admits({ ports: [{ protocol: 'SCTP', port: 80 }] })).toBe(false);
    expect(admits({ ports: [{ protocol: 'SCTP', port: 80 }] }, { on: 'SCTP 80' })).toBe(true);
    expect(admits({ ports: [{ protocol: 'UDP', port: 80 }] })).toBe(false);
  });
});

describe('nodes, itself, life cycle', () => {
  const shut = { 'prod/p': { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } };

  test('72, 73: a pod and its own node always reach each other; other nodes are plain addresses', () => {
    expect(allows(shut, { from: '172.18.0.2' })).toBe(true);
    expect(allows(shut, { from: 'prod/db', to: '172.18.0.2' })).toBe(true);
    expect(allows(shut, { from: '172.18.0.3' })).toBe(false);
    expect(allows(shut, { from: 'prod/db', to: '172.18.0.3' })).toBe(false);
  });

  test('74: a pod on its node’s network is not selected, and is its node to others', () => {
    const pods = {
      'prod/host': { hostNetwork: true, addresses: ['172.18.0.3'], node: 'node-2' },
      'prod/near': { hostNetwork: true, addresses: ['172.18.0.2'], node: 'node-1' },
    };
    expect(allows(shut, { from: 'dev/web', to: 'prod/host', pods })).toBe(true);
    expect(allows(shut, { from: 'prod/host', pods })).toBe(false);
    expect(allows(shut, { from: 'prod/near', pods })).toBe(true);
  });

  test('75: a pod always reaches itself', () => {
    expect(allows(shut, { from: 'prod/db', to: 'prod/db' })).toBe(true);
    expect(allows(shut, { from: 'prod/db', to: '10.244.1.10' })).toBe(true);
  });

  test('77: an address that belongs to a pod is that pod', () => {
    expect(admits({ from: [{ podSelector: {} }] }, { from: '10.244.1.11' })).toBe(true);
  });

  test('83: a finished pod owns no address any more', () => {
    const pods = { 'prod/web': { phase: 'Succeeded' as const } };
    expect(admits({ from: [{ podSelector: {} }] }, { from: '10.244.1.11', pods })).toBe(false);
    expect(admits({}, { from: 'prod/web', pods })).toBe(false);
  });

  test('84: a terminating pod keeps its address and its policies', () => {
    expect(allows(shut, { pods: { 'prod/db': { phase: 'Running' } } })).toBe(false);
  });

  test('85: a pod without an address is judged by its labels, and is in no block', () => {
    const pods = { 'prod/web': { addresses: [], phase: 'Pending' as const } };
    expect(admits({ from: [{ podSelector: {} }] }, { pods })).toBe(true);
    expect(admits({ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }, { pods })).toBe(false);
  });

  test('86: a pod that has not started yet is isolated already', () => {
    expect(allows(shut, { pods: { 'prod/db': { phase: 'Pending' } } })).toBe(false);
  });

  test('89: the same name in another namespace is another policy', () => {
    const deny = { podSelector: {}, policyTypes: ['Ingress'] };
    const decision = decide(
      smallWorld({
        pods: PODS,
        policies: [networkPolicy('prod/p', deny), networkPolicy('dev/p', deny)],
      }),
      flow('dev/web', 'prod/db'),
    );
    expect(decision.ingress.isolatedBy).toEqual(['prod/p']);
  });
});

describe('what cannot be understood stays closed', () => {
  test.each([
    ['a selector that is no object', { podSelector: 7 }],
    ['an unknown operator', { podSelector: { matchExpressions: [{ key: 'a', operator: '?' }] } }],
    ['rules that are no list', { podSelector: {}, ingress: 'all' }],
    ['a rule that is no object', { podSelector: {}, ingress: [null] }],
    ['a port that is no object', { podSelector: {}, ingress: [{ ports: [80] }] }],
    [
      'a bad exception',
      { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['x'] } }] }] },
    ],
    ['no spec at all', undefined],
  ])('%s', (_, spec) => {
    expect(allows({ 'prod/p': spec })).toBe(false);
  });

  test('objects that are no NetworkPolicy are left alone', () => {
    const world = smallWorld({ pods: PODS, policies: [null, 7, { kind: 'GlobalNetworkPolicy' }] });
    expect(decide(world, flow('prod/web', 'prod/db')).allowed).toBe(true);
  });

  test('a flow that names a pod nobody knows is a mistake of the caller', () => {
    expect(() => decide(smallWorld({ pods: PODS }), flow('prod/ghost', 'prod/db'))).toThrow(
      'no pod prod/ghost',
    );
  });
});
