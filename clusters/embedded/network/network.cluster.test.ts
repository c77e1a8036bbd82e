import {
  createClusterUnderTest,
  type ClusterUnderTest,
} from '../../../test/support/embedded-provider.js';
import type { JsonObject } from '../../../common/json.js';
import type { Endpoint, ProbeCause } from '../../../common/probe.js';
import { causes, eventually, kubectl } from '../../provider.contract.js';
import type { Cluster } from '../../provider.js';

const TIMEOUT_MS = 120_000;
let under: ClusterUnderTest;
let cluster: Cluster;

const namespace = (name: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

const pod = (
  name: string,
  more: { labels?: Record<string, string>; node?: string } = {},
): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'net', labels: { app: name, ...more.labels } },
  spec: {
    terminationGracePeriodSeconds: 0,
    ...(more.node === undefined ? {} : { nodeName: more.node }),
    containers: [
      {
        name: 'c',
        image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
        args: ['netexec', '--http-port=8080', '--udp-port=8081'],
      },
    ],
  },
});

/** A pod in its node's own network. */
const onNode = (name: string, node: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'net' },
  spec: {
    terminationGracePeriodSeconds: 0,
    nodeName: node,
    hostNetwork: true,
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '3600'] }],
  },
});

const service = (name: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'net' },
  spec: { ports: [{ name: 'http', port: 80, targetPort: 8080 }], ...spec },
});

const at = (name: string): Endpoint => ({ type: 'pod', namespace: 'net', name });
const of = (name: string): Endpoint => ({ type: 'service', namespace: 'net', name });
const outside = (name: string): Endpoint => ({ type: 'outside', name });
const address = (text: string): Endpoint => ({ type: 'address', address: text });
const NODE_1 = '172.30.0.12';
const NODE_2 = '172.30.0.13';

beforeAll(async () => {
  under = await createClusterUnderTest({
    name: 'net',
    nodes: 3,
    nodeShell: true,
    manifests: [
      namespace('net'),
      pod('one', { labels: { group: 'web' }, node: 'worker-1' }),
      pod('two', { labels: { group: 'web' }, node: 'worker-2' }),
      pod('three', { node: 'worker-2' }),
      onNode('on-node', 'worker-1'),
      service('web', { selector: { group: 'web' } }),
      service('one', { selector: { app: 'one' } }),
      service('empty', { selector: { app: 'nobody' } }),
      service('headless', { selector: { group: 'web' }, clusterIP: 'None' }),
      service('sticky', { selector: { group: 'web' }, sessionAffinity: 'ClientIP' }),
      service('port', {
        selector: { app: 'one' },
        type: 'NodePort',
        ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }],
      }),
      service('local', {
        selector: { app: 'one' },
        type: 'NodePort',
        externalTrafficPolicy: 'Local',
        ports: [{ port: 80, targetPort: 8080, nodePort: 30081 }],
      }),
      service('balanced', { selector: { group: 'web' }, type: 'LoadBalancer' }),
      {
        ...service('elsewhere', {}),
        spec: { type: 'ExternalName', externalName: 'internet.example' },
      },
    ],
  });
  ({ cluster } = under);
}, TIMEOUT_MS);

afterAll(async () => {
  await under[Symbol.asyncDispose]();
}, TIMEOUT_MS);

async function expectRows(rows: [Endpoint, Endpoint, number, ProbeCause][]): Promise<void> {
  await eventually(async () => {
    expect(await causes(cluster, rows)).toEqual(rows.map((row) => row[3]));
  });
}

