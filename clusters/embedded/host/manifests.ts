import { isJsonObject, type JsonObject } from '../../../common/json.js';
import type { ApiServer } from '../api/create-api-server.js';
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

export function metadataOf(object: JsonObject): { name?: string; namespace?: string } {
  const metadata = isJsonObject(object['metadata']) ? object['metadata'] : {};
  const { name, namespace } = metadata;
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof namespace === 'string' ? { namespace } : {}),
  };
}
