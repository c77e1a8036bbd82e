/**
 * Services as kube-proxy has them, on real packets: who is let through, who answers, whose address the server sees, and what
 * a change of the Service changes. What `network.cluster.test.ts` shows already is not repeated.
 */
import {
  createClusterUnderTest,
  type ClusterUnderTest,
} from '../../../test/support/embedded-provider.js';
import type { JsonObject } from '../../../common/json.js';
import type { Endpoint, ProbeCause, ProbeRequest } from '../../../common/probe.js';
import { eventually, kubectl } from '../../provider.contract.js';
import type { Cluster } from '../../provider.js';
import {
  BALANCER,
  FAR,
  FOREIGN_ADDRESS,
  HTTP,
  MANIFESTS,
  NEAR,
  NODE_1,
  NODE_2,
  WORKSTATION,
  nodePorts,
  server,
  service,
} from './services-fixture.js';

const TIMEOUT_MS = 120_000;
let under: ClusterUnderTest;
let cluster: Cluster;

beforeAll(async () => {
  under = await createClusterUnderTest({
    name: 'svc',
    nodes: 3,
    nodeShell: true,
    manifests: MANIFESTS,
  });
  ({ cluster } = under);
  // A cluster is there when its pods are ready, and this one never is.
  await cluster.apply([
    server('unready', { node: 'worker-1', http: 8080, udp: 8081, ready: false }),
  ]);
}, TIMEOUT_MS);

afterAll(async () => {
  await under[Symbol.asyncDispose]();
}, TIMEOUT_MS);

const pod = (name: string): Endpoint => ({ type: 'pod', namespace: 'svc', name });
const to = (name: string): Endpoint => ({ type: 'service', namespace: 'svc', name });
const node = (name: string): Endpoint => ({ type: 'node', name });
const outside = (name: string): Endpoint => ({ type: 'outside', name });
const address = (text: string): Endpoint => ({ type: 'address', address: text });

type Row = [from: Endpoint, to: Endpoint, port: string, ProbeCause];

/** `80` or `81/UDP`. */
function requestOf([from, target, port]: Row): ProbeRequest {
  const [number, protocol = 'TCP'] = port.split('/');
  return { from, to: target, port: Number(number), protocol: protocol === 'UDP' ? 'UDP' : 'TCP' };
}

/** All rows are tried at once, again until they are as they should be. */
async function expectRows(rows: Row[]): Promise<void> {
  await eventually(async () => {
    const results = await cluster.probe(rows.map(requestOf));
    expect(results.map(({ cause }) => cause)).toEqual(rows.map((row) => row[3]));
  });
}

