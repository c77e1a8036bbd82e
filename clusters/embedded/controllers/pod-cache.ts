import type { ClusterCache, Index, Informer } from './cluster-cache.js';
import { namespaceOf } from './keys.js';
import type { Pod } from './objects.js';
import { controllerOf, controllerUids } from './owners.js';

/** The pods of a cluster by what controllers ask for. */
export interface PodCache {
  informer: Informer<Pod>;
  /** By the uid of the managing owner. */
  byController: Index<Pod>;
  /** Pods without a managing owner, by namespace: those a controller may adopt. */
  orphans: Index<Pod>;
  byNamespace: Index<Pod>;
  /** By spec.nodeName; pods without a node are under the empty name. */
  byNode: Index<Pod>;
}

export function createPodCache(cache: ClusterCache): PodCache {
  const informer = cache.informer<Pod>('pods');
  return {
    informer,
    byController: informer.index(controllerUids),
    orphans: informer.index((pod) => (controllerOf(pod) === undefined ? [namespaceOf(pod)] : [])),
    byNamespace: informer.index((pod) => [namespaceOf(pod)]),
    byNode: informer.index((pod) => [pod.spec?.nodeName ?? '']),
  };
}
