import type { ClusterApi, KubeObject, ResourceName, WatchEvent } from '../api/cluster-api.js';

/** Objects of one resource by something computed from them; one object may be under several keys. */
export interface Index<T extends KubeObject> {
  /** By uid. Never to be changed by the caller. */
  get(key: string): ReadonlyMap<string, T>;
}

/** What all controllers of a cluster see of one resource, through a single watch. */
export interface Informer<T extends KubeObject> {
  /** An index that is kept up to date before any listener hears of a change. */
  index(keysOf: (object: T) => readonly string[]): Index<T>;
  /** Told of each object there is, then of every change. */
  on(listener: (event: WatchEvent<T>) => void): void;
}

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();

/** One watch per resource for all controllers of a cluster. Informers are made first, then `start` fills them. */
export class ClusterCache implements Disposable {
  readonly #api: ClusterApi;
  readonly #starters = new Map<ResourceName, { informer: unknown; start: () => () => void }>();
  readonly #ends: (() => void)[] = [];

  constructor(api: ClusterApi) {
    this.#api = api;
  }

  /** The type parameter is the caller's claim, as with ClusterApi. */
  informer<T extends KubeObject>(resource: ResourceName): Informer<T> {
    const known = this.#starters.get(resource);
    // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- one informer per resource; its callers agree on the type
    if (known !== undefined) return known.informer as Informer<T>;
    const { informer, tell } = createInformer<T>();
    const start = (): (() => void) => this.#api.watch<T>(resource, tell);
    this.#starters.set(resource, { informer, start });
    return informer;
  }

  /** Fills the informers; those of resources that are not served stay empty. */
  start(isServed: (resource: ResourceName) => boolean): void {
    for (const [resource, { start }] of this.#starters) {
      if (isServed(resource)) this.#ends.push(start());
    }
  }

  [Symbol.dispose](): void {
    for (const end of this.#ends.splice(0)) end();
  }
}

function createInformer<T extends KubeObject>(): {
  informer: Informer<T>;
  tell: (event: WatchEvent<T>) => void;
} {
  const indexes: ((event: WatchEvent<T>) => void)[] = [];
  const listeners: ((event: WatchEvent<T>) => void)[] = [];
  return {
    informer: {
      index(keysOf) {
        const { index, update } = createIndex(keysOf);
        indexes.push(update);
        return index;
      },
      on(listener) {
        listeners.push(listener);
      },
    },
    tell(event) {
      for (const update of indexes) update(event);
      for (const listener of listeners) listener(event);
    },
  };
}

function createIndex<T extends KubeObject>(
  keysOf: (object: T) => readonly string[],
): { index: Index<T>; update: (event: WatchEvent<T>) => void } {
  const entries = new Map<string, Map<string, T>>();
  const remove = (object: T): void => {
    for (const key of keysOf(object)) {
      const bucket = entries.get(key);
      bucket?.delete(object.metadata.uid);
      if (bucket?.size === 0) entries.delete(key);
    }
  };
  const insert = (object: T): void => {
    for (const key of keysOf(object)) {
      const bucket = entries.get(key);
      if (bucket === undefined) entries.set(key, new Map([[object.metadata.uid, object]]));
      else bucket.set(object.metadata.uid, object);
    }
  };
  return {
    index: { get: (key) => entries.get(key) ?? NOTHING },
    update(event) {
      if (event.type === 'DELETED') {
        remove(event.object);
        return;
      }
      if (event.type === 'MODIFIED' && !sameKeys(keysOf(event.previous), keysOf(event.object))) {
        remove(event.previous);
      }
      insert(event.object);
    },
  };
}

function sameKeys(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((key, i) => key === b[i]);
}
