import type { KubeObject, ObjectKey } from '../api/cluster-api.js';

/** `namespace/name`; `/name` for cluster-wide objects. Names never hold a slash. */
export function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

export function parseKey(key: string): ObjectKey & { namespace: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** Name and namespace, as `ClusterApi.update` and `delete` want them. */
export function locate(object: KubeObject): ObjectKey {
  const { name, namespace } = object.metadata;
  return namespace === undefined ? { name } : { name, namespace };
}

export function namespaceOf(object: KubeObject): string {
  return object.metadata.namespace ?? '';
}
