/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment -- the models are plain data to the client */
import { writeFile } from 'node:fs/promises';
import { Writable } from 'node:stream';
import {
  CoreV1Api,
  Exec,
  KubeConfig,
  NetworkingV1Api,
  type V1NetworkPolicySpec,
  type V1Pod,
  type V1Status,
} from '@kubernetes/client-node';
import { findProjectRoot } from '../../system/project-root.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { eventually } from '../provider.contract.js';
import path from 'node:path';

/**
 * What the Kubernetes end-to-end suite of network policies and cyclonus do, in small: three namespaces of three pods, a Service
 * each, and probes from every pod to every other by exec of `/agnhost connect`. All they are given is a kubeconfig from the command line.
 */
const TIMEOUT_MS = 180_000;
const GATEHOUSE = path.join(findProjectRoot(), 'scripts/gatehouse');
const NAMES = ['x', 'y', 'z'] as const;
const PODS = ['a', 'b', 'c'] as const;

type Short = (typeof NAMES)[number];
interface Peer {
  ns: Short;
  pod: (typeof PODS)[number];
}
type Protocol = 'tcp' | 'udp' | 'sctp';
interface Target {
  port: number;
  protocol: Protocol;
}

const PEERS = NAMES.flatMap((ns) => PODS.map((pod): Peer => ({ ns, pod })));
const TCP_80: Target = { port: 80, protocol: 'tcp' };

let state: Awaited<ReturnType<typeof createTempFolder>>;
let config: KubeConfig;
let core: CoreV1Api;
/** `x` -> the name that the server made of `netpol-x-`. */
const namespaces = new Map<Short, string>();

const gatehouse = async (...args: string[]): Promise<string> => {
  const result = await runCommand(GATEHOUSE, ['--state-dir', state.path, ...args], {
    timeoutMs: 60_000,
  });
  if (result.exitCode !== 0) throw new Error(result.stderr);
  return result.stdout;
};

beforeAll(async () => {
  state = await createTempFolder('netpol');
  await gatehouse('cluster', 'create', 'netpol');
  config = new KubeConfig();
  config.loadFromString(await gatehouse('cluster', 'kubeconfig', 'netpol'));
  core = config.makeApiClient(CoreV1Api);
  await Promise.all(NAMES.map(makeNamespace));
  await eventually(async () => {
    const pods = await core.listPodForAllNamespaces({ labelSelector: 'pod' });
    expect(pods.items.filter(isReady)).toHaveLength(PEERS.length);
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await gatehouse('cluster', 'delete', 'netpol');
  const host: unknown = JSON.parse(
    (await runCommand('cat', [path.join(state.path, 'host/host.lock')])).stdout,
  );
  if (typeof host === 'object' && host !== null && 'pid' in host) {
    process.kill(Number(host.pid), 'SIGTERM');
    await eventually(async () => {
      expect((await runCommand('kill', ['-0', String(host.pid)])).exitCode).not.toBe(0);
    });
  }
  await state[Symbol.asyncDispose]();
}, TIMEOUT_MS);

async function makeNamespace(short: Short): Promise<void> {
  const { metadata } = await core.createNamespace({
    body: { metadata: { generateName: `netpol-${short}-`, labels: { ns: short } } },
  });
  const namespace = metadata?.name ?? '';
  namespaces.set(short, namespace);
  // The suites wait for it before they make pods.
  await eventually(async () => {
    await core.readNamespacedServiceAccount({ namespace, name: 'default' });
  });
  await Promise.all(PODS.map((pod) => makePod(namespace, { ns: short, pod })));
}

async function makePod(namespace: string, { ns, pod }: Peer): Promise<void> {
  const targets: Target[] = [80, 81].flatMap((port) =>
    (['tcp', 'udp'] as const).map((protocol) => ({ port, protocol })),
  );
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: pod, labels: { pod } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [...targets.map(serving), serving({ port: 82, protocol: 'sctp' })],
      },
    },
  });
  await core.createNamespacedService({
    namespace,
    body: {
      metadata: { name: `s-${ns}-${pod}` },
      spec: {
        selector: { pod },
        ports: [...targets, { port: 82, protocol: 'sctp' }].map(({ port, protocol }) => ({
          name: `service-port-${protocol}-${port}`,
          protocol: protocol.toUpperCase(),
          port,
        })),
      },
    },
  });
}