const WAYS: { what: string; rows: Row[] }[] = [
  {
    what: 'every port of a Service leads to the port of that name, TCP and UDP, on every pod',
    rows: [
      [pod('client'), to('web'), '80', 'open'],
      [pod('client'), to('web'), '81/UDP', 'open'],
      [node('control-plane'), to('web'), '81/UDP', 'open'],
      [pod('client'), to('web'), '81', 'unreachable'],
    ],
  },
  {
    what: 'without a ready endpoint a Service refuses, at its address and at its node ports',
    rows: [
      [pod('client'), to('empty'), '80', 'refused'],
      [pod('client'), to('empty'), '81/UDP', 'refused'],
      [pod('client'), to('unready'), '80', 'refused'],
      [outside('client'), address(NODE_1), '30100', 'refused'],
      [outside('client'), address(NODE_1), '30101/UDP', 'refused'],
      [outside('client'), address(NODE_1), '30130', 'refused'],
    ],
  },
  {
    what: 'publishNotReadyAddresses sends to pods that are not ready',
    rows: [
      [pod('client'), to('published'), '80', 'open'],
      [pod('client'), to('published'), '81/UDP', 'open'],
    ],
  },
  {
    what: 'a pod reaches itself through its Service, over TCP and UDP',
    rows: [
      [pod('near'), to('near'), '80', 'open'],
      [pod('near'), to('near'), '81/UDP', 'open'],
    ],
  },
  {
    what: 'internalTrafficPolicy Local: only from a node that has an endpoint',
    rows: [
      [pod('near'), to('at-home'), '80', 'open'],
      [node('worker-1'), to('at-home'), '80', 'open'],
      [pod('client'), to('at-home'), '80', 'filtered'],
      [node('worker-2'), to('at-home'), '81/UDP', 'filtered'],
    ],
  },
  {
    what: 'node ports: TCP and UDP on every node, with the Local policy only where an endpoint is',
    rows: [
      [outside('client'), address(NODE_2), '30110', 'open'],
      [outside('client'), address(NODE_2), '30111/UDP', 'open'],
      [outside('client'), address(NODE_1), '30121/UDP', 'open'],
      [outside('client'), address(NODE_2), '30121/UDP', 'filtered'],
      // From inside, the policy of the outside does not count.
      [pod('client'), address(NODE_2), '30121/UDP', 'open'],
      [node('worker-2'), address(NODE_2), '30120', 'open'],
    ],
  },
  {
    what: 'loadBalancerSourceRanges: who may use the load balancer’s address, and nothing but that address',
    rows: [
      [outside('partner-a'), to('fenced'), '80', 'open'],
      [outside('partner-a'), to('fenced'), '81/UDP', 'open'],
      [outside('partner-b'), to('fenced'), '80', 'filtered'],
      [outside('client'), to('fenced'), '81/UDP', 'filtered'],
      [outside('client'), address(NODE_1), '30140', 'open'],
      [pod('near'), address(BALANCER), '80', 'open'],
      [pod('client'), address(BALANCER), '80', 'filtered'],
      [pod('client'), to('fenced'), '80', 'open'],
    ],
  },
  {
    what: 'a load balancer with the Local policy goes to a node that has an endpoint',
    rows: [[outside('client'), to('balanced-here'), '80', 'open']],
  },
  {
    what: 'externalIPs lead to the Service, whoever else would have them',
    rows: [
      [outside('client'), address(NODE_2), '8000', 'open'],
      [pod('client'), address(FOREIGN_ADDRESS), '8000', 'open'],
      [node('control-plane'), address(FOREIGN_ADDRESS), '8000', 'open'],
      [pod('client'), address(FOREIGN_ADDRESS), '8001', 'unreachable'],
    ],
  },
  {
    what: 'a slice written by hand leads out of the cluster',
    rows: [
      [pod('client'), to('by-hand'), '80', 'open'],
      [node('worker-1'), to('by-hand'), '80', 'open'],
      [outside('client'), address(NODE_1), '30150', 'open'],
    ],
  },
];

test.each(WAYS)('$what', async ({ rows }) => expectRows(rows), TIMEOUT_MS);

test(
  'the server sees the client, or the node where the answer must come back through it',
  async () => {
    const sources = [
      [`http://${NODE_1}:30110/clientip`, NODE_1],
      [`http://${NODE_2}:30110/clientip`, NODE_2],
      [`http://${NODE_1}:30120/clientip`, WORKSTATION],
      [`http://${await balancerOf('balanced-here')}/clientip`, WORKSTATION],
    ];
    for (const [url = '', seen] of sources) {
      expect([url, (await ask(url)).map((answer) => answer.split(':')[0])]).toEqual([url, [seen]]);
    }
  },
  TIMEOUT_MS,
);

test(
  'a status written by hand leads no other address astray',
  async () => {
    const ingress = [{ ip: BALANCER }, { ip: '203.0.113.10' }];
    await kubectl(cluster, 'learner', [
      ...['-n', 'svc', 'patch', 'service', 'fenced', '--subresource=status', '--type=merge'],
      ...['-p', JSON.stringify({ status: { loadBalancer: { ingress } } })],
    ]);
    await expectRows([[pod('near'), address('203.0.113.10'), '80', 'open']]);
    await expectRows([[outside('client'), address(NODE_1), '30110', 'open']]);
  },
  TIMEOUT_MS,
);

test(
  'connections are spread over all endpoints',
  async () => {
    const url = `http://${await addressOf('web')}/hostname`;
    await eventually(async () => {
      expect(new Set(await ask(url, 8))).toEqual(new Set(['near', 'far']));
    });
  },
  TIMEOUT_MS,
);

