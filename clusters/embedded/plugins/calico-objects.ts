import { createHash } from 'node:crypto';
import { ApiError } from '../api/api-error.js';
import type { ClusterApi, KubeObject, NewObject, WatchEvent } from '../api/cluster-api.js';
import { keyOf, namespaceOf, parseKey } from '../controllers/keys.js';
import type { Node, Pod } from '../controllers/objects.js';
import { isFinished } from '../controllers/pods.js';
import { canonical } from '../controllers/template-hash.js';
import type { WorkLoop, WorkQueue } from '../controllers/work-queue.js';
import { RetryError } from '../controllers/work-queue.js';
import { addressOf } from './node-notes.js';
import type { NodeNetwork } from './node-network.js';
import type { PluginTraits } from './traits.js';

const GROUP = 'crd.projectcalico.org';
const VERSION = `${GROUP}/v1`;
const ENDPOINTS = `workloadendpoints.${GROUP}`;
const NODES = `caliconodes.${GROUP}`;
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

/**
 * The objects that Calico's programs write once they run: pool, settings, cluster information, and views of nodes
 * and workload endpoints. Kinds the applied manifest does not define are left out.
 */
export class CalicoObjects {
  readonly #api: ClusterApi;
  readonly #networkOf: (node: string) => NodeNetwork;
  readonly #nodes: WorkQueue;
  readonly #pods: WorkQueue;
  /** Pods that have an endpoint, by key. */
  readonly #endpoints = new Map<string, string>();
  readonly #podsOfNode = new Map<string, Set<string>>();