/** A container as the suites have it. */
function serving({ port, protocol }: Target) {
  const name = `cont-${port}-${protocol}`;
  const image = 'registry.k8s.io/e2e-test-images/agnhost:2.47';
  const ports = [
    { name: `serve-${port}-${protocol}`, containerPort: port, protocol: protocol.toUpperCase() },
  ];
  const securityContext = {};
  if (protocol === 'sctp') {
    return {
      name,
      image,
      ports,
      securityContext,
      command: ['/agnhost', 'porter'],
      env: [{ name: `SERVE_SCTP_PORT_${port}`, value: 'foo' }],
    };
  }
  const command = [
    '/agnhost',
    'serve-hostname',
    `--${protocol}`,
    '--http=false',
    '--port',
    String(port),
  ];
  return { name, image, ports, securityContext, command };
}

const isReady = ({ status }: V1Pod): boolean =>
  status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ??
  false;

interface Outcome {
  code: number;
  stderr: string;
}

function execIn(from: Peer, command: readonly string[]): Promise<Outcome> {
  let stderr = '';
  const err = new Writable({
    write(chunk: Buffer, _encoding, done) {
      stderr += chunk.toString();
      done();
    },
  });
  const out = new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });
  return new Promise((resolve, reject) => {
    const done = (status: V1Status): void => {
      const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
      resolve({
        code: status.status === 'Success' ? 0 : Number(cause ?? -1),
        stderr: stderr.trim(),
      });
    };
    new Exec(config)
      .exec(
        namespaces.get(from.ns) ?? '',
        from.pod,
        'cont-80-tcp',
        [...command],
        out,
        err,
        null,
        false,
        done,
      )
      .catch(reject);
  });
}

function probe(from: Peer, to: Peer, { port, protocol }: Target): Promise<Outcome> {
  const host = `s-${to.ns}-${to.pod}.${namespaces.get(to.ns) ?? ''}.svc.cluster.local`;
  return execIn(from, [
    '/agnhost',
    'connect',
    `${host}:${port}`,
    '--timeout=1s',
    `--protocol=${protocol}`,
  ]);
}

/** One line per source, `.` where its probe came through: 81 probes side by side. */
async function matrix(target: Target = TCP_80): Promise<string[]> {
  const rows = PEERS.map(async (from) => {
    const row = await Promise.all(PEERS.map((to) => probe(from, to, target)));
    const cells = row.map(({ code, stderr }) =>
      code === 0 ? '.' : stderr.startsWith('TIMEOUT') ? 'X' : `(${stderr})`,
    );
    return `${from.ns}/${from.pod} ${cells.join('')}`;
  });
  return Promise.all(rows);
}

const expected = (allows: (from: Peer, to: Peer) => boolean): string[] =>
  PEERS.map(
    (from) =>
      `${from.ns}/${from.pod} ${PEERS.map((to) => (isSame(from, to) || allows(from, to) ? '.' : 'X')).join('')}`,
  );

/** A pod reaches itself whatever a policy says. */
const isSame = (a: Peer, b: Peer): boolean => a.ns === b.ns && a.pod === b.pod;

/** DNS must go on where egress is cut. */
const DNS = {
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
};
const isTarget = ({ ns, pod }: Peer): boolean => ns === 'x' && pod === 'a';
const onXA = { podSelector: { matchLabels: { pod: 'a' } } };

interface Case {
  what: string;
  spec: V1NetworkPolicySpec;
  target?: Target;
  allows: (from: Peer, to: Peer) => boolean;
}

