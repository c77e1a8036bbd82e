import type { JsonObject } from '../../../common/json.js';
import type { ClusterSnapshot } from '../../provider.js';
import type { ClusterApiServerSide } from '../api/create-cluster-api.js';
import type { KubeObject } from '../api/cluster-api.js';
import { toJson } from '../api/json/object-json.js';

/** Every stored object but what Secrets hide. One moment: nothing can be written while this runs. */
export function takeSnapshot(api: ClusterApiServerSide): ClusterSnapshot {
  const objects = api.registry
    .all()
    .flatMap(({ name }) => api.list<KubeObject>(name))
    .map((object): JsonObject => {
      const json = toJson(object);
      if (object.kind !== 'Secret') return json;
      return { ...json, data: {}, stringData: {} };
    });
  return {
    takenAt: new Date(api.now()).toISOString(),
    resourceVersion: String(api.store.revision),
    objects,
  };
}
