/** A recorded cluster for tests of the graders: objects as a snapshot shows them, probes answered by a function. */
import type { Cluster } from '../clusters/provider.js';
import type { JsonObject } from '../common/json.js';
import type { Lab } from '../common/lab.js';
import { LabDefinition } from '../common/lab.js';
import type { ProbeRequest, ProbeResult } from '../common/probe.js';

export function namespaceObject(name: string): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
  };
}

export function podObject(
  path: string,
  labels: Record<string, string>,
  options: { address?: string; phase?: string; waiting?: string } = {},
): JsonObject {
  const [namespace = '', name = ''] = path.split('/');
  const { phase = 'Running', address, waiting } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, labels },
    spec: { nodeName: 'worker-1', containers: [{ name: 'c', image: 'nginx' }] },
    status: {
      phase,
      ...(address === undefined ? {} : { podIP: address, podIPs: [{ ip: address }] }),
      conditions: [{ type: 'Ready', status: phase === 'Running' ? 'True' : 'False' }],
      containerStatuses: waiting === undefined ? [] : [{ state: { waiting: { reason: waiting } } }],
    },
  };
}

export function serviceObject(
  path: string,
  selector: Record<string, string>,
  port: [number, number],
): JsonObject {
  const [namespace = '', name = ''] = path.split('/');
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: {
      clusterIP: '10.96.0.20',
      selector,
      ports: [{ port: port[0], targetPort: port[1], protocol: 'TCP' }],
    },
  };
}

export function policyObject(path: string, spec: JsonObject): JsonObject {
  const [namespace = '', name = ''] = path.split('/');
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name },
    spec,
  };
}

const PLUGIN_IMAGES: Readonly<Record<string, string>> = {
  'calico-node': 'docker.io/calico/node:v3.29.1',
  'kube-flannel-ds': 'ghcr.io/flannel-io/flannel:v0.26.1',
  cilium: 'quay.io/cilium/cilium:v1.16.4',
};

/** The plugin's DaemonSet, by whose image the graders know that policies are enforced. */
export function pluginObject(name: string, image = PLUGIN_IMAGES[name] ?? ''): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { namespace: 'kube-system', name },
    spec: { template: { spec: { containers: [{ name: 'c', image }] } } },
    status: { desiredNumberScheduled: 1, numberReady: 1 },
  };
}

/** What there is before a learner begins: pods by `namespace/name` and address, each labelled `app=NAME`, and a plugin. */
export function startObjects(pods: Record<string, string>, plugin = 'calico-node'): JsonObject[] {
  const namespaces = new Set(Object.keys(pods).map((path) => path.split('/')[0] ?? ''));
  return [
    ...[...namespaces].map(namespaceObject),
    pluginObject(plugin),
    ...Object.entries(pods).map(([path, address]) =>
      podObject(path, { app: path.split('/')[1] ?? '' }, { address }),
    ),
  ];
}

export function nodeObject(name: string, ready = true): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { podCIDR: '10.244.1.0/24' },
    status: {
      addresses: [{ type: 'InternalIP', address: '172.30.0.12' }],
      conditions: [
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          message: ready ? 'fine' : 'cni plugin not initialized',
        },
      ],
    },
  };
}

export type Answering = (request: ProbeRequest, round: number) => Partial<ProbeResult>;

/** Each probe is answered by the function, given how often the same path was asked for before. */
export function recordedCluster(
  objects: JsonObject[] | (() => JsonObject[]),
  answering: Answering = () => ({ cause: 'open' }),
): Cluster & { probed: ProbeRequest[][] } {
  const asked = new Map<string, number>();
  const probed: ProbeRequest[][] = [];
  const unused = (): never => {
    throw new Error('not part of the recording');
  };
  return {
    probed,
    info: {
      name: 'recorded',
      provider: 'test',
      state: 'ready',
      nodes: 1,
      cni: 'calico',
      labels: {},
      createdAt: '2026-01-01T00:00:00Z',
    },
    snapshot: () =>
      Promise.resolve({
        takenAt: '2026-01-01T00:00:00Z',
        resourceVersion: '1',
        objects: typeof objects === 'function' ? objects() : objects,
      }),
    probe(requests) {
      probed.push([...requests]);
      return Promise.resolve(
        requests.map((request) => {
          const key = JSON.stringify(request);
          const round = asked.get(key) ?? 0;
          asked.set(key, round + 1);
          return { request, cause: 'open', tookMs: 1, ...answering(request, round) };
        }),
      );
    },
    kubeconfig: unused,
    shell: unused,
    apply: unused,
    run: unused,
    reset: unused,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

export function isSelf({ from, to }: ProbeRequest): boolean {
  return JSON.stringify(from) === JSON.stringify(to);
}

/** A lab of one step with these checks; titles, hints and points are filled in. */
export function labWith(checks: JsonObject[], questions: JsonObject[] = []): Lab {
  const definition = LabDefinition.parse({
    title: 'T',
    summary: 'S',
    minutes: 1,
    objectives: ['O'],
    steps: [
      {
        id: 'step',
        title: 'Step',
        text: 'steps/1.md',
        questions,
        checks: checks.map((check) => ({
          id: 'check',
          title: 'The check',
          points: 1,
          rationale: 'R',
          hints: ['one', 'two'],
          ...check,
        })),
      },
    ],
  });
  return {
    id: '01-test/01-lab',
    chapter: '01-test',
    number: '01',
    slug: 'lab',
    definition,
    manifests: [],
    files: [],
    steps: definition.steps.map((step) => ({
      id: step.id,
      title: step.title,
      definition: step,
      markdown: '',
      text: { blocks: [] },
    })),
    wrong: [],
    diagrams: {},
    references: {},
    digest: 'sha256:0',
  };
}
