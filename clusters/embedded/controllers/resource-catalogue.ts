import type { ClusterApi, ResourceName, WatchEvent } from '../api/cluster-api.js';
import type { ClusterCache } from './cluster-cache.js';

/** One stored resource, whatever versions it is served as. */
export interface ResourceInfo {
  name: ResourceName;
  group: string;
  kind: string;
  namespaced: boolean;
}

/** What the API server serves now, custom resources included: `createClusterApi(…).registry` is one. */
export interface ResourceSource {
  all(): readonly {
    name: ResourceName;
    definition: {
      group: string;
      kind: string;
      namespaced: boolean;
      verbs?: readonly string[];
    };
  }[];
}

/** Every kind of object in the cluster, for controllers that care for all of them. */
export interface ResourceCatalogue {
  resources(): readonly ResourceInfo[];
  /** The resource of an owner reference, if it is known. */
  find(apiVersion: string, kind: string): ResourceInfo | undefined;
  /** Told of each change of any object but events, custom resources included once they are defined. */
  onChange(listener: (event: WatchEvent, resource: ResourceInfo) => void): void;
  start(): () => void;
}

/** Nobody owns these, and there are many. */
const UNINTERESTING: ReadonlySet<ResourceName> = new Set(['events', 'events.events.k8s.io']);
const DEFINITIONS = 'customresourcedefinitions.apiextensions.k8s.io';

export function createResourceCatalogue(
  api: ClusterApi,
  options: { cache: ClusterCache; source: ResourceSource },
): ResourceCatalogue {
  const { cache, source } = options;
  const listeners: ((event: WatchEvent, resource: ResourceInfo) => void)[] = [];
  const watched = new Map<ResourceName, () => void>();
  let known:
    { resources: readonly ResourceInfo[]; byKind: ReadonlyMap<string, ResourceInfo> } | undefined;

  const current = (): NonNullable<typeof known> => {
    if (known !== undefined) return known;
    const resources = source.all().flatMap(({ name, definition }) => {
      const { group, kind, namespaced, verbs } = definition;
      const stored = verbs === undefined || (verbs.includes('list') && verbs.includes('delete'));
      return stored ? [{ name, group, kind, namespaced }] : [];
    });
    const byKind = new Map(
      resources.map((resource) => [`${resource.group}/${resource.kind}`, resource]),
    );
    known = { resources, byKind };
    return known;
  };

  const watchNew = (): void => {
    for (const resource of current().resources) {
      if (watched.has(resource.name) || UNINTERESTING.has(resource.name)) continue;
      const tell = (event: WatchEvent): void => {
        for (const listener of listeners) listener(event, resource);
      };
      watched.set(resource.name, api.watch(resource.name, tell));
    }
  };

  // The definition's status tells when its resource is served.
  cache.informer(DEFINITIONS).on(() => {
    known = undefined;
    if (watched.size > 0) watchNew();
  });

  return {
    resources: () => current().resources,
    find: (apiVersion, kind) => current().byKind.get(`${groupOf(apiVersion)}/${kind}`),
    onChange(listener) {
      listeners.push(listener);
    },
    start() {
      watchNew();
      return () => {
        for (const stop of watched.values()) stop();
        watched.clear();
      };
    },
  };
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}
