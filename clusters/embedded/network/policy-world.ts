import type { World, WorldPod } from '../../../policy/model.js';
import type { ClusterApi, KubeObject } from '../api/cluster-api.js';
import {
  isTerminated,
  keyOf,
  type NamespaceObject,
  type NodeObject,
  type PodObject,
} from './objects.js';

export interface PolicyWorldOptions {
  api: ClusterApi;
  nodes: readonly { name: string; address: string }[];
  /** The address a pod has or is about to have; empty while it has none. */
  addressOf(pod: PodObject): string;
  /** Something that policies may depend on changed. */
  onChange(): void;
}

/** Follows what policies say and what they speak of, and shows it as a world for reasoning. */
export class PolicyWorld {
  readonly #options: PolicyWorldOptions;
  readonly #pods = new Map<string, PodObject>();
  readonly #worldPods = new Map<string, { pod: PodObject; address: string; seen: WorldPod }>();
  /** What a namespace or account is to policies. */
  readonly #labelled = new WeakMap<KubeObject['metadata'], Labelled>();
  /** The last list of each sort. */
  readonly #lists = new Map<string, readonly unknown[]>();
  readonly #namespaces = new Map<string, NamespaceObject>();
  readonly #accounts = new Map<string, KubeObject>();
  readonly #nodes = new Map<string, NodeObject>();
  /** By resource, then by key. */
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  /** Worlds of this moment, by the groups whose policies are in them. */
  readonly #worlds = new Map<string, World>();
  readonly #stops: (() => void)[] = [];

  constructor(options: PolicyWorldOptions) {
    this.#options = options;
    const { api } = options;
    this.#stops.push(
      api.watch<PodObject>('pods', ({ type, object }) => {
        const { uid } = object.metadata;
        if (type === 'DELETED') {
          this.#pods.delete(uid);
          this.#worldPods.delete(uid);
        } else if (changesWorld(this.#pods.get(uid), object)) this.#pods.set(uid, object);
        else return;
        this.refresh();
      }),
      this.#followLabels<NamespaceObject>('namespaces', this.#namespaces),
      this.#followLabels<KubeObject>('serviceaccounts', this.#accounts),
      this.#followLabels<NodeObject>('nodes', this.#nodes),
      ...Object.values(GROUPS).flatMap(({ policies, resources }) =>
        [...policies, ...resources].map((resource) => this.#follow(resource)),
      ),
      this.#follow(SLICES),
    );
  }

  /** With the policies of these groups only: those that a node's plugin acts on. */
  worldFor(groups: readonly string[]): World {
    const key = groups.join();
    const known = this.#worlds.get(key) ?? this.#build(groups);
    this.#worlds.set(key, known);
    return known;
  }

  /** A pod got or lost its address. */
  refresh(): void {
    this.#worlds.clear();
    this.#options.onChange();
  }

  /** No object there is could make a node drop a packet. */
  get isEmpty(): boolean {
    return Object.values(GROUPS)
      .flatMap(({ policies }) => policies)
      .concat(HOST_ENDPOINTS)
      .every((resource) => this.#of(resource).size === 0);
  }

  /** The pod that has an address now. */
  podAt(address: string): PodObject | undefined {
    return [...this.#pods.values()].find(
      (pod) => !isTerminated(pod) && this.#options.addressOf(pod) === address,
    );
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop();
  }

  #follow(resource: string): () => void {
    return this.#options.api.watch<KubeObject>(resource, ({ type, object }) => {
      const objects = this.#of(resource);
      this.#objects.set(resource, objects);
      if (type === 'DELETED') objects.delete(keyOf(object));
      else objects.set(keyOf(object), object);
      // Only Calico's rules speak of Services, and most clusters have none of them.
      if (resource !== SLICES || CALICO_POLICIES.some((one) => this.#of(one).size > 0)) {
        this.refresh();
      }
    });
  }

  #followLabels<T extends KubeObject>(resource: string, objects: Map<string, T>): () => void {
    return this.#options.api.watch<T>(resource, ({ type, object }) => {
      const before = objects.get(keyOf(object));
      if (type === 'DELETED') objects.delete(keyOf(object));
      else objects.set(keyOf(object), object);
      // Objects share what did not change, so that a mere status is told apart.
      if (type === 'DELETED' || before?.metadata.labels !== object.metadata.labels) this.refresh();
    });
  }

  #of(resource: string): Map<string, KubeObject> {
    return this.#objects.get(resource) ?? new Map<string, KubeObject>();
  }

  #build(groups: readonly string[]): World {
    const known = groups.flatMap((group) => GROUPS[group] ?? []);
    const all = (resources: readonly string[]): KubeObject[] =>
      resources.flatMap((resource) => [...this.#of(resource).values()]);
    const resources = known.flatMap((group) => all(group.resources));
    const usesServices = groups.includes(CALICO);
    return {
      namespaces: this.#same('namespaces', this.#labels(this.#namespaces)),
      serviceAccounts: this.#same('accounts', this.#labels(this.#accounts)),
      pods: this.#same(
        'pods',
        [...this.#pods.values()].map((pod) => this.#worldPod(pod)),
      ),
      nodes: this.#options.nodes.map(({ name, address }) => {
        const node = this.#nodes.get(name);
        return {
          name,
          addresses: node === undefined ? [address] : addressesOf(node),
          labels: node?.metadata.labels ?? {},
        };
      }),
      networkPolicies: known.flatMap((group) => all(group.policies)),
      policyResources: usesServices ? [...resources, ...all([SLICES])] : resources,
    };
  }

  /** The list of the last time where nothing in it changed: reasoning then starts from what it knows. */
  #same<T>(name: string, list: readonly T[]): readonly T[] {
    const last = this.#lists.get(name) ?? [];
    if (isListOf(last, list)) return last;
    this.#lists.set(name, list);
    return list;
  }

  #labels(objects: ReadonlyMap<string, KubeObject>): Labelled[] {
    return [...objects.values()].map(({ metadata }) => {
      const known = this.#labelled.get(metadata);
      if (known !== undefined) return known;
      const { namespace = '', name, labels = {} } = metadata;
      const labelled = { namespace, name, labels };
      this.#labelled.set(metadata, labelled);
      return labelled;
    });
  }

  #worldPod(pod: PodObject): WorldPod {
    const address = this.#options.addressOf(pod);
    const known = this.#worldPods.get(pod.metadata.uid);
    if (known?.pod === pod && known.address === address) return known.seen;
    const seen = worldPodOf(pod, address);
    this.#worldPods.set(pod.metadata.uid, { pod, address, seen });
    return seen;
  }
}