const CASES: Case[] = [
  {
    what: 'nobody may come in',
    spec: { podSelector: {}, policyTypes: ['Ingress'] },
    allows: (_from, to) => to.ns !== 'x',
  },
  {
    what: 'the pods of one namespace may come in',
    spec: { ...onXA, ingress: [{ _from: [{ namespaceSelector: { matchLabels: { ns: 'y' } } }] }] },
    allows: (from, to) => !isTarget(to) || from.ns === 'y',
  },
  {
    what: 'pods by their label, of the same namespace alone',
    spec: { ...onXA, ingress: [{ _from: [{ podSelector: { matchLabels: { pod: 'b' } } }] }] },
    allows: (from, to) => !isTarget(to) || (from.ns === 'x' && from.pod === 'b'),
  },
  {
    what: 'a pod and a namespace in one peer are both asked for',
    spec: {
      ...onXA,
      ingress: [
        {
          _from: [
            {
              namespaceSelector: { matchLabels: { ns: 'y' } },
              podSelector: { matchLabels: { pod: 'b' } },
            },
          ],
        },
      ],
    },
    allows: (from, to) => !isTarget(to) || (from.ns === 'y' && from.pod === 'b'),
  },
  {
    what: 'a pod and a namespace in two peers are one or the other',
    spec: {
      ...onXA,
      ingress: [
        {
          _from: [
            { namespaceSelector: { matchLabels: { ns: 'y' } } },
            { podSelector: { matchLabels: { pod: 'b' } } },
          ],
        },
      ],
    },
    allows: (from, to) => !isTarget(to) || from.ns === 'y' || (from.ns === 'x' && from.pod === 'b'),
  },
  {
    what: 'one port is open, another is not',
    spec: { ...onXA, ingress: [{ ports: [{ port: 81 }] }] },
    allows: (_from, to) => !isTarget(to),
  },
  {
    what: 'a port by its name',
    spec: { ...onXA, ingress: [{ ports: [{ port: 'serve-81-tcp' }] }] },
    target: { port: 81, protocol: 'tcp' },
    allows: () => true,
  },
  {
    what: 'UDP is another protocol than TCP',
    spec: { ...onXA, ingress: [{ ports: [{ port: 80, protocol: 'TCP' }] }] },
    target: { port: 80, protocol: 'udp' },
    allows: (_from, to) => !isTarget(to),
  },
  {
    what: 'nobody may go out, but to ask for names',
    spec: { podSelector: {}, policyTypes: ['Egress'], egress: [DNS] },
    allows: (from) => from.ns !== 'x',
  },
  {
    what: 'one pod may go to one namespace',
    spec: {
      ...onXA,
      policyTypes: ['Egress'],
      egress: [DNS, { to: [{ namespaceSelector: { matchLabels: { ns: 'z' } } }] }],
    },
    allows: (from, to) => !isTarget(from) || to.ns === 'z',
  },
];

test(
  'without policies every pod reaches every other, over TCP and UDP and SCTP where the kernel has it',
  async () => {
    const everywhere = expected(() => true);
    expect(await matrix()).toEqual(everywhere);
    expect(await matrix({ port: 81, protocol: 'udp' })).toEqual(everywhere);
    const hasSctp = (await runCommand('sh', ['-c', 'test -d /proc/net/sctp'])).exitCode === 0;
    const sctp = await probe(
      { ns: 'x', pod: 'a' },
      { ns: 'y', pod: 'b' },
      { port: 82, protocol: 'sctp' },
    );
    expect(sctp.code).toBe(hasSctp ? 0 : 1);
  },
  TIMEOUT_MS,
);

test.each(CASES)(
  '$what',
  async ({ spec, target, allows }) => {
    const networking = config.makeApiClient(NetworkingV1Api);
    const namespace = namespaces.get('x') ?? '';
    await networking.createNamespacedNetworkPolicy({
      namespace,
      body: { metadata: { name: 'tried' }, spec },
    });
    try {
      expect(await matrix(target)).toEqual(expected(allows));
    } finally {
      await networking.deleteNamespacedNetworkPolicy({ namespace, name: 'tried' });
    }
  },
  TIMEOUT_MS,
);

test('a failed connection says why, in agnhost’s words', async () => {
  const from: Peer = { ns: 'x', pod: 'a' };
  const connect = (target: string, ...more: string[]) =>
    execIn(from, ['/agnhost', 'connect', target, '--timeout=1s', ...more]);
  expect(await connect('s-y-b.nowhere.svc.cluster.local:80')).toEqual({
    code: 1,
    stderr: expect.stringMatching(/^DNS: /),
  });
  expect(await connect('127.0.0.1:99')).toEqual({ code: 1, stderr: 'REFUSED' });
  expect(await connect('240.0.0.1:80')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^(OTHER|TIMEOUT)/),
  });
});

