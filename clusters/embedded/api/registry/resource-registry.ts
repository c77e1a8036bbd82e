import type { ResourceName } from '../cluster-api.js';
import { qualifiedName } from '../api-error.js';
import type { ResourceDefinition } from '../resource-definition.js';

/** One kind of object in storage, with every version it is served as. */
export interface Resource {
  readonly name: ResourceName;
  /** The version objects are stored in. */
  readonly definition: ResourceDefinition;
  readonly custom: boolean;
}

/** A version of a resource as a path names it. */
export interface ServedResource {
  readonly resource: Resource;
  readonly definition: ResourceDefinition;
}

interface Index {
  byName: ReadonlyMap<ResourceName, Resource>;
  byPath: ReadonlyMap<string, ServedResource>;
}

const builtIn = new WeakMap<readonly ResourceDefinition[], Index>();

/** What a cluster serves: the built-in resources, shared by all clusters, and its own custom ones. */
export class ResourceRegistry {
  readonly #definitions: readonly ResourceDefinition[];
  readonly #index: Index;
  #custom: readonly ResourceDefinition[] = [];
  #customIndex: Index = { byName: new Map(), byPath: new Map() };
  #version = 0;

  constructor(definitions: readonly ResourceDefinition[]) {
    this.#definitions = definitions;
    let index = builtIn.get(definitions);
    if (index === undefined) {
      index = indexOf(definitions, false);
      builtIn.set(definitions, index);
    }
    this.#index = index;
  }

  /** Rises whenever custom resources come, go or change: for caches of discovery. */
  get version(): number {
    return this.#version;
  }

  get builtIn(): readonly ResourceDefinition[] {
    return this.#definitions;
  }

  get custom(): readonly ResourceDefinition[] {
    return this.#custom;
  }

  find(name: ResourceName): Resource | undefined {
    return this.#index.byName.get(name) ?? this.#customIndex.byName.get(name);
  }

  findServed(group: string, version: string, plural: string): ServedResource | undefined {
    const path = `${group}/${version}/${plural}`;
    return this.#index.byPath.get(path) ?? this.#customIndex.byPath.get(path);
  }

  findKind(group: string, version: string, kind: string): ServedResource | undefined {
    for (const definitions of [this.#definitions, this.#custom]) {
      for (const definition of definitions) {
        if (
          definition.kind === kind &&
          definition.group === group &&
          definition.version === version
        ) {
          return this.findServed(group, version, definition.plural);
        }
      }
    }
    return undefined;
  }

  all(): readonly Resource[] {
    return [...this.#index.byName.values(), ...this.#customIndex.byName.values()];
  }

  setCustom(definitions: readonly ResourceDefinition[]): void {
    this.#custom = definitions;
    this.#customIndex = indexOf(definitions, true);
    this.#version += 1;
  }
}

function indexOf(definitions: readonly ResourceDefinition[], custom: boolean): Index {
  const byName = new Map<ResourceName, Resource>();
  const byPath = new Map<string, ServedResource>();
  for (const definition of definitions) {
    if (definition.storedAs !== undefined) continue;
    const name = qualifiedName(definition);
    byName.set(name, { name, definition, custom });
  }
  for (const definition of definitions) {
    const resource = byName.get(definition.storedAs?.resource ?? qualifiedName(definition));
    if (resource === undefined) {
      throw new Error(`nothing stores ${qualifiedName(definition)} ${definition.version}`);
    }
    byPath.set(`${definition.group}/${definition.version}/${definition.plural}`, {
      resource,
      definition,
    });
  }
  return { byName, byPath };
}
