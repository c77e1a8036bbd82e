import { messageOf } from '../../../../common/errors.js';
import type { Logger } from '../../../../common/logger.js';
import type { KubeObject, ResourceName } from '../cluster-api.js';
import { settleJson } from '../json/json-values.js';
import { Collection } from './collection.js';
import type { Change } from './collection.js';

export type ChangeListener = (change: Change) => void;

/** Where committed writes go beside memory. */
export interface WriteLog {
  append(resource: ResourceName, change: Change): void;
  flushed(): Promise<void>;
}

/** After so many events in one go, timers and sockets get their turn. */
const EVENTS_PER_TURN = 5000;

/**
 * The memory of one cluster: collections, one rising revision, and a queue that tells listeners of each
 * change in order, after the write has returned.
 */
export class ObjectStore {
  readonly #collections = new Map<ResourceName, Collection>();
  readonly #listeners = new Map<ResourceName, Set<{ from: number; listener: ChangeListener }>>();
  readonly #log: WriteLog | undefined;
  readonly #logger: Logger;
  #revision = 1;
  #queue: { resource: ResourceName; change: Change }[] = [];
  #draining = false;
  #closed = false;

  constructor(options: { log?: WriteLog; logger: Logger }) {
    this.#log = options.log;
    this.#logger = options.logger;
  }

  /** The revision of the last write. */
  get revision(): number {
    return this.#revision;
  }

  collection(resource: ResourceName): Collection {
    let collection = this.#collections.get(resource);
    if (collection === undefined) {
      collection = new Collection();
      this.#collections.set(resource, collection);
    }
    return collection;
  }

  resources(): readonly ResourceName[] {
    return [...this.#collections.keys()];
  }

  /** Stores the object under a new revision and returns it frozen, as stored. */
  put(resource: ResourceName, object: KubeObject): KubeObject {
    const { name, namespace = '' } = object.metadata;
    const previous = this.collection(resource).get(name, namespace);
    object.metadata.resourceVersion = String(this.#revision + 1);
    const settled = settleJson(object, previous);
    this.#commit(resource, {
      revision: this.#revision + 1,
      type: previous === undefined ? 'ADDED' : 'MODIFIED',
      object: settled,
      ...(previous !== undefined && { previous }),
    });
    return settled;
  }

  /** Removes the object; returns its last state with the revision of the deletion. */
  remove(resource: ResourceName, object: KubeObject): KubeObject {
    const last = settleJson({
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(this.#revision + 1) },
    });
    this.#commit(resource, {
      revision: this.#revision + 1,
      type: 'DELETED',
      object: last,
      previous: object,
    });
    return last;
  }

  /** Puts back what a journal held, without telling anybody. */
  restore(resource: ResourceName, change: Change): void {
    settleJson(change.object);
    this.collection(resource).restore(change);
    this.#revision = Math.max(this.#revision, change.revision);
  }

  /** Watches cannot start before this moment: what happened before is not in memory. */
  finishRestore(revision = this.#revision): void {
    this.#revision = Math.max(this.#revision, revision);
    for (const collection of this.#collections.values()) collection.forgetUntil(this.#revision);
  }

  /** Changes after now, in order. Returns the end of it. */
  listen(resource: ResourceName, listener: ChangeListener): () => void {
    const entry = { from: this.#revision, listener };
    let entries = this.#listeners.get(resource);
    if (entries === undefined) {
      entries = new Set();
      this.#listeners.set(resource, entries);
    }
    entries.add(entry);
    return () => {
      this.#listeners.get(resource)?.delete(entry);
    };
  }

  async flushed(): Promise<void> {
    await this.#log?.flushed();
  }

  /** No listener hears anything after this. */
  close(): void {
    this.#closed = true;
    this.#listeners.clear();
    this.#queue = [];
  }

  #commit(resource: ResourceName, change: Change): void {
    this.#revision = change.revision;
    this.collection(resource).apply(change);
    this.#log?.append(resource, change);
    if ((this.#listeners.get(resource)?.size ?? 0) === 0) return;
    this.#queue.push({ resource, change });
    if (!this.#draining) {
      this.#draining = true;
      queueMicrotask(() => {
        this.#drain();
      });
    }
  }

  #drain(): void {
    let told = 0;
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      for (const { resource, change } of batch) {
        told += 1;
        // Listeners that come while this runs have seen this change in their list: `from` keeps it from them.
        for (const { from, listener } of this.#listeners.get(resource) ?? []) {
          if (change.revision <= from || this.#closed) continue;
          try {
            listener(change);
          } catch (error) {
            this.#logger.error('a listener failed on a change', {
              resource,
              name: change.object.metadata.name,
              error: error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error),
            });
          }
        }
      }
      if (told > EVENTS_PER_TURN) {
        setImmediate(() => {
          this.#drain();
        });
        return;
      }
    }
    this.#draining = false;
  }
}
