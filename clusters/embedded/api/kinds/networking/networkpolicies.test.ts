import type { Json, JsonObject } from '../../../../../common/json.js';
import { create, faultsOf } from '../test-support/small-cluster.js';
import { NETWORK_POLICIES } from './networkpolicies.js';

function specOf(spec: JsonObject): unknown {
  return create(NETWORK_POLICIES, { spec })['spec'];
}

function faults(spec: JsonObject, name = 'x'): string[] {
  return faultsOf(() => create(NETWORK_POLICIES, { metadata: { name }, spec }));
}

const peer = (value: Json): JsonObject => ({ podSelector: {}, ingress: [{ from: [value] }] });
const port = (value: Json): JsonObject => ({ podSelector: {}, ingress: [{ ports: [value] }] });

describe('defaults', () => {
  test('without types a policy is about ingress', () => {
    expect(specOf({ podSelector: {} })).toEqual({ podSelector: {}, policyTypes: ['Ingress'] });
  });

  test('egress rules make it about egress as well', () => {
    expect(specOf({ podSelector: {}, egress: [{}] })).toMatchObject({
      policyTypes: ['Ingress', 'Egress'],
    });
  });

  test('an empty list of egress rules does not, and is not stored', () => {
    expect(specOf({ podSelector: {}, egress: [] })).toEqual({
      podSelector: {},
      policyTypes: ['Ingress'],
    });
  });

  test('types that are given stay, whatever rules there are', () => {
    expect(specOf({ podSelector: {}, policyTypes: ['Egress'], ingress: [{}] })).toMatchObject({
      policyTypes: ['Egress'],
    });
    expect(specOf({ podSelector: {}, policyTypes: ['Ingress'], egress: [{}] })).toMatchObject({
      policyTypes: ['Ingress'],
    });
  });

  test('an empty list of types counts as none', () => {
    expect(specOf({ podSelector: {}, policyTypes: [] })).toMatchObject({
      policyTypes: ['Ingress'],
    });
  });

  test('an absent selector selects every pod', () => {
    expect(specOf({})).toEqual({ podSelector: {}, policyTypes: ['Ingress'] });
  });

  test('a rule that says nothing stays a rule', () => {
    expect(specOf({ podSelector: {}, ingress: [{}] })).toMatchObject({ ingress: [{}] });
  });

  test('an empty list of ingress rules is not stored', () => {
    expect(specOf({ podSelector: {}, ingress: [] })).toEqual({
      podSelector: {},
      policyTypes: ['Ingress'],
    });
  });

  test('empty lists of peers and ports are not stored', () => {
    expect(specOf({ podSelector: {}, ingress: [{ from: [], ports: [] }] })).toMatchObject({
      ingress: [{}],
    });
  });

  test('a port without protocol is TCP, also the port that says nothing at all', () => {
    expect(specOf(port({}))).toMatchObject({ ingress: [{ ports: [{ protocol: 'TCP' }] }] });
    expect(specOf(port({ port: 53 }))).toMatchObject({
      ingress: [{ ports: [{ protocol: 'TCP', port: 53 }] }],
    });
    expect(specOf(port({ port: 'http' }))).toMatchObject({
      ingress: [{ ports: [{ protocol: 'TCP', port: 'http' }] }],
    });
    expect(
      specOf({ podSelector: {}, egress: [{ ports: [{ port: 1, endPort: 2 }] }] }),
    ).toMatchObject({
      egress: [{ ports: [{ protocol: 'TCP', port: 1, endPort: 2 }] }],
    });
  });

  test('a protocol that is given stays', () => {
    expect(specOf(port({ protocol: 'UDP' }))).toMatchObject({
      ingress: [{ ports: [{ protocol: 'UDP' }] }],
    });
  });

  test('empty selectors in a peer are kept: they select everything', () => {
    expect(specOf(peer({ namespaceSelector: {}, podSelector: {} }))).toMatchObject({
      ingress: [{ from: [{ namespaceSelector: {}, podSelector: {} }] }],
    });
  });
});

describe('accepted', () => {
  test.each<[string, JsonObject]>([
    ['the same type twice', { podSelector: {}, policyTypes: ['Ingress', 'Ingress'] }],
    ['a range of one port', port({ port: 80, endPort: 80 })],
    ['a range of ports', port({ port: 80, endPort: 90 })],
    ['host bits in an address block', peer({ ipBlock: { cidr: '10.0.0.1/8' } })],
    ['leading zeros in an address block', peer({ ipBlock: { cidr: '010.0.0.0/8' } })],
    [
      'an exception within the block',
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }),
    ],
    ['an IPv6 block', peer({ ipBlock: { cidr: '2001:db8::/64', except: ['2001:db8::/96'] } })],
    [
      'the empty value of a label',
      { podSelector: { matchExpressions: [{ key: 'a', operator: 'In', values: [''] }] } },
    ],
    ['SCTP', port({ protocol: 'SCTP', port: 80 })],
  ])('%s', (_what, spec) => {
    expect(faults(spec)).toEqual([]);
  });
});

