import { addQuantities, compareQuantities } from '../api/kinds/quantity.js';
import type { KubeObject } from '../api/cluster-api.js';
import type { ControllerContext } from './context.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { PersistentVolumeClaim, Pod, ResourceQuota, Service } from './objects.js';
import { isFinished } from './pods.js';
import { scopesMatch } from './quota-scopes.js';
import { canonical } from './template-hash.js';

/** Resource -> short names a quota may count it under, besides `count/<resource>`. */
const COUNTED: Readonly<Record<string, string>> = {
  pods: 'pods',
  services: 'services',
  replicationcontrollers: 'replicationcontrollers',
  resourcequotas: 'resourcequotas',
  secrets: 'secrets',
  configmaps: 'configmaps',
  persistentvolumeclaims: 'persistentvolumeclaims',
};
const COMPUTE = new Set(['cpu', 'memory', 'ephemeral-storage']);

/** Counts in each ResourceQuota's status what its namespace uses. */
export function createQuotaController(context: ControllerContext): void {
  const { api, cache, catalogue, loop } = context;
  const quotas = cache.informer<ResourceQuota>('resourcequotas');
  const byNamespace = quotas.index((quota) => [namespaceOf(quota)]);
  const queue = loop.queue('resourcequota-controller', sync);

  quotas.on(({ object }) => {
    queue.add(keyOf(object));
  });
  catalogue.onChange((event, resource) => {
    const inNamespace = byNamespace.get(namespaceOf(event.object));
    if (inNamespace.size === 0 || !resource.namespaced) return;
    // What an update changes counts for these only.
    const weighs = ['pods', 'services', 'persistentvolumeclaims'].includes(resource.name);
    if (event.type === 'MODIFIED' && !weighs) return;
    for (const quota of inNamespace.values()) queue.add(keyOf(quota));
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const quota = api.get<ResourceQuota>('resourcequotas', name, namespace);
    if (quota === undefined) return;
    const hard = quota.spec?.hard ?? {};
    const used: Record<string, string> = {};
    for (const resource of Object.keys(hard)) used[resource] = usage(quota, resource);
    if (canonical([quota.status?.hard, quota.status?.used]) === canonical([hard, used])) return;
    api.update<ResourceQuota>(
      'resourcequotas',
      { ...locate(quota), subresource: 'status' },
      (draft) => {
        draft.status = { hard, used };
      },
    );
  }

  function usage(quota: ResourceQuota, resource: string): string {
    const namespace = namespaceOf(quota);
    if (resource.startsWith('count/')) return String(count(resource.slice(6), quota));
    const counted = COUNTED[resource];
    if (counted !== undefined) return String(count(counted, quota));
    if (resource.startsWith('services.')) {
      const services = api.list<Service>('services', namespace);
      return String(services.reduce((sum, service) => sum + specialPorts(service, resource), 0));
    }
    if (resource.includes('requests.storage')) {
      return storage(namespace, resource);
    }
    return pods(quota).reduce((sum, pod) => addQuantities(sum, podUsage(pod, resource)), '0');
  }

  function count(name: string, quota: ResourceQuota): number {
    if (name === 'pods') return pods(quota).length;
    if (!catalogue.resources().some((resource) => resource.name === name)) return 0;
    return api.list<KubeObject>(name, namespaceOf(quota)).length;
  }

  function pods(quota: ResourceQuota): readonly Pod[] {
    return [...context.pods.byNamespace.get(namespaceOf(quota)).values()].filter(
      (pod) => !isFinished(pod) && scopesMatch(quota, pod),
    );
  }

  /** `requests.storage`, or one storage class's part of it. */
  function storage(namespace: string, resource: string): string {
    const [storageClass] = resource.split('.storageclass.storage.k8s.io/');
    const claims = api
      .list<PersistentVolumeClaim>('persistentvolumeclaims', namespace)
      .filter(
        (claim) => resource === 'requests.storage' || claim.spec?.storageClassName === storageClass,
      );
    return claims.reduce(
      (sum, claim) => addQuantities(sum, claim.spec?.resources?.requests?.['storage'] ?? '0'),
      '0',
    );
  }
}

/** What a pod counts for: containers together, or its largest init container where that is more. */
function podUsage(pod: Pod, resource: string): string {
  const limits = resource.startsWith('limits.');
  const name = resource.replace(/^(requests|limits)\./, '');
  if (!limits && !resource.startsWith('requests.') && !COMPUTE.has(name)) return '0';
  const of = (container: {
    resources?: { limits?: Record<string, string>; requests?: Record<string, string> };
  }): string =>
    (limits ? container.resources?.limits : container.resources?.requests)?.[name] ?? '0';
  let sum = '0';
  for (const container of pod.spec?.containers ?? []) sum = addQuantities(sum, of(container));
  for (const container of pod.spec?.initContainers ?? []) {
    if (compareQuantities(of(container), sum) > 0) sum = of(container);
  }
  return sum;
}

function specialPorts(service: Service, resource: string): number {
  const type = service.spec?.type;
  if (resource === 'services.loadbalancers') return type === 'LoadBalancer' ? 1 : 0;
  if (resource !== 'services.nodeports') return 0;
  if (type !== 'NodePort' && type !== 'LoadBalancer') return 0;
  return (service.spec?.ports ?? []).length;
}
