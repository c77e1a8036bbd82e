import { GatehouseError } from '../common/errors.js';
import { valueAt, type JsonObject } from '../common/json.js';
import { KubeApi } from './client/kube-api.js';
import type { Cluster } from './provider.js';

/** Deletes a namespace that the platform made for itself. A missing one is fine; does not wait for its end. */
export async function deleteNamespace(cluster: Cluster, name: string): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
  await remove(cluster, { path, what: `namespace ${name}` });
}

/** Deletes a pod that the platform made for itself, at once. A missing one is fine. */
export async function deletePod(
  cluster: Cluster,
  { namespace, name }: { namespace: string; name: string },
): Promise<void> {
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}?gracePeriodSeconds=0`;
  await remove(cluster, { path, what: `pod ${name} -n ${namespace}` });
}

/** Deletes a NetworkPolicy. A missing one is fine. */
export async function deletePolicy(cluster: Cluster, policy: JsonObject): Promise<void> {
  const [namespace, name] = ['namespace', 'name'].map((key) =>
    encodeURIComponent(String(valueAt(policy, ['metadata', key]))),
  );
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`;
  await remove(cluster, { path, what: `networkpolicy ${name} -n ${namespace}` });
}

async function remove(cluster: Cluster, options: { path: string; what: string }): Promise<void> {
  const { path, what } = options;
  const api = await apiOf(cluster);
  const { status } = await api.send('DELETE', path);
  if (status >= 300 && status !== 404 && status !== 409) {
    throw new GatehouseError('CLUSTER_FAILED', `${what} could not be deleted (HTTP ${status})`, {
      fix: `kubectl delete ${what}`,
    });
  }
}

const connections = new WeakMap<Cluster, { kubeconfig: string; api: Promise<KubeApi> }>();

/** As the platform's own user, whatever way its kubeconfig signs in, over connections that stay open. */
async function apiOf(cluster: Cluster): Promise<KubeApi> {
  const kubeconfig = await cluster.kubeconfig('platform');
  const open = connections.get(cluster);
  if (open?.kubeconfig === kubeconfig) return open.api;
  const api = KubeApi.connect(kubeconfig);
  connections.set(cluster, { kubeconfig, api });
  return api;
}
