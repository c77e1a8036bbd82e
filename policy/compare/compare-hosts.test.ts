import {
  felixConfiguration,
  globalPolicy,
  hostEndpoint,
  profile,
} from '../../test/policy-wire/small-policies.js';
import { compare } from './compare.js';
import { describeWitness } from './describe-witness.js';

const NODE = '172.18.0.2';
const guard = (spec: object = {}): unknown =>
  hostEndpoint(
    'guard',
    { role: 'node' },
    { node: 'node-1', interfaceName: '*', expectedIPs: [NODE], ...spec },
  );
/** Of no meaning to pods, whatever labels they have. */
const NODES = "role == 'node' && !has(projectcalico.org/namespace)";
const forNodes = (spec: object): unknown =>
  globalPolicy('nodes', { selector: NODES, types: ['Ingress'], ...spec });
const allow = (port: number | string): object => ({
  action: 'Allow',
  protocol: 'TCP',
  destination: { ports: [port] },
});

/** `same`, or which one lets pass what the other stops. */
function difference(a: unknown[], b: unknown[]): string {
  const result = compare(a, b, { families: [4] });
  expect(result.unknown).toBe(0);
  if (result.equal) return 'same';
  return `${result.witness.allowedBy} allows ${describeWitness(result.witness)}`;
}

test('a host endpoint more or less is a node that is closed', () => {
  expect(difference([], [guard()])).toBe(
    'a allows TCP 80 from node node-1 (address 172.18.0.2) to a pod without labels in namespace other',
  );
  expect(difference([], [guard({ profiles: ['projectcalico-default-allow'] })])).toBe('same');
  // On the interface that every node has.
  expect(difference([guard()], [guard({ interfaceName: 'eth0' })])).toBe('same');
  expect(difference([guard()], [guard({ interfaceName: undefined })])).toBe('same');
  expect(difference([guard({ interfaceName: 'eth7' })], [])).toBe('same');
});

test('profiles, policies and failsafe ports are compared by what they mean', () => {
  const opened = [guard(), forNodes({ ingress: [allow(9100)] })];
  const byProfile = [
    guard({ profiles: ['metrics'] }),
    profile('metrics', { ingress: [allow(9100)] }),
  ];
  expect(difference(opened, byProfile)).toBe('same');
  const byName = [
    guard({ ports: [{ name: 'metrics', protocol: 'TCP', port: 9100 }] }),
    forNodes({ ingress: [allow('metrics')] }),
  ];
  expect(difference(opened, byName)).toBe('same');
  const failsafe = (...ports: object[]): unknown =>
    felixConfiguration('default', { failsafeInboundHostPorts: ports });
  expect(difference([guard()], [guard(), failsafe()])).toBe(
    'a allows TCP 22 from a pod without labels in namespace other to node node-1 (address 172.18.0.2)',
  );
  const ssh = { protocol: 'TCP', port: 22 };
  expect(
    difference([guard(), failsafe(ssh)], [guard(), failsafe(), forNodes({ ingress: [allow(22)] })]),
  ).toBe('same');
});

test('what a node forwards depends on where the pod runs', () => {
  const through = [guard(), forNodes({ applyOnForward: true, ingress: [allow(80)] })];
  expect(difference(through, [guard(), forNodes({ ingress: [allow(80)] })])).toBe(
    'b allows TCP 443 from a pod without labels in namespace other to a pod without labels in namespace other on node node-1',
  );
});

test('a policy before Services are translated may only show by what was dialled', () => {
  const early = forNodes({
    applyOnForward: true,
    preDNAT: true,
    ingress: [
      { action: 'Deny', protocol: 'TCP', destination: { ports: [30080], nets: [`${NODE}/32`] } },
    ],
  });
  expect(difference([guard()], [guard(), early])).toBe(
    'a allows TCP 80 from a pod without labels in namespace other to a pod without labels in namespace other on node node-1, dialled as port 30080 of 172.18.0.2',
  );
});

test('where two host endpoints claim one address, it may be of either node', () => {
  const other = hostEndpoint('guard', { role: 'node' }, { node: 'node-2', expectedIPs: [NODE] });
  expect(difference([guard({ interfaceName: undefined })], [other])).toMatch(/node-[12]/);
});
