import { z } from 'zod';
import type { ClusterSnapshot } from '../clusters/provider.js';
import type { JsonObject } from '../common/json.js';
import type { World } from '../policy/model.js';
import {
  isPolicy,
  policyEngineOf,
  policyObjectsOf,
  REFERRED_KINDS,
  type PolicyEngine,
} from './policy-engine.js';

/** One moment of a cluster, as checks read it. */
export interface ClusterView {
  /** ISO 8601. */
  takenAt: string;
  objects: readonly JsonObject[];
  namespaces: readonly { name: string; labels: Labels }[];
  nodes: readonly NodeView[];
  pods: readonly PodView[];
  services: readonly ServiceView[];
  /** The same moment for policy reasoning. */
  world: World;
  policyEngine: PolicyEngine;
  /** Policies of kinds that `policy/` does not reason about, as `Kind namespace/name`. */
  unknownPolicies: readonly string[];
  /** Kinds, as `v1/Event`, that the cluster has and this view does not: of these nothing is known. */
  omittedKinds: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

export interface NodeView {
  name: string;
  labels: Labels;
  addresses: readonly string[];
  ready: boolean;
  /** What its Ready condition says. */
  message: string;
  podCidrs: readonly string[];
}

export interface PodView {
  namespace: string;
  name: string;
  labels: Labels;
  node: string;
  addresses: readonly string[];
  hostNetwork: boolean;
  phase: World['pods'][number]['phase'];
  ready: boolean;
  /** Why it will not run without help: `ImagePullBackOff: …`, `0/3 nodes are available`. */
  problem?: string;
  ports: World['pods'][number]['ports'];
}

export interface ServiceView {
  namespace: string;
  name: string;
  type: string;
  clusterIp: string;
  /** Empty where it has none. */
  selector: Labels;
  ports: readonly { port: number; protocol: Protocol; targetPort: number | string }[];
}

type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** Objects that are going away or have finished are left out, as they own nothing any more. */
export function viewOf(
  { takenAt, objects }: Pick<ClusterSnapshot, 'takenAt' | 'objects'>,
  omittedKinds: readonly string[] = [],
): ClusterView {
  const all = <T>(kind: string, read: (object: JsonObject) => T | undefined): T[] =>
    objectsOfKind(objects, 'v1', kind).flatMap((object) => read(object) ?? []);
  const namespaces = all('Namespace', readNamed).map(({ metadata }) => metadata);
  const nodes = all('Node', readNode);
  const pods = all('Pod', readPod).filter(
    ({ metadata, phase }) =>
      metadata.deletionTimestamp === undefined && phase !== 'Succeeded' && phase !== 'Failed',
  );
  const policyEngine = policyEngineOf(objects);
  const { policies, resources, unknown } = policyObjectsOf(objects, policyEngine);
  return {
    takenAt,
    objects,
    namespaces,
    nodes,
    pods: pods.map(({ metadata, serviceAccount: _, ...pod }) => ({ ...metadata, ...pod })),
    services: all('Service', readService).map(({ metadata, ...service }) => ({
      ...metadata,
      ...service,
    })),
    world: {
      namespaces,
      nodes,
      serviceAccounts: all('ServiceAccount', readNamed).map(({ metadata }) => metadata),
      pods: pods.map(
        ({ metadata, serviceAccount, node, addresses, hostNetwork, phase, ports }) => ({
          ...metadata,
          serviceAccount,
          node,
          addresses,
          hostNetwork,
          phase,
          ports,
        }),
      ),
      networkPolicies: policies,
      policyResources: resources,
    },
    policyEngine,
    unknownPolicies: unknown,
    omittedKinds,
  };
}

/** Whether views, and checks of the cluster itself, read an object of this kind, whatever the lab. */
export function isViewed(object: JsonObject): boolean {
  return VIEWED_KINDS.some((kind) => kind === object['kind']) || isPolicy(object);
}

const VIEWED_KINDS = [
  'Namespace',
  'Node',
  'Pod',
  'Service',
  'ServiceAccount',
  'DaemonSet',
  'IPPool',
  ...REFERRED_KINDS,
];

/** `apiVersion/kind` of an object. */
export function kindOf({ apiVersion, kind }: { apiVersion?: unknown; kind?: unknown }): string {
  const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
  return `${textOf(apiVersion)}/${textOf(kind)}`;
}

export function objectsOfKind(
  objects: readonly JsonObject[],
  apiVersion: string,
  kind: string,
): JsonObject[] {
  return objects.filter((object) => object['kind'] === kind && object['apiVersion'] === apiVersion);
}

/** The pods that a Service sends a port's traffic to now, each with its own port. */
export function backendsOf(
  view: ClusterView,
  service: ServiceView,
  dialled: { port: number; protocol: Protocol },
) {
  const entry = service.ports.find(
    ({ port, protocol }) => port === dialled.port && protocol === dialled.protocol,
  );
  if (entry === undefined || Object.keys(service.selector).length === 0) return [];
  return view.pods
    .filter(
      (pod) =>
        pod.namespace === service.namespace && pod.ready && hasLabels(pod.labels, service.selector),
    )
    .flatMap((pod) => {
      const port =
        typeof entry.targetPort === 'number'
          ? entry.targetPort
          : pod.ports.find(
              ({ name, protocol }) => name === entry.targetPort && protocol === entry.protocol,
            )?.port;
      return port === undefined ? [] : [{ pod, port }];
    });
}

export function hasLabels(labels: Labels, wanted: Labels): boolean {
  return Object.entries(wanted).every(([key, value]) => labels[key] === value);
}

const LabelMap = z.record(z.string(), z.string()).default({});
const Meta = z.object({
  name: z.string(),
  namespace: z.string().default(''),
  labels: LabelMap,
  deletionTimestamp: z.string().optional(),
});
const Named = z.object({ metadata: Meta });
const Condition = z.object({
  type: z.string(),
  status: z.string(),
  message: z.string().default(''),
  reason: z.string().default(''),
});
const ProtocolName = z.enum(['TCP', 'UDP', 'SCTP']).default('TCP');

const NodeObject = z
  .object({
    metadata: Meta,
    spec: z
      .object({ podCIDR: z.string().optional(), podCIDRs: z.array(z.string()).optional() })
      .prefault({}),
    status: z
      .object({
        addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
        conditions: z.array(Condition).default([]),
      })
      .prefault({}),
  })
  .transform(({ metadata, spec, status }): NodeView => {
    const ready = status.conditions.find(({ type }) => type === 'Ready');
    return {
      name: metadata.name,
      labels: metadata.labels,
      addresses: status.addresses
        .filter(({ type }) => type === 'InternalIP')
        .map(({ address }) => address),
      ready: ready?.status === 'True',
      message: ready?.message ?? 'it has not reported yet',
      podCidrs: spec.podCIDRs ?? (spec.podCIDR === undefined ? [] : [spec.podCIDR]),
    };
  });

const Container = z.object({
  ports: z
    .array(
      z.object({ name: z.string().optional(), containerPort: z.number(), protocol: ProtocolName }),
    )
    .default([]),
});
const Waiting = z.object({ reason: z.string().default(''), message: z.string().default('') });
/** Reasons that do not pass by waiting. */
const STUCK = [
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'CrashLoopBackOff',
  'CreateContainerConfigError',
  'RunContainerError',
];

const PodObject = z
  .object({
    metadata: Meta,
    spec: z.object({
      nodeName: z.string().default(''),
      hostNetwork: z.boolean().default(false),
      serviceAccountName: z.string().default('default'),
      containers: z.array(Container).default([]),
    }),
    status: z
      .object({
        phase: z.enum(['Pending', 'Running', 'Succeeded', 'Failed', 'Unknown']).catch('Pending'),
        podIP: z.string().optional(),
        podIPs: z.array(z.object({ ip: z.string() })).optional(),
        conditions: z.array(Condition).default([]),
        containerStatuses: z
          .array(z.object({ state: z.object({ waiting: Waiting.optional() }).default({}) }))
          .default([]),
      })
      .prefault({ phase: 'Pending' }),
  })
  .transform(({ metadata, spec, status }) => {
    const stuck = status.containerStatuses
      .map(({ state }) => state.waiting)
      .find((waiting) => waiting !== undefined && STUCK.includes(waiting.reason));
    const unschedulable = status.conditions.find(
      ({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable',
    );
    const problem =
      stuck === undefined
        ? unschedulable?.message
        : [stuck.reason, stuck.message].filter(Boolean).join(': ');
    return {
      metadata,
      node: spec.nodeName,
      serviceAccount: spec.serviceAccountName,
      addresses:
        status.podIPs?.map(({ ip }) => ip) ?? (status.podIP === undefined ? [] : [status.podIP]),
      hostNetwork: spec.hostNetwork,
      phase: status.phase,
      ready: status.conditions.some(
        ({ type, status: value }) => type === 'Ready' && value === 'True',
      ),
      ports: spec.containers.flatMap(({ ports }) =>
        ports.flatMap(({ name, containerPort, protocol }) =>
          name === undefined ? [] : [{ name, port: containerPort, protocol }],
        ),
      ),
      ...(problem === undefined ? {} : { problem }),
    };
  });

const ServiceObject = z
  .object({
    metadata: Meta,
    spec: z.object({
      type: z.string().default('ClusterIP'),
      clusterIP: z.string().default(''),
      selector: LabelMap,
      ports: z
        .array(
          z.object({
            port: z.number(),
            protocol: ProtocolName,
            targetPort: z.union([z.number(), z.string()]).optional(),
          }),
        )
        .default([]),
    }),
  })
  .transform(({ metadata, spec }) => ({
    metadata,
    type: spec.type,
    clusterIp: spec.clusterIP,
    selector: spec.selector,
    ports: spec.ports.map(({ port, protocol, targetPort }) => ({
      port,
      protocol,
      targetPort: targetPort ?? port,
    })),
  }));

/** Reads objects of one kind, each once: what did not change is the same object in the next snapshot. */
function readerOf<T>(schema: z.ZodType<T>): (object: JsonObject) => T | undefined {
  const read = new WeakMap<JsonObject, { data: T | undefined }>();
  return (object) => {
    const known = read.get(object) ?? { data: schema.safeParse(object).data };
    read.set(object, known);
    return known.data;
  };
}

const readNamed = readerOf(Named);
const readNode = readerOf(NodeObject);
const readPod = readerOf(PodObject);
const readService = readerOf(ServiceObject);