async function kubectl(...args: string[]): Promise<string> {
  const kubeconfig = path.join(state.path, 'kubeconfig');
  await writeFile(kubeconfig, config.exportConfig());
  return (await runCommand('kubectl', ['--kubeconfig', kubeconfig, ...args])).stdout;
}

test(
  'the pods of a service find each other with nettest, by their token',
  async () => {
    const namespace = namespaces.get('y') ?? '';
    const inside = (...args: string[]) => kubectl('-n', namespace, ...args);
    await inside('create', 'role', 'reads', '--verb=get', '--resource=endpoints');
    const account = `--serviceaccount=${namespace}:default`;
    await inside('create', 'rolebinding', 'reads', '--role=reads', account);
    await inside('create', 'service', 'clusterip', 'nettest', '--tcp=8080:8080');
    const image = '--image=registry.k8s.io/e2e-test-images/agnhost:2.47';
    const flags = ['-service=nettest', `-namespace=${namespace}`, '-port=8080', '-peers=2'];
    for (const name of ['nettest-1', 'nettest-2']) {
      await inside('run', name, image, '--labels=app=nettest', '--', 'nettest', ...flags);
    }
    await eventually(async () => {
      for (const pod of ['nettest-1', 'nettest-2']) {
        const status = `/api/v1/namespaces/${namespace}/pods/${pod}:8080/proxy/status`;
        expect(await kubectl('get', '--raw', status)).toBe('pass');
      }
    }, TIMEOUT_MS);
  },
  TIMEOUT_MS,
);

test(
  'a pod asks the API from inside, and may do with its token what a role allows',
  async () => {
    const namespace = namespaces.get('z') ?? '';
    const inside = (...args: string[]) => kubectl('-n', namespace, ...args);
    await inside('run', 'inside', '--image=curlimages/curl', '--command', '--', 'sleep', '3600');
    await inside('wait', '--for=condition=Ready', 'pod/inside', '--timeout=30s');
    const curl = (url: string) =>
      inside(
        'exec',
        'inside',
        '--',
        'sh',
        '-c',
        `curl -sk -H "Authorization: Bearer $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)" ${url}`,
      );
    expect(
      await inside('exec', 'inside', '--', 'curl', '-sk', 'https://kubernetes.default.svc/version'),
    ).toContain('"major": "1"');
    const pods = `https://kubernetes.default.svc/api/v1/namespaces/${namespace}/pods`;
    expect(JSON.parse(await curl(pods))).toMatchObject({
      code: 403,
      message: `pods is forbidden: User "system:serviceaccount:${namespace}:default" cannot list resource "pods" in API group "" in the namespace "${namespace}"`,
    });
    await inside('create', 'role', 'lists', '--verb=list', '--resource=pods');
    await inside(
      'create',
      'rolebinding',
      'lists',
      '--role=lists',
      `--serviceaccount=${namespace}:default`,
    );
    expect(JSON.parse(await curl(pods))).toMatchObject({ kind: 'PodList' });
    const trusted = '--cacert /var/run/secrets/kubernetes.io/serviceaccount/ca.crt';
    expect(
      JSON.parse(await curl(`${pods} ${trusted}`.replace('curl -sk', 'curl -s'))),
    ).toMatchObject({ kind: 'PodList' });
    // It would take its half minute to end, as sleep does.
    await inside('delete', 'pod', 'inside', '--now');
  },
  TIMEOUT_MS,
);

test(
  'namespaces with all in them are gone within seconds',
  async () => {
    const startedAt = Date.now();
    await Promise.all([...namespaces.values()].map((name) => core.deleteNamespace({ name })));
    await eventually(async () => {
      const left = (await core.listNamespace()).items.filter(({ metadata }) =>
        metadata?.name?.startsWith('netpol-'),
      );
      expect(left).toEqual([]);
    });
    expect(Date.now() - startedAt).toBeLessThan(10_000);
  },
  TIMEOUT_MS,
);
