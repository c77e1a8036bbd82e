import { addQuantities, compareQuantities } from '../api/kinds/quantity.js';
import type { ClusterApi, KubeObject, ResourceName } from '../api/cluster-api.js';
import { namespaceOf } from './keys.js';
import type { Container, PersistentVolumeClaim, Pod, ResourceQuota, Service } from './objects.js';
import { isFinished } from './pods.js';
import { scopesMatch } from './quota-scopes.js';

const COMPUTE: ReadonlySet<string> = new Set(['cpu', 'memory', 'ephemeral-storage']);
const OF_STORAGE_CLASS = '.storageclass.storage.k8s.io/';

/** The stored resource that an entry of a quota's `hard` is about: `pods` for `requests.cpu`. */
export function quotaSubject(entry: string): ResourceName {
  if (entry.startsWith('count/')) return entry.slice('count/'.length);
  if (entry.startsWith('services.')) return 'services';
  if (entry === 'requests.storage' || entry.includes(OF_STORAGE_CLASS)) {
    return 'persistentvolumeclaims';
  }
  if (/^(requests|limits)\./.test(entry) || COMPUTE.has(entry)) return 'pods';
  return entry;
}

/** What all objects of the quota's namespace count for under one entry of its `hard`. */
export function quotaUsage(
  api: ClusterApi,
  quota: ResourceQuota,
  options: { entry: string; objects?: Iterable<KubeObject> },
): string {
  const { entry } = options;
  const objects = options.objects ?? api.list<KubeObject>(quotaSubject(entry), namespaceOf(quota));
  let sum = '0';
  for (const object of objects) {
    if (isCounted(quota, object)) sum = addQuantities(sum, objectUsage(entry, object));
  }
  return sum;
}

/** Whether the quota's scopes take in the object, and it still uses anything. */
export function isCounted(quota: ResourceQuota, object: KubeObject): boolean {
  if (!isPod(object)) return (quota.spec?.scopes ?? []).length === 0;
  return !isFinished(object) && scopesMatch(quota, object);
}

/** What one object of the entry's subject counts for. */
export function objectUsage(entry: string, object: KubeObject): string {
  if (entry.startsWith('count/')) return '1';
  if (isPod(object)) return entry === 'pods' ? '1' : podUsage(object, entry);
  if (isService(object) && entry.startsWith('services.')) {
    return String(specialServices(object, entry));
  }
  if (isClaim(object) && entry !== 'persistentvolumeclaims') return claimUsage(object, entry);
  return '1';
}

/** A pod's containers together, or its largest init container where that is more. */
function podUsage(pod: Pod, entry: string): string {
  let sum = '0';
  for (const container of pod.spec?.containers ?? []) {
    sum = addQuantities(sum, containerAmount(container, entry) ?? '0');
  }
  for (const container of pod.spec?.initContainers ?? []) {
    const amount = containerAmount(container, entry) ?? '0';
    if (container.restartPolicy === 'Always') sum = addQuantities(sum, amount);
    else if (compareQuantities(amount, sum) > 0) sum = amount;
  }
  return sum;
}

/** `cpu` means the request, as `requests.cpu` does. Undefined where the container states nothing. */
export function containerAmount(container: Container, entry: string): string | undefined {
  const [, side = 'requests', name = entry] = /^(requests|limits)\.(.+)$/.exec(entry) ?? [];
  const { limits, requests } = container.resources ?? {};
  return (side === 'limits' ? limits : requests)?.[name];
}

function specialServices(service: Service, entry: string): number {
  const type = service.spec?.type;
  if (entry === 'services.loadbalancers') return type === 'LoadBalancer' ? 1 : 0;
  if (type !== 'NodePort' && type !== 'LoadBalancer') return 0;
  return (service.spec?.ports ?? []).length;
}

function claimUsage(claim: PersistentVolumeClaim, entry: string): string {
  const at = entry.indexOf(OF_STORAGE_CLASS);
  if (at >= 0 && claim.spec?.storageClassName !== entry.slice(0, at)) return '0';
  if (entry.endsWith('/persistentvolumeclaims')) return '1';
  return claim.spec?.resources?.requests?.['storage'] ?? '0';
}

function isPod(object: KubeObject): object is Pod {
  return object.kind === 'Pod' && object.apiVersion === 'v1';
}

function isService(object: KubeObject): object is Service {
  return object.kind === 'Service' && object.apiVersion === 'v1';
}

function isClaim(object: KubeObject): object is PersistentVolumeClaim {
  return object.kind === 'PersistentVolumeClaim';
}
