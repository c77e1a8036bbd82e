import { request } from 'node:https';
import { GatehouseError, messageOf } from '../common/errors.js';
import { valueAt, type JsonObject } from '../common/json.js';
import { accessOf } from './client/access.js';
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
  const status = await send(cluster, { method: 'DELETE', path });
  if (status >= 300 && status !== 404 && status !== 409) {
    throw new GatehouseError('CLUSTER_FAILED', `${what} could not be deleted (HTTP ${status})`, {
      fix: `kubectl delete ${what}`,
    });
  }
}

/** One request as the platform's own user, whatever way its kubeconfig signs in. */
async function send(cluster: Cluster, what: { method: string; path: string }): Promise<number> {
  const { server, ...access } = await accessOf(await cluster.kubeconfig('platform'));
  return new Promise((resolve, reject) => {
    const options = { ...access, method: what.method };
    const sent = request(new URL(what.path, server), options, (response) => {
      response.resume();
      response.on('end', () => {
        resolve(response.statusCode ?? 0);
      });
    });
    sent.on('error', (error) => {
      const message = `${server} did not answer: ${messageOf(error)}`;
      reject(new GatehouseError('CLUSTER_UNREACHABLE', message, { cause: error }));
    });
    sent.end();
  });
}