interface Labelled {
  namespace: string;
  name: string;
  labels: Readonly<Record<string, string>>;
}

function isListOf<T>(known: readonly unknown[], list: readonly T[]): known is readonly T[] {
  return known.length === list.length && list.every((item, i) => item === known[i]);
}

const CALICO = 'crd.projectcalico.org';
const SLICES = 'endpointslices.discovery.k8s.io';
const CALICO_POLICIES = [`networkpolicies.${CALICO}`, `globalnetworkpolicies.${CALICO}`];
const HOST_ENDPOINTS = [`hostendpoints.${CALICO}`];

/** The resources of each group of policies that a plugin may act on. */
const GROUPS: Readonly<
  Record<string, { policies: readonly string[]; resources: readonly string[] }>
> = {
  'networking.k8s.io': { policies: ['networkpolicies.networking.k8s.io'], resources: [] },
  'policy.networking.k8s.io': {
    policies: [
      'clusternetworkpolicies.policy.networking.k8s.io',
      'adminnetworkpolicies.policy.networking.k8s.io',
      'baselineadminnetworkpolicies.policy.networking.k8s.io',
    ],
    resources: [],
  },
  [CALICO]: {
    policies: CALICO_POLICIES,
    resources: [
      `tiers.${CALICO}`,
      `profiles.${CALICO}`,
      `networksets.${CALICO}`,
      `globalnetworksets.${CALICO}`,
      ...HOST_ENDPOINTS,
      `felixconfigurations.${CALICO}`,
    ],
  },
};

function changesWorld(before: PodObject | undefined, pod: PodObject): boolean {
  return (
    before === undefined ||
    before.metadata.labels !== pod.metadata.labels ||
    before.spec !== pod.spec ||
    before.status?.phase !== pod.status?.phase ||
    before.status?.podIP !== pod.status?.podIP
  );
}

const addressesOf = (node: NodeObject): string[] =>
  (node.status?.addresses ?? []).flatMap((one) => (one.type === 'InternalIP' ? [one.address] : []));

const PHASES = ['Pending', 'Running', 'Succeeded', 'Failed'] as const;

function worldPodOf(pod: PodObject, address: string): WorldPod {
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return {
    namespace: pod.metadata.namespace ?? '',
    name: pod.metadata.name,
    labels: pod.metadata.labels ?? {},
    serviceAccount: pod.spec.serviceAccountName ?? 'default',
    node: pod.spec.nodeName ?? '',
    addresses: address === '' || isTerminated(pod) ? [] : [address],
    hostNetwork: pod.spec.hostNetwork === true,
    phase: PHASES.find((phase) => phase === pod.status?.phase) ?? 'Unknown',
    ports: containers.flatMap(({ ports = [] }) =>
      ports.flatMap(({ name, containerPort, protocol }) =>
        name === undefined ? [] : [{ name, port: containerPort, protocol: protocolOf(protocol) }],
      ),
    ),
  };
}

function protocolOf(text: string | undefined): 'TCP' | 'UDP' | 'SCTP' {
  return text === 'UDP' || text === 'SCTP' ? text : 'TCP';
}