  constructor(options: {
    api: ClusterApi;
    loop: WorkLoop;
    networkOf: (node: string) => NodeNetwork;
  }) {
    this.#api = options.api;
    this.#networkOf = options.networkOf;
    this.#nodes = options.loop.queue('calico-node', (name) => {
      this.#syncNode(name);
    });
    this.#pods = options.loop.queue('calico-workload-endpoints', (key) => {
      this.#syncPod(key);
    });
  }

  nodeChanged(name: string): void {
    if (isCalico(this.#networkOf(name))) this.#nodes.add(name);
    for (const key of this.#podsOfNode.get(name) ?? []) this.#pods.add(key);
  }

  podChanged(event: WatchEvent<Pod>): void {
    const { object } = event;
    const node = object.spec?.nodeName ?? '';
    if (node === '' || object.spec?.hostNetwork === true) return;
    const key = keyOf(object);
    const keys = this.#podsOfNode.get(node) ?? new Set();
    if (event.type === 'DELETED') keys.delete(key);
    else keys.add(key);
    this.#podsOfNode.set(node, keys);
    if (isCalico(this.#networkOf(node)) || this.#endpoints.has(key)) this.#pods.add(key);
  }

  #syncNode(name: string): void {
    const { plugin } = this.#networkOf(name);
    const node = this.#api.get<Node>('nodes', name);
    if (plugin === undefined || node === undefined) return;
    for (const object of clusterObjects(plugin)) this.#ensure(object);
    if (this.#isDefined(NODES)) this.#put(NODES, calicoNode(node));
    for (const key of this.#podsOfNode.get(name) ?? []) this.#pods.add(key);
  }

  #syncPod(key: string): void {
    const { name, namespace } = parseKey(key);
    const pod = this.#api.get<Pod>('pods', name, namespace);
    const known = this.#endpoints.get(key);
    const isUp = pod !== undefined && (pod.status?.podIP ?? '') !== '' && !isFinished(pod);
    if (!isUp) {
      if (known !== undefined) this.#api.delete(ENDPOINTS, { name: known, namespace });
      this.#endpoints.delete(key);
      return;
    }
    if (!isCalico(this.#networkOf(pod.spec?.nodeName ?? '')) || !this.#isDefined(ENDPOINTS)) return;
    const endpoint = workloadEndpoint(pod);
    this.#endpoints.set(key, endpoint.metadata.name ?? '');
    this.#put(ENDPOINTS, endpoint);
  }

  /** Made once; what people change in it stays. */
  #ensure({ resource, object }: { resource: string; object: NewObject }): void {
    if (!this.#isDefined(resource)) return;
    if (this.#api.get(resource, object.metadata.name ?? '') !== undefined) return;
    this.#tryWrite(() => this.#api.create(resource, object));
  }

  #put(resource: string, object: NewObject): void {
    const { name = '', namespace, labels } = object.metadata;
    const known = this.#api.get<KubeObject>(resource, name, namespace);
    if (known === undefined) {
      this.#tryWrite(() => this.#api.create(resource, object));
      return;
    }
    if (canonical([known['spec'], known.metadata.labels]) === canonical([object['spec'], labels])) {
      return;
    }
    this.#api.update(resource, { name, ...(namespace !== undefined && { namespace }) }, (draft) => {
      draft['spec'] = object['spec'];
      if (labels !== undefined) draft.metadata.labels = labels;
    });
  }

  #isDefined(resource: string): boolean {
    return this.#api.get(DEFINITIONS, resource) !== undefined;
  }

  /** A definition may be applied but not served yet. */
  #tryWrite(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (error instanceof ApiError && error.code === 404) throw new RetryError(error.message);
      throw error;
    }
  }
}

function isCalico({ plugin, state }: NodeNetwork): boolean {
  return state === 'running' && (plugin?.name === 'calico' || plugin?.name === 'canal');
}

function clusterObjects(plugin: PluginTraits): { resource: string; object: NewObject }[] {
  const make = (
    plural: string,
    kind: string,
    content: { name: string; spec: Record<string, unknown> },
  ): { resource: string; object: NewObject } => ({
    resource: `${plural}.${GROUP}`,
    object: {
      apiVersion: VERSION,
      kind,
      metadata: { name: content.name },
      spec: content.spec,
    },
  });
  const objects = [
    make('felixconfigurations', 'FelixConfiguration', {
      name: 'default',
      spec: {
        bpfConnectTimeLoadBalancing: 'TCP',
        bpfHostNetworkedNATWithoutCTLB: 'Enabled',
        floatingIPs: 'Disabled',
        logSeverityScreen: 'Info',
        reportingInterval: '0s',
      },
    }),
    make('clusterinformations', 'ClusterInformation', {
      name: 'default',
      spec: {
        calicoVersion: 'v3.29.2',
        clusterType: plugin.name === 'canal' ? 'k8s,canal' : 'k8s,bgp',
        datastoreReady: true,
      },
    }),
    make('tiers', 'Tier', { name: 'default', spec: { order: 1_000_000, defaultAction: 'Deny' } }),
  ];
  // Canal's pods get addresses from their node's own range, not from a pool.
  if (plugin.name === 'calico' && plugin.podCidr !== undefined) {
    objects.push(
      make('ippools', 'IPPool', {
        name: 'default-ipv4-ippool',
        spec: {
          allowedUses: ['Workload', 'Tunnel'],
          blockSize: 26,
          cidr: plugin.podCidr,
          ipipMode: plugin.routing === 'ipip' ? 'Always' : 'Never',
          natOutgoing: true,
          nodeSelector: 'all()',
          vxlanMode: plugin.routing === 'vxlan' ? 'Always' : 'Never',
        },
      }),
    );
  }
  return objects;
}

function calicoNode(node: Node): NewObject {
  const { name, labels } = node.metadata;
  return {
    apiVersion: VERSION,
    kind: 'CalicoNode',
    metadata: { name, ...(labels && { labels }) },
    spec: {
      addresses: [{ address: addressOf(node), type: 'InternalIP' }],
      bgp: { ipv4Address: `${addressOf(node)}/24` },
      orchRefs: [{ nodeName: name, orchestrator: 'k8s' }],
    },
  };
}

/** As Calico derives it from a pod: names with doubled dashes, the host's end of the link by a hash. */
export function workloadEndpoint(pod: Pod): NewObject {
  const namespace = namespaceOf(pod);
  const { name } = pod.metadata;
  const node = pod.spec?.nodeName ?? '';
  const account = pod.spec?.serviceAccountName ?? 'default';
  const dashes = (text: string): string => text.replaceAll('-', '--');
  const hash = createHash('sha1').update(`${namespace}.${name}`).digest('hex').slice(0, 11);
  const ports = (pod.spec?.containers ?? []).flatMap(({ ports: declared = [] }) =>
    declared
      .filter((port) => (port.name ?? '') !== '')
      .map((port) => ({
        name: port.name,
        port: port.containerPort,
        protocol: port.protocol ?? 'TCP',
      })),
  );
  return {
    apiVersion: VERSION,
    kind: 'WorkloadEndpoint',
    metadata: {
      name: `${dashes(node)}-k8s-${dashes(name)}-eth0`,
      namespace,
      labels: {
        ...pod.metadata.labels,
        'projectcalico.org/namespace': namespace,
        'projectcalico.org/orchestrator': 'k8s',
        'projectcalico.org/serviceaccount': account,
      },
    },
    spec: {
      endpoint: 'eth0',
      interfaceName: `cali${hash}`,
      ipNetworks: [`${pod.status?.podIP ?? ''}/32`],
      node,
      orchestrator: 'k8s',
      pod: name,
      ...(ports.length > 0 && { ports }),
      profiles: [`kns.${namespace}`, `ksa.${namespace}.${account}`],
    },
  };
}
