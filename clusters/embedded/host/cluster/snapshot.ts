import { randomUUID } from 'node:crypto';
import type { JsonObject } from '../../../../common/json.js';
import type { ClusterSnapshot } from '../../../provider.js';
import type { KubeObject } from '../../api/cluster-api.js';
import type { ClusterApiServerSide } from '../../api/create-cluster-api.js';
import { toJson } from '../../api/json/object-json.js';

/** What a client has of the snapshots that one source gave it: all that was stored when `upTo` was the last number. */
export interface KnownSnapshot {
  /** Numbers of one source mean nothing to another. */
  epoch: string;
  upTo: number;
}

/** A snapshot whose known objects are left out: `null` in their places, their numbers say which they are. */
export interface SnapshotAnswer extends Omit<ClusterSnapshot, 'objects'>, KnownSnapshot {
  objects: (JsonObject | null)[];
  /** By position: the number of each object, which it keeps until it is written again. */
  serials: number[];
}

/**
 * Takes snapshots, and sends of each only what the asker does not have. Versions of objects are numbered as they are
 * first seen: one that was numbered before a client's last snapshot, and is still stored, was part of it.
 */
export class SnapshotSource {
  readonly #epoch = randomUUID();
  readonly #serials = new WeakMap<KubeObject, number>();
  #last = 0;

  /** Every stored object but what Secrets hide. One moment: nothing can be written while this runs. */
  take(api: ClusterApiServerSide, known?: KnownSnapshot): SnapshotAnswer {
    const stored = api.registry.all().flatMap(({ name }) => api.list<KubeObject>(name));
    const upTo = known?.epoch === this.#epoch ? known.upTo : 0;
    const serials = stored.map((object) => this.#serialOf(object));
    return {
      takenAt: new Date(api.now()).toISOString(),
      resourceVersion: String(api.store.revision),
      epoch: this.#epoch,
      upTo: this.#last,
      objects: stored.map((object, i) => ((serials[i] ?? 0) <= upTo ? null : shownOf(object))),
      serials,
    };
  }

  #serialOf(object: KubeObject): number {
    const serial = this.#serials.get(object);
    if (serial !== undefined) return serial;
    this.#last += 1;
    this.#serials.set(object, this.#last);
    return this.#last;
  }
}

function shownOf(object: KubeObject): JsonObject {
  const json = toJson(object);
  if (object.kind !== 'Secret') return json;
  return { ...json, data: {}, stringData: {} };
}
