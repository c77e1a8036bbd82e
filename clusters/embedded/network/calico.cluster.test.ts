import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createClusterUnderTest,
  type ClusterUnderTest,
} from '../../../test/support/embedded-provider.js';
import type { JsonObject } from '../../../common/json.js';
import type { Endpoint, ProbeRequest, ProbeResult } from '../../../common/probe.js';
import { eventually, kubectl } from '../../provider.contract.js';
import type { Cluster } from '../../provider.js';

const TIMEOUT_MS = 120_000;
let under: ClusterUnderTest;
let cluster: Cluster;

const pod = (name: string, node: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'net', labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    nodeName: node,
    containers: [
      {
        name: 'c',
        image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
        args: ['netexec', '--http-port=8080', '--udp-port=8081'],
      },
    ],
  },
});

beforeAll(async () => {
  under = await createClusterUnderTest({
    name: 'calico',
    nodes: 3,
    manifests: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'net' } },
      pod('one', 'worker-1'),
      pod('two', 'worker-2'),
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'door', namespace: 'net' },
        spec: {
          type: 'NodePort',
          selector: { app: 'one' },
          ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
        },
      },
    ],
  });
  ({ cluster } = under);
}, TIMEOUT_MS);

afterAll(async () => {
  await under[Symbol.asyncDispose]();
}, TIMEOUT_MS);

const at = (name: string): Endpoint => ({ type: 'pod', namespace: 'net', name });
const CLIENT: Endpoint = { type: 'outside', name: 'client' };
const NODE_1 = '172.30.0.12';

async function probe(from: Endpoint, to: Endpoint, port = 8080): Promise<ProbeResult> {
  const request: ProbeRequest = { from, to, port, protocol: 'TCP' };
  const [result] = await cluster.probe([request]);
  return result!;
}

