import { createHash } from 'node:crypto';
import type { JsonObject } from '../../../../common/json.js';
import type { ResourceRegistry } from '../registry/resource-registry.js';
import { apiVersionOf } from '../api-version.js';
import type { ResourceDefinition, SubresourceDefinition } from '../resource-definition.js';
import { parseMediaTypes } from './media-types.js';
import { ALL_VERBS } from '../verbs.js';

/** Groups in the real server's order; others follow by name. */
const GROUP_ORDER = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'flowcontrol.apiserver.k8s.io',
];

export interface DiscoveryDocument {
  text: string;
  contentType: string;
  etag: string | undefined;
}

interface Group {
  name: string;
  versions: { version: string; definitions: readonly ResourceDefinition[] }[];
}

/** A served resource with the version it is stored in. */
interface ListedResource {
  definition: ResourceDefinition;
  stored: ResourceDefinition;
}

/** What the server serves, told to clients; documents are made once per state of the registry. */
export class Discovery {
  readonly #registry: ResourceRegistry;
  #version = -1;
  #groups: readonly Group[] = [];
  readonly #documents = new Map<string, DiscoveryDocument>();

  constructor(registry: ResourceRegistry) {
    this.#registry = registry;
  }

  /** `/api`, `/apis`, `/apis/<group>` and `/api(s)/…/<version>`; undefined for a group or version there is not. */
  find(path: string, accept: string | undefined): DiscoveryDocument | undefined {
    const parts = path.replace(/\/+$/, '').split('/').slice(1);
    const [root = '', group = '', version = ''] =
      parts[0] === 'api' ? ['api', '', parts[1]] : parts;
    this.#refresh();
    if (group === '' && version === '') return this.#root(root, accept);
    if (parts.length > 3) return undefined;
    const found = this.#groups.find(({ name }) => name === group);
    if (found === undefined) return undefined;
    if (version === '') {
      return this.#cached(`group ${group}`, () => ({
        kind: 'APIGroup',
        apiVersion: 'v1',
        ...groupContent(found),
      }));
    }
    const served = found.versions.find((candidate) => candidate.version === version);
    if (served === undefined) return undefined;
    return this.#cached(`version ${group}/${version}`, () =>
      resourceList(
        group,
        version,
        served.definitions.map((definition) => this.#listed(definition)),
      ),
    );
  }

  hasGroupVersion(group: string, version: string): boolean {
    this.#refresh();
    return this.#groups.some(
      ({ name, versions }) =>
        name === group && versions.some((candidate) => candidate.version === version),
    );
  }

  groupVersions(): { group: string; version: string }[] {
    this.#refresh();
    return this.#groups.flatMap(({ name, versions }) =>
      versions.map(({ version }) => ({ group: name, version })),
    );
  }

  #listed(definition: ResourceDefinition): ListedResource {
    const { storedAs } = definition;
    const stored =
      storedAs === undefined ? definition : this.#registry.find(storedAs.resource)?.definition;
    return { definition, stored: stored ?? definition };
  }

  #root(root: string, accept: string | undefined): DiscoveryDocument {
    const core = root === 'api';
    const groups = this.#groups.filter(({ name }) => (name === '') === core);
    const as = aggregatedVersion(accept);
    if (as !== undefined) {
      const type = `application/json;g=apidiscovery.k8s.io;v=${as};as=APIGroupDiscoveryList`;
      return this.#cached(`${root} ${as}`, () => aggregated(groups, as), type);
    }
    if (!core) {
      return this.#cached('apis', () => ({
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: groups.map(groupContent),
      }));
    }
    return this.#cached('api', () => ({
      kind: 'APIVersions',
      versions: ['v1'],
      serverAddressByClientCIDRs: [],
    }));
  }

  #cached(key: string, make: () => JsonObject, aggregatedType?: string): DiscoveryDocument {
    let document = this.#documents.get(key);
    if (document === undefined) {
      const text = JSON.stringify(make());
      document = {
        text,
        contentType: aggregatedType ?? 'application/json',
        etag:
          aggregatedType === undefined
            ? undefined
            : `"${createHash('sha512').update(text).digest('hex').toUpperCase()}"`,
      };
      this.#documents.set(key, document);
    }
    return document;
  }

  #refresh(): void {
    if (this.#version === this.#registry.version) return;
    this.#version = this.#registry.version;
    this.#documents.clear();
    this.#groups = groupsOf([...this.#registry.builtIn, ...this.#registry.custom]);
  }
}

function groupsOf(definitions: readonly ResourceDefinition[]): Group[] {
  const groups = new Map<string, Map<string, ResourceDefinition[]>>();
  for (const definition of definitions) {
    const versions = groups.get(definition.group) ?? new Map<string, ResourceDefinition[]>();
    groups.set(definition.group, versions);
    versions.set(definition.version, [...(versions.get(definition.version) ?? []), definition]);
  }
  return [...groups]
    .sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1))
    .map(([name, versions]) => ({
      name,
      versions: [...versions]
        .sort(([a], [b]) => compareVersions(a, b))
        .map(([version, own]) => ({
          version,
          definitions: own.sort((a, b) => (a.plural < b.plural ? -1 : 1)),
        })),
    }));
}

