/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- callers claim the shape of a kind, see ClusterApi */
import { SILENT } from '../../../common/logger.js';
import type { Logger } from '../../../common/logger.js';
import { notFound } from './api-error.js';
import type {
  ClusterApi,
  KubeObject,
  NewObject,
  ObjectKey,
  ResourceName,
  WatchEvent,
} from './cluster-api.js';
import type { Admission, UserInfo } from './registry/admission.js';
import type { DeleteOptions } from './registry/deletion.js';
import { EventRecorder } from './registry/event-recorder.js';
import { ResourceRegistry } from './registry/resource-registry.js';
import type { Resource } from './registry/resource-registry.js';
import { Writer } from './registry/writer.js';
import type { FieldTracker } from './registry/write-context.js';
import type { ResourceDefinition } from './resource-definition.js';
import type { Change } from './store/collection.js';
import { ObjectStore } from './store/object-store.js';
import type { WriteLog } from './store/object-store.js';

export interface ClusterApiOptions {
  resources: readonly ResourceDefinition[];
  admission?: readonly Admission[];
  /** Where writes are kept beyond this process. */
  log?: WriteLog;
  fields?: FieldTracker;
  now?: () => number;
  logger?: Logger;
}

/** The contract for controllers and kubelets, and what the API server itself needs beside it. */
export interface ClusterApiServerSide extends ClusterApi {
  readonly store: ObjectStore;
  readonly registry: ResourceRegistry;
  readonly writer: Writer;
  /** The same API whose writes are recorded in managedFields under another manager's name. */
  as(manager: string): ClusterApi;
  /** Called at once after a write to a resource, before anything else can be written. */
  hook(resource: ResourceName, listener: (change: Change) => void): void;
  admit(plugin: Admission): void;
}

const INTERNAL_USER: UserInfo = { username: 'system:apiserver', groups: ['system:masters'] };

/** The store of one cluster with everything a write goes through. Nothing listens on a network yet. */
export function createClusterApi(options: ClusterApiOptions): ClusterApiServerSide {
  const logger = options.logger ?? SILENT;
  const now = options.now ?? Date.now;
  const registry = new ResourceRegistry(options.resources);
  const store = new ObjectStore({ logger, ...(options.log && { log: options.log }) });
  const hooks = new Map<ResourceName, (change: Change) => void>();
  const admission = [...(options.admission ?? [])];
  const writer: Writer = new Writer(
    { store, admission, fields: options.fields, now, hooks },
    () => base,
  );
  const parts: Parts = { store, registry, writer, now };
  const base = new InProcessApi(parts, 'kube-apiserver');
  return Object.assign(base, {
    store,
    registry,
    writer,
    as: (manager: string): ClusterApi => new InProcessApi(parts, manager),
    hook: (resource: ResourceName, listener: (change: Change) => void): void => {
      hooks.set(resource, listener);
    },
    admit: (plugin: Admission): void => {
      admission.push(plugin);
    },
  });
}

interface Parts {
  store: ObjectStore;
  registry: ResourceRegistry;
  writer: Writer;
  now: () => number;
}

class InProcessApi implements ClusterApi {
  readonly #parts: Parts;
  readonly #manager: string;
  readonly #events: EventRecorder;

  constructor(parts: Parts, manager: string) {
    this.#parts = parts;
    this.#manager = manager;
    this.#events = new EventRecorder(this);
  }

  get<T extends KubeObject>(
    resource: ResourceName,
    name: string,
    namespace?: string,
  ): T | undefined {
    this.#check(resource);
    const object = this.#parts.store.collection(resource).get(name, namespace ?? '');
    return object === undefined ? undefined : claim<T>(object);
  }

  list<T extends KubeObject>(resource: ResourceName, namespace?: string): readonly T[] {
    this.#check(resource);
    return claimAll(this.#parts.store.collection(resource).list(namespace));
  }

  create<T extends KubeObject>(resource: ResourceName, object: NewObject): T {
    return claim(this.#parts.writer.create(this.#resource(resource), object, this.#context()));
  }

  update<T extends KubeObject>(
    resource: ResourceName,
    key: ObjectKey & { subresource?: 'status' },
    change: (draft: T) => void,
  ): T | undefined {
    const written = this.#parts.writer.update(this.#resource(resource), key, {
      ...this.#context(),
      ...(key.subresource !== undefined && { subresource: key.subresource }),
      change: (draft) => {
        change(claim(draft));
        return undefined;
      },
    });
    return written === undefined ? undefined : claim<T>(written);
  }

  delete(resource: ResourceName, key: ObjectKey & DeleteOptions): void {
    this.#parts.writer.delete(this.#resource(resource), key, { ...key, ...this.#context() });
  }

  watch<T extends KubeObject>(
    resource: ResourceName,
    listener: (event: WatchEvent<T>) => void,
  ): () => void {
    this.#check(resource);
    const { store } = this.#parts;
    const stop = store.listen(resource, (change) => {
      listener(watchEvent(change));
    });
    for (const object of store.collection(resource).list()) {
      listener({ type: 'ADDED', object: claim(object) });
    }
    return stop;
  }

  async flushed(): Promise<void> {
    await this.#parts.store.flushed();
  }

  event(
    about: KubeObject,
    event: { type: 'Normal' | 'Warning'; reason: string; message: string; component: string },
  ): void {
    this.#events.record(about, event);
  }

  now(): number {
    return this.#parts.now();
  }

  #context(): { user: UserInfo; manager: string; dryRun: boolean } {
    return { user: INTERNAL_USER, manager: this.#manager, dryRun: false };
  }

  #resource(name: ResourceName): Resource {
    const resource = this.#parts.registry.find(name);
    if (resource === undefined) throw notFound(groupResource(name), '');
    return resource;
  }

  /** A custom resource may be asked for before its definition is applied; a core one cannot be missing. */
  #check(name: ResourceName): void {
    if (!name.includes('.')) this.#resource(name);
  }
}

function groupResource(name: ResourceName): { group: string; plural: string } {
  const dot = name.indexOf('.');
  return dot < 0
    ? { group: '', plural: name }
    : { group: name.slice(dot + 1), plural: name.slice(0, dot) };
}

function watchEvent<T extends KubeObject>(change: Change): WatchEvent<T> {
  const object: T = claim(change.object);
  if (change.type === 'MODIFIED' && change.previous !== undefined) {
    return { type: 'MODIFIED', object, previous: claim(change.previous) };
  }
  return { type: change.type === 'DELETED' ? 'DELETED' : 'ADDED', object };
}

function claim<T extends KubeObject>(object: KubeObject): T {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the caller's claim about a kind's shape, see ClusterApi
  return object as T;
}

function claimAll<T extends KubeObject>(objects: readonly KubeObject[]): readonly T[] {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the caller's claim about a kind's shape, see ClusterApi
  return objects as readonly T[];
}