/** What kubectl says to objects in a file; a refusal is what it says on stderr. */
async function withFile(
  verb: 'apply' | 'delete',
  objects: JsonObject[],
): Promise<{ stderr: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-calico-'));
  try {
    const file = path.join(folder, 'objects.json');
    await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
    return await kubectl(cluster, 'platform', [verb, '-f', file]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Applies, waits until `during` holds, and takes away what was applied. */
async function withObjects(objects: JsonObject[], during: () => Promise<void>): Promise<void> {
  expect((await withFile('apply', objects)).stderr).toBe('');
  try {
    await eventually(during);
  } finally {
    await withFile('delete', objects);
  }
}

const v3 = (kind: string, meta: string | JsonObject, spec: JsonObject): JsonObject => ({
  apiVersion: 'projectcalico.org/v3',
  kind,
  metadata: typeof meta === 'string' ? { name: meta } : meta,
  spec,
});

test(
  'a Calico rule that denies is enforced, named, and shown under both of its names',
  async () => {
    const policy = v3(
      'NetworkPolicy',
      { name: 'no-two', namespace: 'net' },
      {
        selector: "app == 'one'",
        ingress: [{ action: 'Deny', source: { selector: "app == 'two'" } }, { action: 'Allow' }],
      },
    );
    await withObjects([policy], async () => {
      expect(await probe(at('two'), at('one'))).toMatchObject({
        cause: 'filtered',
        droppedBy: { direction: 'ingress', policies: ['net/no-two'], rule: 0 },
      });
      expect((await probe(CLIENT, at('one'))).cause).toBe('open');
      const stored = await kubectl(cluster, 'platform', [
        'get',
        'networkpolicies.crd.projectcalico.org',
        '-n',
        'net',
        'no-two',
        '-o',
        'json',
      ]);
      expect(JSON.parse(stored.stdout)).toMatchObject({
        apiVersion: 'crd.projectcalico.org/v1',
        spec: { types: ['Ingress'], tier: 'default' },
      });
      const shown = await kubectl(cluster, 'platform', [
        'get',
        'caliconetworkpolicies',
        '-n',
        'net',
        '-o',
        'name',
      ]);
      expect(shown.stdout.trim()).toBe('networkpolicy.projectcalico.org/no-two');
    });
    await eventually(async () => {
      expect((await probe(at('two'), at('one'))).cause).toBe('open');
    });
  },
  TIMEOUT_MS,
);

test(
  'tiers, network sets and cluster-wide policies are followed as they change',
  async () => {
    await withObjects(
      [
        v3('Tier', 'security', { order: 5 }),
        v3(
          'GlobalNetworkSet',
          { name: 'partners', labels: { role: 'partner' } },
          { nets: ['203.0.113.0/24'] },
        ),
        v3('GlobalNetworkPolicy', 'security.only-partners', {
          tier: 'security',
          selector: "app == 'one'",
          ingress: [{ action: 'Pass', source: { selector: "role == 'partner'" } }],
        }),
      ],
      async () => {
        expect(await probe(at('two'), at('one'))).toMatchObject({
          cause: 'filtered',
          droppedBy: { tier: 'security', policies: ['security.only-partners'] },
        });
      },
    );
    await withObjects(
      [
        {
          apiVersion: 'policy.networking.k8s.io/v1alpha2',
          kind: 'ClusterNetworkPolicy',
          metadata: { name: 'admin' },
          spec: {
            tier: 'Admin',
            priority: 10,
            subject: { namespaces: {} },
            ingress: [{ name: 'no', action: 'Deny', from: [{ namespaces: {} }] }],
          },
        },
      ],
      async () => {
        expect(await probe(at('two'), at('one'))).toMatchObject({
          cause: 'filtered',
          droppedBy: { policies: ['admin'], rule: 0, direction: 'ingress' },
        });
        expect((await probe(CLIENT, at('one'))).cause).toBe('open');
      },
    );
  },
  TIMEOUT_MS,
);

test(
  'a host endpoint closes its node but for failsafe ports, and policies open it',
  async () => {
    const guard = v3(
      'HostEndpoint',
      { name: 'guard', labels: { role: 'node' } },
      { node: 'worker-1', interfaceName: 'eth0', expectedIPs: [NODE_1] },
    );
    const node: Endpoint = { type: 'node', name: 'worker-1' };
    expect((await probe(CLIENT, node, 9100)).cause).toBe('refused');
    await withObjects([guard], async () => {
      expect(await probe(CLIENT, node, 9100)).toMatchObject({
        cause: 'filtered',
        droppedBy: { policies: [], direction: 'ingress' },
      });
      expect((await probe(CLIENT, node, 22)).cause).toBe('refused');
      expect((await probe(node, { type: 'outside', name: 'internet' }, 8080)).cause).toBe(
        'filtered',
      );
      // What the node forwards and what its own pods do is not its business.
      expect((await probe(at('two'), at('one'))).cause).toBe('open');
      expect((await probe(node, at('one'))).cause).toBe('open');
      const open = v3('GlobalNetworkPolicy', 'open', {
        selector: "role == 'node'",
        types: ['Ingress'],
        ingress: [{ action: 'Allow', protocol: 'TCP', destination: { ports: [9100] } }],
      });
      await withObjects([open], async () => {
        expect((await probe(CLIENT, node, 9100)).cause).toBe('refused');
        expect((await probe(CLIENT, node, 9101)).cause).toBe('filtered');
      });
      const failsafe = v3('FelixConfiguration', 'node.worker-1', {
        failsafeInboundHostPorts: [
          { protocol: 'tcp', port: 9100 },
          { protocol: 'tcp', port: 9102, net: '192.0.2.0/32' },
        ],
      });
      await withObjects([failsafe], async () => {
        expect((await probe(CLIENT, node, 9100)).cause).toBe('refused');
        expect((await probe(CLIENT, node, 9102)).cause).toBe('filtered');
        expect((await probe(CLIENT, node, 22)).cause).toBe('filtered');
      });
      expect((await probe(CLIENT, node, 22)).cause).toBe('refused');
    });
  },
  TIMEOUT_MS,
);

test(
  'preDNAT sees the node port, applyOnForward what is forwarded, doNotTrack each packet by itself',
  async () => {
    const guard = v3(
      'HostEndpoint',
      { name: 'guard', labels: { role: 'node' } },
      {
        node: 'worker-1',
        interfaceName: 'eth0',
        profiles: ['projectcalico-default-allow'],
      },
    );
    const policy = (name: string, spec: JsonObject): JsonObject =>
      v3('GlobalNetworkPolicy', name, {
        selector: "role == 'node'",
        applyOnForward: true,
        ...spec,
      });
    const node: Endpoint = { type: 'node', name: 'worker-1' };
    const port = (number: number): JsonObject => ({
      protocol: 'TCP',
      destination: { ports: [number] },
    });
    await withObjects([guard], async () => {
      expect((await probe(CLIENT, node, 30080)).cause).toBe('open');
      const early = policy('early', {
        preDNAT: true,
        types: ['Ingress'],
        ingress: [{ action: 'Deny', ...port(30080) }],
      });
      await withObjects([early], async () => {
        expect(await probe(CLIENT, node, 30080)).toMatchObject({
          cause: 'filtered',
          droppedBy: { policies: ['early'], rule: 0 },
        });
        expect((await probe(CLIENT, at('one'), 8080)).cause).toBe('open');
      });
      const forward = policy('forward', {
        types: ['Ingress'],
        ingress: [{ action: 'Allow', ...port(8081) }],
      });
      await withObjects([forward], async () => {
        expect((await probe(at('two'), at('one'), 8080)).cause).toBe('filtered');
        expect((await probe(at('two'), at('one'), 8081)).cause).toBe('refused');
      });
      const stateless = policy('stateless', {
        doNotTrack: true,
        types: ['Ingress'],
        ingress: [{ action: 'Deny', ...port(9100) }],
      });
      await withObjects([stateless], async () => {
        expect((await probe(CLIENT, node, 9100)).cause).toBe('filtered');
        expect((await probe(CLIENT, node, 9101)).cause).toBe('refused');
      });
    });
  },
  TIMEOUT_MS,
);

test(
  'a rule that logs lets the packet go on, and the pod gets an event that names the rule',
  async () => {
    const policy = v3('GlobalNetworkPolicy', 'watch', {
      selector: "app == 'one'",
      types: ['Ingress'],
      ingress: [{ action: 'Log', protocol: 'TCP' }, { action: 'Allow' }],
    });
    await withObjects([policy], async () => {
      expect((await probe(at('two'), at('one'))).cause).toBe('open');
      await eventually(async () => {
        const events = await kubectl(cluster, 'platform', [
          'get',
          'events',
          '-n',
          'net',
          '--field-selector',
          'reason=PolicyLog',
          '-o',
          'jsonpath={.items[*].message}',
        ]);
        expect(events.stdout).toMatch(
          /calico-packet: ingress rule 0 of watch on worker-1: \S+ to \S+, TCP 8080/,
        );
      });
    });
  },
  TIMEOUT_MS,
);

test(
  'what Calico would not understand is refused, and where it is wrong is said',
  async () => {
    const refused = async (object: JsonObject): Promise<string> =>
      (await withFile('apply', [object])).stderr.trim();
    expect(await refused(v3('GlobalNetworkPolicy', 'bad', { selector: "app = 'web'" }))).toBe(
      `The GlobalNetworkPolicy "bad" is invalid: spec.selector: Invalid value: "app = 'web'": invalid selector: expected == (at character 5)`,
    );
    expect(
      await refused({
        apiVersion: 'policy.networking.k8s.io/v1alpha2',
        kind: 'ClusterNetworkPolicy',
        metadata: { name: 'bad' },
        spec: { tier: 'Admin', priority: 2000, subject: { namespaces: {} } },
      }),
    ).toBe(
      'The ClusterNetworkPolicy "bad" is invalid: spec.priority: Invalid value: 2000: spec.priority in body should be less than or equal to 1000',
    );
  },
  TIMEOUT_MS,
);
