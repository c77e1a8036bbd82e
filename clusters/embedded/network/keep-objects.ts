import type { ClusterApi, KubeObject } from '../api/cluster-api.js';
import { keyOf } from './objects.js';

/** Keeps `objects` as the API server has them, by key, and tells of every change. Returns what ends it. */
export function keepObjects<T extends KubeObject>(
  api: ClusterApi,
  resource: string,
  { objects, onChange }: { objects: Map<string, T>; onChange: () => void },
): () => void {
  return api.watch<T>(resource, ({ type, object }) => {
    if (type === 'DELETED') objects.delete(keyOf(object));
    else objects.set(keyOf(object), object);
    onChange();
  });
}
