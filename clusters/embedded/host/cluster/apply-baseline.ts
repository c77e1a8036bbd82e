import type { JsonObject } from '../../../../common/json.js';
import { isJsonObject } from '../../../../common/json.js';
import { ApiError } from '../../api/api-error.js';
import type { ClusterApi, NewObject } from '../../api/cluster-api.js';

/** What the API server knows of resources, as far as a manifest needs it. */
export interface ResourceFinder {
  /** The resource of a kind, and whether its objects live in namespaces. */
  findKind(apiVersion: string, kind: string): { resource: string; namespaced: boolean } | undefined;
}

/** A manifest as objects: lists are opened. */
export function flatten(manifests: readonly JsonObject[]): JsonObject[] {
  return manifests.flatMap((object) => {
    const { items, kind } = object;
    const isList = typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items);
    return isList ? flatten(items.filter(isJsonObject)) : [object];
  });
}

const TRIES = 200;

/**
 * Creates objects in their order. What an object needs may come a moment later (its namespace's ServiceAccount, the
 * resource of a definition just made): it is tried again for a while.
 */
export async function createAll(
  api: ClusterApi,
  objects: readonly (JsonObject | NewObject)[],
  finder: ResourceFinder,
): Promise<void> {
  for (const object of objects) {
    for (let attempt = 1; ; attempt++) {
      const error = tryCreate(api, object, finder);
      if (error === undefined) break;
      if (attempt === TRIES || !mayPass(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, attempt < 20 ? 0 : 10));
    }
  }
}

function tryCreate(
  api: ClusterApi,
  object: JsonObject | NewObject,
  finder: ResourceFinder,
): Error | undefined {
  const apiVersion = textOf(object.apiVersion);
  const kind = textOf(object.kind);
  const found = finder.findKind(apiVersion, kind);
  if (found === undefined) {
    return new ApiError(404, 'NotFound', {
      message: `no matches for kind "${kind}" in version "${apiVersion}"`,
    });
  }
  const draft = withNamespace(object, found.namespaced);
  try {
    api.create(found.resource, draft);
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'AlreadyExists') {
      replace(api, found.resource, draft);
      return undefined;
    }
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** What exists already (a namespace's own ConfigMap, `default`) takes over the manifest's fields. */
function replace(api: ClusterApi, resource: string, object: NewObject): void {
  const { name = '', namespace, labels, annotations } = object.metadata;
  api.update(resource, { name, ...(namespace === undefined ? {} : { namespace }) }, (draft) => {
    for (const [field, value] of Object.entries(object)) {
      if (!['apiVersion', 'kind', 'metadata', 'status'].includes(field)) draft[field] = value;
    }
    draft.metadata.labels = { ...draft.metadata.labels, ...labels };
    draft.metadata.annotations = { ...draft.metadata.annotations, ...annotations };
  });
}

function mayPass(error: Error): boolean {
  return error instanceof ApiError && (error.code === 403 || error.code === 404);
}

function withNamespace(object: JsonObject | NewObject, namespaced: boolean): NewObject {
  const metadata = isJsonObject(object.metadata) ? object.metadata : {};
  const namespace = textOf(metadata['namespace']);
  return {
    ...structuredClone(object),
    apiVersion: textOf(object.apiVersion),
    kind: textOf(object.kind),
    metadata: {
      ...metadata,
      ...(namespaced ? { namespace: namespace === '' ? 'default' : namespace } : {}),
    },
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