test(
  'affinity holds for its time, and a shorter time that is set later counts',
  async () => {
    const url = `http://${await addressOf('sticky')}/hostname`;
    expect(new Set(await ask(url, 12)).size).toBe(1);
    await patch('sticky', { sessionAffinityConfig: { clientIP: { timeoutSeconds: 1 } } });
    const seen = new Set<string>();
    await eventually(async () => {
      for (const name of await ask(url)) seen.add(name);
      // The time must pass: that is what is tried.
      await new Promise((resolve) => setTimeout(resolve, 1200));
      expect(seen).toEqual(new Set(['near', 'far']));
    }, 40_000);
  },
  TIMEOUT_MS,
);

test(
  'targetPort and selector change where a living Service leads',
  async () => {
    await cluster.apply([service('moving', { selector: NEAR })]);
    await expectRows([[pod('client'), to('moving'), '80', 'open']]);
    await patch('moving', { ports: [{ ...HTTP, targetPort: 7 }] });
    await expectRows([[pod('client'), to('moving'), '80', 'refused']]);
    await patch('moving', { ports: [HTTP], selector: FAR });
    const url = `http://${await addressOf('moving')}/hostname`;
    await eventually(async () => {
      expect(new Set(await ask(url, 4))).toEqual(new Set(['far']));
    });
    await patch('moving', { selector: { app: 'nobody' } });
    await expectRows([[pod('client'), to('moving'), '80', 'refused']]);
  },
  TIMEOUT_MS,
);

test(
  'a UDP client that keeps its port follows the Service to another pod',
  async () => {
    await cluster.apply([
      service('talking', { selector: NEAR, type: 'NodePort', ports: nodePorts(30170, 30171) }),
    ]);
    const doors = [`${await addressOf('talking')} 81`, `${NODE_2} 30171`];
    const talk = (): Promise<string[]> =>
      Promise.all(
        doors.map(async (door, i) => {
          const say = `printf hostname | nc -u -w 1 -p ${5300 + i} ${door}`;
          return (await cluster.run(say)).stdout.trim();
        }),
      );
    await eventually(async () => {
      expect(await talk()).toEqual(['near', 'near']);
    });
    await patch('talking', { selector: FAR });
    await eventually(async () => {
      expect(await talk()).toEqual(['far', 'far']);
    });
  },
  TIMEOUT_MS,
);

test(
  'a load balancer can ask each node whether it has a pod, until the Service is gone',
  async () => {
    const port = await field('balanced-here', '.spec.healthCheckNodePort');
    const at = async (node: string): Promise<string> =>
      (await cluster.run(`curl -s -m 2 -w '%{http_code}' http://${node}:${port}/healthz`)).stdout;
    const body = (count: number): string =>
      `{\n\t"service": {\n\t\t"namespace": "svc",\n\t\t"name": "balanced-here"\n\t},\n\t"localEndpoints": ${count},\n\t"serviceProxyHealthy": true\n}`;
    expect([await at(NODE_1), await at(NODE_2)]).toEqual([`${body(0)}503`, `${body(1)}200`]);
    await patch('balanced-here', { selector: NEAR });
    await eventually(async () => {
      expect([await at(NODE_1), await at(NODE_2)]).toEqual([`${body(1)}200`, `${body(0)}503`]);
    });
    await patch('balanced-here', { externalTrafficPolicy: 'Cluster', healthCheckNodePort: 0 });
    await expectRows([[outside('client'), address(NODE_1), port, 'refused']]);
  },
  TIMEOUT_MS,
);

test(
  'type and nodePort change what a living Service answers at, and its end ends all',
  async () => {
    const port = (nodePort: number): JsonObject[] => [{ ...HTTP, nodePort }];
    await cluster.apply([
      service('turning', { selector: NEAR, type: 'LoadBalancer', ports: port(30160) }),
    ]);
    await eventually(async () => {
      expect(await balancerOf('turning')).not.toBe('');
    });
    const clusterIp = address(await addressOf('turning'));
    const balancer = address(await balancerOf('turning'));
    const client = outside('client');
    await expectRows([
      [client, balancer, '80', 'open'],
      [client, address(NODE_2), '30160', 'open'],
    ]);
    await patch('turning', { type: 'NodePort', ports: port(30161) });
    await expectRows([
      [client, balancer, '80', 'unreachable'],
      [pod('client'), balancer, '80', 'unreachable'],
      [client, address(NODE_2), '30160', 'refused'],
      [client, address(NODE_2), '30161', 'open'],
    ]);
    await patch('turning', { type: 'ClusterIP', ports: [HTTP] });
    await expectRows([
      [client, address(NODE_2), '30161', 'refused'],
      [pod('client'), clusterIp, '80', 'open'],
    ]);
    await kubectl(cluster, 'learner', ['-n', 'svc', 'delete', 'service', 'turning']);
    await expectRows([[pod('client'), clusterIp, '80', 'unreachable']]);
  },
  TIMEOUT_MS,
);

