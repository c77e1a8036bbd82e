import { isJsonObject, type Json, type JsonObject } from '../../../../common/json.js';
import type { ApiServer } from '../../api/create-api-server.js';
import type { ResourceFinder } from './apply-baseline.js';

export function finderOf(server: ApiServer): ResourceFinder {
  return {
    findKind(apiVersion, kind) {
      const [first = '', second] = apiVersion.split('/');
      const served = server.api.registry.findKind(
        second === undefined ? '' : first,
        second ?? first,
        kind,
      );
      if (served === undefined) return undefined;
      return { resource: served.resource.name, namespaced: served.definition.namespaced };
    },
  };
}

function metadataOf(object: JsonObject): { name?: string; namespace?: string } {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const { name, namespace } = metadata;
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof namespace === 'string' ? { namespace } : {}),
  };
}

/** Pods that no controller stands behind, by name. */
export function barePodsOf(
  manifests: readonly JsonObject[],
): { namespace: string; name: string }[] {
  return manifests.flatMap((object) => {
    if (object['kind'] !== 'Pod') return [];
    const { name, namespace } = metadataOf(object);
    return name === undefined ? [] : [{ name, namespace: namespace ?? 'default' }];
  });
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** An object as `kubectl apply` would have made it, so that a learner's `kubectl apply` goes on from there. */
export function asApplied(object: JsonObject): JsonObject {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const annotations = isJsonObject(metadata['annotations']) ? metadata['annotations'] : {};
  const applied = { ...object, metadata: { annotations: {}, ...metadata } };
  return {
    ...object,
    metadata: {
      ...metadata,
      annotations: { ...annotations, [LAST_APPLIED]: `${JSON.stringify(sorted(applied))}\n` },
    },
  };
}

/** With keys in order, as kubectl writes it. */
function sorted(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => sorted(item) ?? null);
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
