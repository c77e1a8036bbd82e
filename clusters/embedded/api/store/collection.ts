import type { KubeObject } from '../cluster-api.js';

/** One committed write. `previous` is absent for a created object. */
export interface Change {
  revision: number;
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** As it is now; a deleted object's last state, with the revision of the deletion. */
  object: KubeObject;
  previous?: KubeObject;
}

/** How many changes a collection remembers for watches that start in the past. */
const HISTORY = 512;

/** All objects of one resource, by namespace and name; cluster-wide ones under the empty namespace. */
export class Collection {
  readonly #objects = new Map<string, Map<string, KubeObject>>();
  readonly #lists = new Map<string, readonly KubeObject[]>();
  /** Names in order, by namespace: a change of an object changes no order. */
  readonly #orders = new Map<string, readonly string[]>();
  #all: readonly KubeObject[] | undefined;
  #history: Change[] = [];
  /** Changes up to this revision are forgotten. */
  #forgotten = 0;

  get(name: string, namespace: string): KubeObject | undefined {
    return this.#objects.get(namespace)?.get(name);
  }

  get size(): number {
    let size = 0;
    for (const names of this.#objects.values()) size += names.size;
    return size;
  }

  /** Sorted as etcd sorts keys. The same array until the next write. */
  list(namespace?: string): readonly KubeObject[] {
    if (namespace === undefined) {
      this.#all ??= Object.freeze(
        [...this.#objects.keys()]
          .sort((a, b) => compare(`${a}/`, `${b}/`))
          .flatMap((key) => this.list(key)),
      );
      return this.#all;
    }
    const known = this.#lists.get(namespace);
    if (known !== undefined) return known;
    const names = this.#objects.get(namespace);
    if (names === undefined) return NOTHING;
    let order = this.#orders.get(namespace);
    if (order === undefined) {
      order = [...names.keys()].sort(compare);
      this.#orders.set(namespace, order);
    }
    const list = Object.freeze(order.flatMap((name) => names.get(name) ?? []));
    this.#lists.set(namespace, list);
    return list;
  }

  apply(change: Change): void {
    this.restore(change);
    this.#history.push(change);
    if (this.#history.length > HISTORY * 2) {
      const dropped = this.#history.splice(0, HISTORY);
      this.#forgotten = dropped.at(-1)?.revision ?? this.#forgotten;
    }
  }

  /** As `apply`, but leaves no trace for watches: for recovery. */
  restore(change: Change): void {
    const { name, namespace = '' } = change.object.metadata;
    let names = this.#objects.get(namespace);
    if (change.type === 'DELETED') {
      names?.delete(name);
      this.#orders.delete(namespace);
      if (names?.size === 0) this.#objects.delete(namespace);
    } else {
      if (names === undefined) {
        names = new Map();
        this.#objects.set(namespace, names);
      }
      if (!names.has(name)) this.#orders.delete(namespace);
      names.set(name, change.object);
    }
    this.#lists.delete(namespace);
    this.#all = undefined;
  }

  /** Changes after a revision, oldest first; undefined where some of them are forgotten. */
  changesSince(revision: number): readonly Change[] | undefined {
    if (revision < this.#forgotten) return undefined;
    const history = this.#history;
    let low = 0;
    let high = history.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((history[middle]?.revision ?? 0) <= revision) low = middle + 1;
      else high = middle;
    }
    return history.slice(low);
  }

  /** Nothing up to this revision can be watched any more. */
  forgetUntil(revision: number): void {
    this.#history = this.#history.filter((change) => change.revision > revision);
    this.#forgotten = Math.max(this.#forgotten, revision);
  }

  get forgottenUntil(): number {
    return this.#forgotten;
  }
}

const NOTHING: readonly KubeObject[] = Object.freeze([]);

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