const CLIENT_BLOCK = { ipBlock: { cidr: '203.0.113.10/32' } };
const policyOn = (app: string, spec: JsonObject): JsonObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'tried', namespace: 'svc' },
  spec: { podSelector: { matchLabels: { app } }, ...spec },
});

const POLICIES: { what: string; policy: JsonObject; rows: Row[] }[] = [
  {
    what: 'an address block knows the client of a node port until a node puts its own address in the place',
    policy: policyOn('near', { ingress: [{ from: [CLIENT_BLOCK] }] }),
    rows: [
      [outside('client'), address(NODE_1), '30120', 'open'],
      [outside('partner-a'), address(NODE_1), '30120', 'filtered'],
      [outside('client'), address(NODE_2), '30110', 'filtered'],
      // Policies come before the node's address does: on the pod's own node the client is known.
      [outside('client'), address(NODE_1), '30110', 'open'],
      [outside('partner-a'), address(NODE_1), '30110', 'filtered'],
    ],
  },
  {
    what: 'nobody may come in, not through a Service either, but a pod to itself',
    policy: policyOn('near', { policyTypes: ['Ingress'] }),
    rows: [
      [pod('client'), to('near'), '80', 'filtered'],
      [outside('client'), address(NODE_1), '30120', 'filtered'],
      [pod('near'), to('near'), '80', 'open'],
    ],
  },
  {
    what: 'the port that an egress policy names is the pod’s: the Service’s own lets nothing through',
    policy: policyOn('client', {
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: NEAR } }], ports: [{ port: 80 }] }],
    }),
    rows: [
      [pod('client'), to('near'), '80', 'filtered'],
      [pod('client'), pod('near'), '8080', 'filtered'],
    ],
  },
  {
    what: '… and the pod’s own does, whatever the Service calls it',
    policy: policyOn('client', {
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: NEAR } }], ports: [{ port: 8080 }] }],
    }),
    rows: [
      [pod('client'), to('near'), '80', 'open'],
      [pod('client'), address(NODE_2), '30110', 'open'],
      [pod('client'), to('near'), '81/UDP', 'filtered'],
    ],
  },
  {
    what: 'the addresses of Services are nobody’s when policies are asked',
    policy: policyOn('client', {
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '10.96.0.0/16' } }] }],
    }),
    rows: [
      [pod('client'), to('near'), '80', 'filtered'],
      [pod('client'), to('by-hand'), '80', 'filtered'],
    ],
  },
];

test.each(POLICIES)(
  '$what',
  async ({ policy, rows }) => {
    await cluster.apply([policy]);
    try {
      await expectRows(rows);
    } finally {
      await kubectl(cluster, 'learner', ['-n', 'svc', 'delete', 'networkpolicy', 'tried']);
    }
  },
  TIMEOUT_MS,
);

/** What a server tells the workstation, by requests one after the other. */
async function ask(url: string, times = 1): Promise<string[]> {
  const { stdout } = await cluster.run(
    `for i in $(seq ${times}); do curl -s -m 2 ${url}; echo; done`,
  );
  return stdout.trim().split('\n');
}

const patch = (name: string, spec: JsonObject): Promise<unknown> =>
  kubectl(cluster, 'learner', [
    ...['-n', 'svc', 'patch', 'service', name, '--type=merge', '-p', JSON.stringify({ spec })],
  ]);

const field = async (name: string, path: string): Promise<string> =>
  (
    await kubectl(cluster, 'learner', [
      ...['-n', 'svc', 'get', 'service', name, '-o', `jsonpath={${path}}`],
    ])
  ).stdout;
const addressOf = (name: string): Promise<string> => field(name, '.spec.clusterIP');
const balancerOf = (name: string): Promise<string> =>
  field(name, '.status.loadBalancer.ingress[0].ip');
