import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js';
import type {
  ConfigMap,
  Namespace,
  Node,
  NodeSpec,
  NodeStatus,
  PodCondition,
  PodSpec,
  PodStatus,
  Secret,
  Service,
  ServiceSpec,
  ServiceStatus,
} from 'kubernetes-types/core/v1.js';
import type { KubeMeta, KubeObject } from '../api/cluster-api.js';

/** Kubernetes objects as they are stored: metadata complete, spec present where validation demands it. */
type Stored<T> = KubeObject & Omit<T, 'apiVersion' | 'kind' | 'metadata'> & { metadata: KubeMeta };

/** Kubernetes writes null here, and its clients print it so. */
export type StoredCondition = Omit<PodCondition, 'lastProbeTime'> & {
  lastProbeTime?: string | null;
};
export type StoredPodStatus = Omit<PodStatus, 'conditions'> & { conditions?: StoredCondition[] };
export type PodObject = KubeObject & { spec: PodSpec; status?: StoredPodStatus };
export type NodeObject = Stored<Node> & { spec: NodeSpec; status?: NodeStatus };
export type ServiceObject = Stored<Service> & { spec: ServiceSpec; status?: ServiceStatus };
export type EndpointSliceObject = Stored<EndpointSlice>;
export type NamespaceObject = Stored<Namespace>;
export type ConfigMapObject = Stored<ConfigMap>;
export type SecretObject = Stored<Secret>;

/** A pod's key in maps: namespaces and names hold no slash. */
export function keyOf(object: { metadata: { namespace?: string; name: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Succeeded and Failed pods own no network and no processes any more. */
export function isTerminated(pod: PodObject): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}
