import type { JsonObject } from '../../common/json.js';
import { validateCalico } from './validate.js';

const problemsOf = (kind: string, spec: JsonObject, name = 'p'): string[] =>
  validateCalico({ apiVersion: 'projectcalico.org/v3', kind, metadata: { name }, spec }).map(
    ({ path, problem }) => `${path}: ${problem}`,
  );
const ofRule = (rule: JsonObject, direction = 'ingress'): string[] =>
  problemsOf('NetworkPolicy', { [direction]: [{ action: 'Allow', ...rule }] }).map((text) =>
    text.replace(`spec.${direction}[0].`, ''),
  );

test.each<[JsonObject, string]>([
  [{ action: 'Accept' }, 'action: must be Allow, Deny, Log or Pass'],
  [{ protocol: 'TCPX' }, 'protocol: protocol name invalid'],
  [{ notProtocol: 0 }, 'notProtocol: protocol number invalid'],
  [
    { destination: { ports: [80] } },
    'destination.ports[0]: rules with numeric port or port range must set protocol to TCP or UDP or SCTP',
  ],
  [
    { protocol: 'TCP', source: { notPorts: ['90:80'] } },
    'source.notPorts[0]: is neither a port, a range nor a name of a port',
  ],
  [
    { source: { selector: "app = 'web'" } },
    'source.selector: invalid selector: expected == (at character 5)',
  ],
  [
    { source: { namespaceSelector: 'global() && has(x)' } },
    'source.namespaceSelector: global() cannot be combined with other selectors',
  ],
  [{ source: { nets: ['10.0.0.0/33'] } }, 'source.nets[0]: invalid CIDR'],
  [
    { source: { nets: ['10.0.0.0/8'], notNets: ['fd00::/8'] } },
    'source.notNets: rule contains both IPv4 and IPv6 CIDRs',
  ],
  [{ icmp: { type: 8 } }, 'icmp: rules that specify ICMP fields must set protocol to ICMP'],
  [{ protocol: 'ICMP', icmp: { code: 1 } }, 'icmp.code: ICMP code specified without an ICMP type'],
  [{ protocol: 'ICMP', notICMP: { type: 255 } }, 'notICMP.type: must be between 0 and 254'],
  [{ action: 'Deny', http: {} }, 'http: only valid for Allow rules'],
  [
    { source: { services: { name: 'x' }, selector: 'all()' } },
    'source.services: cannot specify Selector/NotSelector and Services on the same rule',
  ],
  [
    { destination: { services: { name: 'x' } } },
    'destination.services: not allowed in ingress rule destination',
  ],
])('a rule %j is refused', (rule, problem) => {
  expect(ofRule(rule)).toEqual([problem]);
});

test('what is right is not refused', () => {
  expect(
    ofRule({
      protocol: 'TCP',
      source: { selector: "app == 'web'", namespaceSelector: 'global()', nets: ['10.0.0.1'] },
      destination: { ports: [80, '8080:8090', 'http'], notNets: ['10.1.0.0/16'] },
    }),
  ).toEqual([]);
  expect(problemsOf('FelixConfiguration', { logSeverityScreen: 'Info' })).toEqual([]);
  const failsafeInboundHostPorts = [{ protocol: 'tcp', port: 22, net: '10.0.0.0/8' }, { port: 53 }];
  expect(problemsOf('FelixConfiguration', { failsafeInboundHostPorts })).toEqual([]);
});

test('failsafe ports that Felix would not understand are refused', () => {
  const wrong = [
    { protocol: 'icmp', port: 1 },
    { protocol: 'tcp', port: 70_000 },
    { protocol: 'tcp', port: 1, net: 'x' },
  ];
  const problem =
    'must be a protocol (tcp, udp or sctp), a port from 0 to 65535 and, if any, a net';
  expect(problemsOf('FelixConfiguration', { failsafeOutboundHostPorts: wrong })).toEqual(
    wrong.map((_, i) => `spec.failsafeOutboundHostPorts[${i}]: ${problem}`),
  );
});

test('policies as a whole', () => {
  expect(problemsOf('NetworkPolicy', { types: ['Ingress', 'Ingress', 'Both'] })).toEqual([
    "spec.types: 'Ingress' type specified more than once",
    'spec.types[2]: must be Ingress or Egress',
  ]);
  expect(
    problemsOf('GlobalNetworkPolicy', {
      selector: 'global()',
      preDNAT: true,
      egress: [{ action: 'Allow' }],
    }),
  ).toEqual([
    'spec.selector: global() can only be used in an EntityRule namespaceSelector',
    'spec.egress: PreDNAT PolicySpec cannot have any Egress rules',
    'spec.applyOnForward: ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given PolicySpec',
  ]);
});

test('the objects that policies refer to', () => {
  expect(problemsOf('Tier', { order: 5 }, 'default')).toEqual([
    'spec.order: default tier order must be 1000000',
  ]);
  expect(problemsOf('Tier', { order: 5, defaultAction: 'Allow' }, 'a.b')).toHaveLength(2);
  expect(problemsOf('GlobalNetworkSet', { nets: ['10.0.0.0/8', 'x'] })).toEqual([
    'spec.nets[1]: invalid CIDR',
  ]);
  expect(problemsOf('HostEndpoint', {})).toEqual([
    'spec.interfaceName: no interface or expected IPs have been specified',
    'spec.node: no node has been specified',
  ]);
  expect(
    problemsOf('IPPool', { cidr: '10.0.0.0/8', ipipMode: 'Always', vxlanMode: 'Always' }),
  ).toEqual(['spec.ipipMode: IPIPMode and VXLANMode cannot both be enabled on the same IP pool']);
});