const FROM = 'spec.ingress[0].from[0]';
const PORT = 'spec.ingress[0].ports[0]';
const SELECTOR = 'spec.podSelector';
const CIDR_FAULT = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LABEL_KEY =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

function expression(value: JsonObject): JsonObject {
  return { podSelector: { matchExpressions: [value] } };
}

describe('refused', () => {
  test.each<[string, JsonObject, string[]]>([
    ['a peer that names nobody', peer({}), [`${FROM}: Required value: must specify a peer`]],
    [
      'addresses beside a selector',
      peer({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }),
      [`${FROM}: Forbidden: may not specify both ipBlock and another peer`],
    ],
    [
      'addresses beside a namespace selector',
      peer({ ipBlock: { cidr: '10.0.0.0/8' }, namespaceSelector: {} }),
      [`${FROM}: Forbidden: may not specify both ipBlock and another peer`],
    ],
    [
      'ICMP as a protocol',
      port({ protocol: 'ICMP' }),
      [`${PORT}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"`],
    ],
    [
      'a protocol in small letters',
      port({ protocol: 'tcp' }),
      [`${PORT}.protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"`],
    ],
    [
      'port 0',
      port({ port: 0 }),
      [`${PORT}.port: Invalid value: 0: must be between 1 and 65535, inclusive`],
    ],
    [
      'port 70000',
      port({ port: 70000 }),
      [`${PORT}.port: Invalid value: 70000: must be between 1 and 65535, inclusive`],
    ],
    [
      'a range that ends before it starts',
      port({ port: 80, endPort: 10 }),
      [`${PORT}.endPort: Invalid value: 10: must be greater than or equal to \`port\``],
    ],
    [
      'a range from a name',
      port({ port: 'http', endPort: 90 }),
      [`${PORT}.endPort: Invalid value: 90: may not be specified when \`port\` is non-numeric`],
    ],
    [
      'a range from nowhere',
      port({ endPort: 90 }),
      [`${PORT}.endPort: Invalid value: 90: may not be specified when \`port\` is not specified`],
    ],
    [
      'a quoted number as a name',
      port({ port: '80' }),
      [`${PORT}.port: Invalid value: "80": must contain at least one letter (a-z)`],
    ],
    [
      'a name with an underscore',
      port({ port: 'my_port' }),
      [
        `${PORT}.port: Invalid value: "my_port": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
      ],
    ],
    [
      'a long name',
      port({ port: 'a-very-long-port-name' }),
      [`${PORT}.port: Invalid value: "a-very-long-port-name": must be no more than 15 characters`],
    ],
    [
      'two hyphens in a row',
      port({ port: 'a--b' }),
      [`${PORT}.port: Invalid value: "a--b": must not contain consecutive hyphens`],
    ],
    [
      'a hyphen at the end',
      port({ port: 'web-' }),
      [`${PORT}.port: Invalid value: "web-": must not begin or end with a hyphen`],
    ],
    ['an empty block', peer({ ipBlock: { cidr: '' } }), [`${FROM}.ipBlock.cidr: Required value`]],
    [
      'an address without prefix',
      peer({ ipBlock: { cidr: '10.0.0.1' } }),
      [`${FROM}.ipBlock.cidr: Invalid value: "10.0.0.1": ${CIDR_FAULT}`],
    ],
    [
      'an address that is none',
      peer({ ipBlock: { cidr: '300.0.0.0/8' } }),
      [`${FROM}.ipBlock.cidr: Invalid value: "300.0.0.0/8": ${CIDR_FAULT}`],
    ],
    [
      'an exception equal to the block',
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }),
      [
        `${FROM}.ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of \`cidr\``,
      ],
    ],
    [
      'an exception outside the block',
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }),
      [
        `${FROM}.ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of \`cidr\``,
      ],
    ],
    [
      'an exception of the other family',
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['2001:db8::/64'] } }),
      [
        `${FROM}.ipBlock.except[0]: Invalid value: "2001:db8::/64": must be a strict subset of \`cidr\``,
      ],
    ],
    [
      'an exception that is no block',
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['foo'] } }),
      [`${FROM}.ipBlock.except[0]: Invalid value: "foo": ${CIDR_FAULT}`],
    ],
    [
      'three types',
      { podSelector: {}, policyTypes: ['Ingress', 'Egress', 'Ingress'] },
      [
        'spec.policyTypes: Invalid value: []networking.PolicyType{"Ingress", "Egress", "Ingress"}: may not specify more than two policyTypes',
      ],
    ],
    [
      'an unknown type',
      { podSelector: {}, policyTypes: ['X'] },
      ['spec.policyTypes[0]: Unsupported value: "X": supported values: "Ingress", "Egress"'],
    ],
    [
      'In without values',
      expression({ key: 'a', operator: 'In' }),
      [
        `${SELECTOR}.matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
      ],
    ],
    [
      'Exists with values',
      expression({ key: 'a', operator: 'Exists', values: ['b'] }),
      [
        `${SELECTOR}.matchExpressions[0].values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`,
      ],
    ],
    [
      'an operator that is none',
      expression({ key: 'a', operator: 'Foo', values: ['b'] }),
      [
        `${SELECTOR}.matchExpressions[0].operator: Invalid value: "Foo": not a valid selector operator`,
      ],
    ],
    [
      'an operator of node affinity',
      expression({ key: 'a', operator: 'Gt', values: ['1'] }),
      [
        `${SELECTOR}.matchExpressions[0].operator: Invalid value: "Gt": not a valid selector operator`,
      ],
    ],
    [
      'a bad value of a label',
      { podSelector: { matchLabels: { app: 'bad value!' } } },
      [`${SELECTOR}.matchLabels: Invalid value: "bad value!": ${LABEL_VALUE}`],
    ],
    [
      'a bad value in an expression',
      expression({ key: 'a', operator: 'In', values: ['bad value!'] }),
      [`${SELECTOR}.matchExpressions[0].values[0]: Invalid value: "bad value!": ${LABEL_VALUE}`],
    ],
    [
      'a long value of a label',
      { podSelector: { matchLabels: { app: 'a'.repeat(64) } } },
      [
        `${SELECTOR}.matchLabels: Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`,
      ],
    ],
    [
      'a bad key of a label',
      { podSelector: { matchLabels: { 'bad key': 'a' } } },
      [`${SELECTOR}.matchLabels: Invalid value: "bad key": ${LABEL_KEY}`],
    ],
    [
      'a bad key in an expression',
      expression({ key: 'bad key', operator: 'Exists' }),
      [`${SELECTOR}.matchExpressions[0].key: Invalid value: "bad key": ${LABEL_KEY}`],
    ],
    [
      'a bad label in a peer',
      peer({ namespaceSelector: { matchLabels: { a: '!' } } }),
      [`${FROM}.namespaceSelector.matchLabels: Invalid value: "!": ${LABEL_VALUE}`],
    ],
  ])('%s', (_what, spec, expected) => {
    expect(faults(spec)).toEqual(expected);
  });

  test('all faults together, in order: pods, ingress ports, ingress peers, egress, types', () => {
    const all = faults({
      policyTypes: ['X'],
      egress: [{ to: [{}], ports: [{ port: 0 }] }],
      ingress: [{ from: [{}], ports: [{ port: 0 }] }],
      podSelector: { matchLabels: { a: '!' } },
    });
    expect(all.map((text) => text.slice(0, text.indexOf(':')))).toEqual([
      'spec.podSelector.matchLabels',
      'spec.ingress[0].ports[0].port',
      'spec.ingress[0].from[0]',
      'spec.egress[0].ports[0].port',
      'spec.egress[0].to[0]',
      'spec.policyTypes[0]',
    ]);
  });

  test('a name is a DNS subdomain of at most 253 characters', () => {
    expect(faults({ podSelector: {} }, 'Bad_Name')).toHaveLength(1);
    expect(faults({ podSelector: {} }, 'a.b-c')).toEqual([]);
    expect(faults({ podSelector: {} }, 'a'.repeat(254))).toEqual([
      `metadata.name: Invalid value: "${'a'.repeat(254)}": must be no more than 253 characters`,
    ]);
  });
});

test('the column shows what the policy selects', () => {
  const cell = (podSelector: JsonObject): unknown =>
    NETWORK_POLICIES.columns[1]!.cell(create(NETWORK_POLICIES, { spec: { podSelector } }), 0);
  expect(cell({})).toBe('<none>');
  expect(
    cell({
      matchLabels: { tier: 'db', app: 'web' },
      matchExpressions: [
        { key: 'env', operator: 'NotIn', values: ['b', 'a'] },
        { key: 'old', operator: 'DoesNotExist' },
      ],
    }),
  ).toBe('app=web,env notin (a,b),!old,tier=db');
});
