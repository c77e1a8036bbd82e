import type { ControllerContext } from './context.js';
import { namespaceOf } from './keys.js';
import type { ConfigMap, Namespace, ServiceAccount } from './objects.js';
import type { ServerSide } from './server-side.js';

const ROOT_CA = 'kube-root-ca.crt';
const ROOT_CA_NOTE =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** Puts what every namespace has into it, and puts it back: the default ServiceAccount and the cluster's CA. */
export function createNamespaceBasicsController(
  context: ControllerContext,
  options: { caPem: string; server: ServerSide | undefined },
): void {
  const { api, cache, loop } = context;
  const queue = loop.queue('namespace-basics', sync);

  // Before the next write, where that can be had: pods of a namespace made a moment ago find their account.
  options.server?.hook('namespaces', ({ type, object }) => {
    if (type === 'ADDED') sync(object.metadata.name);
  });
  cache.informer<Namespace>('namespaces').on(({ type, object }) => {
    if (type !== 'DELETED') queue.add(object.metadata.name);
  });
  cache.informer<ServiceAccount>('serviceaccounts').on(({ type, object }) => {
    if (type === 'DELETED' && object.metadata.name === 'default') queue.add(namespaceOf(object));
  });
  cache.informer<ConfigMap>('configmaps').on(({ type, object }) => {
    if (type !== 'ADDED' && object.metadata.name === ROOT_CA) queue.add(namespaceOf(object));
  });

  function sync(namespace: string): void {
    const home = api.get<Namespace>('namespaces', namespace);
    if (home === undefined || home.metadata.deletionTimestamp !== undefined) return;
    if (api.get('serviceaccounts', 'default', namespace) === undefined) {
      api.create('serviceaccounts', {
        apiVersion: 'v1',
        kind: 'ServiceAccount',
        metadata: { name: 'default', namespace },
      });
    }
    const data = { 'ca.crt': options.caPem };
    if (api.get('configmaps', ROOT_CA, namespace) === undefined) {
      api.create('configmaps', {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: {
          name: ROOT_CA,
          namespace,
          annotations: { 'kubernetes.io/description': ROOT_CA_NOTE },
        },
        data,
      });
      return;
    }
    api.update<ConfigMap>('configmaps', { name: ROOT_CA, namespace }, (draft) => {
      draft.data = data;
      delete draft.binaryData;
    });
  }
}