function rank(group: string): number {
  const index = GROUP_ORDER.indexOf(group);
  return index < 0 ? GROUP_ORDER.length : index;
}

/** v2 before v1, stable before beta before alpha, as Kubernetes prefers them. */
export function compareVersions(a: string, b: string): number {
  const weigh = (version: string): readonly number[] => {
    const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
    if (match === null) return [0, 0, 0];
    const stage = match[2] === undefined ? 3 : match[2] === 'beta' ? 2 : 1;
    return [stage, Number(match[1]), Number(match[3] ?? 0)];
  };
  const left = weigh(a);
  const right = weigh(b);
  for (let i = 0; i < left.length; i += 1) {
    const difference = (right[i] ?? 0) - (left[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function groupContent(group: Group): JsonObject {
  const versions = group.versions.map(({ version }) => ({
    groupVersion: `${group.name}/${version}`,
    version,
  }));
  return { name: group.name, versions, preferredVersion: { ...versions[0] } };
}

function resourceList(
  group: string,
  version: string,
  listed: readonly ListedResource[],
): JsonObject {
  const apiVersion = apiVersionOf({ group, version });
  const resources = listed.flatMap(({ definition, stored }) => [
    {
      name: definition.plural,
      singularName: definition.singular,
      namespaced: definition.namespaced,
      kind: definition.kind,
      verbs: [...verbsOf(definition)],
      ...(definition.shortNames.length > 0 && { shortNames: [...definition.shortNames] }),
      ...(definition.categories.length > 0 && { categories: [...definition.categories] }),
      ...(isStored(definition) && { storageVersionHash: storageVersionHash(stored) }),
    },
    ...sortedSubresources(definition).map((subresource) => ({
      name: `${definition.plural}/${subresource.name}`,
      singularName: '',
      namespaced: definition.namespaced,
      ...(subresource.group !== undefined && { group: subresource.group }),
      ...(subresource.version !== undefined && { version: subresource.version }),
      kind: subresource.kind,
      verbs: [...subresource.verbs],
    })),
  ]);
  return {
    kind: 'APIResourceList',
    // The real server leaves it out for the core group.
    ...(group !== '' && { apiVersion: 'v1' }),
    groupVersion: apiVersion,
    resources,
  };
}

function aggregated(groups: readonly Group[], as: string): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: `apidiscovery.k8s.io/${as}`,
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: { ...(name !== '' && { name }), creationTimestamp: null },
      versions: versions.map(({ version, definitions }) => ({
        version,
        resources: definitions.map(aggregatedResource),
        freshness: 'Current',
      })),
    })),
  };
}

function aggregatedResource(definition: ResourceDefinition): JsonObject {
  const subresources = sortedSubresources(definition).map((subresource) => ({
    subresource: subresource.name,
    responseKind: responseKind(subresource),
    verbs: [...subresource.verbs],
  }));
  return {
    resource: definition.plural,
    // Of custom resources the real server names them in full.
    responseKind:
      definition.decode === undefined
        ? { group: '', version: '', kind: definition.kind }
        : { group: definition.group, version: definition.version, kind: definition.kind },
    scope: definition.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: definition.singular,
    verbs: [...verbsOf(definition)],
    ...(definition.shortNames.length > 0 && { shortNames: [...definition.shortNames] }),
    ...(definition.categories.length > 0 && { categories: [...definition.categories] }),
    ...(subresources.length > 0 && { subresources }),
  };
}

function responseKind(subresource: SubresourceDefinition): JsonObject {
  return {
    group: subresource.group ?? '',
    version: subresource.version ?? '',
    kind: subresource.kind,
  };
}

function sortedSubresources(definition: ResourceDefinition): readonly SubresourceDefinition[] {
  return [...definition.subresources].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export function verbsOf(definition: ResourceDefinition): readonly string[] {
  return definition.verbs ?? ALL_VERBS;
}

function isStored(definition: ResourceDefinition): boolean {
  return verbsOf(definition).includes('watch');
}

function storageVersionHash(definition: ResourceDefinition): string {
  const name = `${definition.group}/${definition.version}/${definition.kind}`;
  return createHash('sha256').update(name).digest().subarray(0, 8).toString('base64');
}

function aggregatedVersion(accept: string | undefined): string | undefined {
  for (const { type, parameters } of parseMediaTypes(accept ?? '')) {
    if (type !== 'application/json') continue;
    if (parameters.get('as') === undefined) return undefined;
    const version = parameters.get('v');
    if (
      parameters.get('g') === 'apidiscovery.k8s.io' &&
      parameters.get('as') === 'APIGroupDiscoveryList' &&
      (version === 'v2' || version === 'v2beta1')
    ) {
      return version;
    }
  }
  return undefined;
}
