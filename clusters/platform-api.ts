import { request, type RequestOptions } from 'node:https';
import { parse } from 'yaml';
import { z } from 'zod';
import { GatehouseError, messageOf } from '../common/errors.js';
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

const Base64 = z.string().transform((text) => Buffer.from(text, 'base64'));
/** A kubeconfig that carries all it needs, as those that we write do. */
const PlainKubeconfig = z.object({
  'current-context': z.string(),
  contexts: z.array(
    z.object({ name: z.string(), context: z.object({ cluster: z.string(), user: z.string() }) }),
  ),
  clusters: z.array(
    z.object({
      name: z.string(),
      cluster: z.object({ server: z.url(), 'certificate-authority-data': Base64 }),
    }),
  ),
  users: z.array(
    z.object({
      name: z.string(),
      user: z.union([
        z.strictObject({ 'client-certificate-data': Base64, 'client-key-data': Base64 }),
        z.strictObject({ token: z.string() }),
      ]),
    }),
  ),
});

async function accessOf(text: string): Promise<RequestOptions & { server: string }> {
  const plain = PlainKubeconfig.safeParse(parse(text)).data;
  const context = plain?.contexts.find(({ name }) => name === plain['current-context'])?.context;
  const cluster = plain?.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = plain?.users.find(({ name }) => name === context?.user)?.user;
  if (cluster !== undefined && user !== undefined) {
    const base = { server: cluster.server, ca: cluster['certificate-authority-data'] };
    return 'token' in user
      ? { ...base, headers: { authorization: `Bearer ${user.token}` } }
      : { ...base, cert: user['client-certificate-data'], key: user['client-key-data'] };
  }
  // Programs that sign in, files, proxies. Loaded only here: the client takes 70 MB with all its types.
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  config.loadFromString(text);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error('the platform kubeconfig names no cluster');
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  return { ...options, server };
}