test(
  'pods reach each other on one node and across nodes, and see true sources',
  async () => {
    await expectRows([
      [at('one'), at('two'), 8080, 'open'],
      [at('three'), at('two'), 8080, 'open'],
      [at('two'), at('one'), 8080, 'open'],
      [at('two'), at('one'), 9999, 'refused'],
    ]);
    const ip = await jsonpath(['-n', 'net', 'get', 'pod', 'one'], '{.status.podIP}');
    const seen = await cluster.run(
      'kubectl -n net exec two -- wget -qO- http://one.net:80/clientip',
    );
    const own = await jsonpath(['-n', 'net', 'get', 'pod', 'two'], '{.status.podIP}');
    expect(seen.stdout).toContain(own);
    expect(ip).toMatch(/^10\.244\.1\./);
  },
  TIMEOUT_MS,
);

test(
  'Services are reached from pods, nodes, the workstation and through themselves',
  async () => {
    await expectRows([
      [at('three'), of('web'), 80, 'open'],
      [{ type: 'node', name: 'control-plane' }, of('web'), 80, 'open'],
      [address('172.30.0.100'), of('web'), 80, 'open'],
      [at('one'), of('one'), 80, 'open'],
      [at('three'), of('web'), 81, 'unreachable'],
      [at('three'), of('empty'), 80, 'refused'],
      [outside('client'), of('web'), 80, 'unreachable'],
      [at('three'), of('headless'), 80, 'no-target'],
    ]);
  },
  TIMEOUT_MS,
);

test(
  'node ports answer on every node, with the local policy only where an endpoint is',
  async () => {
    await expectRows([
      [outside('client'), address(NODE_1), 30080, 'open'],
      [outside('client'), address(NODE_2), 30080, 'open'],
      [outside('client'), address(NODE_1), 30081, 'open'],
      [outside('client'), address(NODE_2), 30081, 'filtered'],
      [outside('client'), address(NODE_1), 30082, 'refused'],
      [at('three'), address(NODE_2), 30081, 'open'],
    ]);
    const read = (port: number): Promise<{ stdout: string }> =>
      cluster.run(`curl -s -m 2 http://${NODE_1}:${port}/clientip`);
    expect((await read(30081)).stdout).toContain('172.30.0.100');
  },
  TIMEOUT_MS,
);

test(
  'a load balancer has an address outside of the LAN, and outside hosts reach it',
  async () => {
    const ip = await jsonpath(
      ['-n', 'net', 'get', 'service', 'balanced'],
      '{.status.loadBalancer.ingress[0].ip}',
    );
    expect(ip).toMatch(/^172\.30\.255\./);
    await expectRows([
      [outside('client'), of('balanced'), 80, 'open'],
      [outside('partner-a'), address(ip), 80, 'open'],
      [at('three'), address(ip), 80, 'open'],
    ]);
  },
  TIMEOUT_MS,
);

test(
  'a Service with affinity sends a client to the same pod again',
  async () => {
    const ip = await jsonpath(['-n', 'net', 'get', 'service', 'sticky'], '{.spec.clusterIP}');
    const result = await cluster.run(
      `for i in 1 2 3 4 5 6 7 8 9 10; do curl -s -m 2 http://${ip}/hostname; echo; done | sort -u`,
    );
    expect(['one\n', 'two\n']).toContain(result.stdout);
  },
  TIMEOUT_MS,
);

test(
  'an endpoint that comes or goes changes where a Service leads',
  async () => {
    await cluster.apply([
      pod('late', { labels: { group: 'late' } }),
      service('late', { selector: { group: 'late' } }),
    ]);
    await expectRows([[at('three'), of('late'), 80, 'open']]);
    await kubectl(cluster, 'learner', ['-n', 'net', 'delete', 'pod', 'late']);
    await expectRows([[at('three'), of('late'), 80, 'refused']]);
  },
  TIMEOUT_MS,
);

test(
  'names: Services, headless ones, pods, the outside, and what does not exist',
  async () => {
    const ip = await jsonpath(['-n', 'net', 'get', 'service', 'web'], '{.spec.clusterIP}');
    const ask = async (name: string, type = 'A'): Promise<string> =>
      (await cluster.run(`dig +short +time=2 +tries=2 @10.96.0.10 ${name} ${type}`)).stdout.trim();
    await eventually(async () => {
      expect(await ask('web.net.svc.cluster.local')).toBe(ip);
    });
    expect((await ask('headless.net.svc.cluster.local')).split('\n')).toHaveLength(2);
    expect(await ask('_http._tcp.web.net.svc.cluster.local', 'SRV')).toContain(
      'web.net.svc.cluster.local.',
    );
    expect(await ask('elsewhere.net.svc.cluster.local', 'CNAME')).toBe('internet.example.');
    expect(await ask('internet.example')).toBe('192.0.2.10');
    expect(await ask('nobody.net.svc.cluster.local')).toBe('');
    const inside = await cluster.run('kubectl -n net exec three -- nslookup web');
    expect(inside.stdout).toContain(ip);
  },
  TIMEOUT_MS,
);

test(
  'the outside: the internet serves, the metadata address answers, others are unreachable',
  async () => {
    await expectRows([
      [at('one'), outside('internet'), 80, 'open'],
      [at('one'), outside('metadata'), 80, 'open'],
      [at('one'), outside('partner-a'), 80, 'refused'],
      [at('one'), address('8.8.8.8'), 53, 'unreachable'],
      [outside('internet'), at('one'), 8080, 'open'],
      [outside('partner-b'), at('one'), 8080, 'open'],
      // A host that got a namespace of its own still serves.
      [at('two'), outside('internet'), 80, 'open'],
    ]);
  },
  TIMEOUT_MS,
);

test(
  'an egress policy and an address block hold for outside hosts',
  async () => {
    await cluster.apply([
      {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'partners', namespace: 'net' },
        spec: {
          podSelector: { matchLabels: { app: 'one' } },
          policyTypes: ['Ingress', 'Egress'],
          ingress: [
            { from: [{ ipBlock: { cidr: '198.51.100.0/24', except: ['198.51.100.128/25'] } }] },
          ],
          egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32'] } }] }],
        },
      },
    ]);
    await expectRows([
      [outside('partner-a'), at('one'), 8080, 'open'],
      [outside('partner-b'), at('one'), 8080, 'filtered'],
      [outside('client'), at('one'), 8080, 'filtered'],
      [at('one'), outside('internet'), 80, 'open'],
      [at('one'), outside('metadata'), 80, 'filtered'],
      [at('one'), at('one'), 8080, 'open'],
      // Its own node always reaches it.
      [{ type: 'node', name: 'worker-1' }, at('one'), 8080, 'open'],
      [{ type: 'node', name: 'worker-2' }, at('one'), 8080, 'filtered'],
    ]);
  },
  TIMEOUT_MS,
);

test(
  'UDP is told apart too',
  async () => {
    const requests = [
      { from: at('three'), to: at('two'), port: 8081, protocol: 'UDP' as const },
      { from: at('three'), to: at('two'), port: 8082, protocol: 'UDP' as const },
    ];
    const results = await cluster.probe(requests);
    expect(results.map(({ cause }) => cause)).toEqual(['open', 'refused']);
  },
  TIMEOUT_MS,
);

test.each(['two', 'on-node'])(
  'there is no IPv6 that could lead around a policy, and %s cannot switch it on',
  async (name) => {
    const inside = async (script: string): Promise<string> => {
      const command = `kubectl -n net exec ${name} -- sh -c '${script}' 2>&1`;
      return (await cluster.run(command)).stdout.trim();
    };
    const state = 'cat /proc/net/if_inet6; cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6';
    expect(await inside(state)).toBe('1');
    expect(await inside('echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6')).not.toBe('');
    expect(await inside(state)).toBe('1');
    expect(await inside('nc -z -w 1 fd00::1 8080')).toMatch(/unreachable|Cannot assign/);
  },
  TIMEOUT_MS,
);

async function jsonpath(args: string[], path: string): Promise<string> {
  return (await kubectl(cluster, 'learner', [...args, '-o', `jsonpath=${path}`])).stdout;
}
