import type { JsonObject } from '../../common/json.js';
import type { ClusterSnapshot } from '../provider.js';
import type { KnownSnapshot, SnapshotAnswer } from './host/cluster/snapshot.js';

/** Asks the host for a snapshot, without the objects that are known. */
export type AskSnapshot = (known?: KnownSnapshot) => Promise<SnapshotAnswer>;

/** For how long an unused copy is kept: a learner who is at work checks again by then. */
const KEEP_MS = 2 * 60_000;

/**
 * The objects of the last snapshot of a cluster, so that the next one brings only what was written since. Objects
 * that did not change are the same ones in each snapshot: frozen, and keys by which a reader may remember what it read.
 */
export class SnapshotMirror {
  #copy: { known: KnownSnapshot; objects: Map<number, JsonObject> } | undefined;
  #forgetting: NodeJS.Timeout | undefined;

  async take(ask: AskSnapshot): Promise<ClusterSnapshot> {
    // Answers are read with what was known when they were asked for, whatever came in between.
    const before = this.#copy;
    const answer = await ask(before?.known);
    const objects = answer.objects.map(
      (object, i) => object ?? before?.objects.get(answer.serials[i] ?? 0),
    );
    if (!objects.every((object) => object !== undefined)) {
      this.#copy = undefined;
      return this.take(ask);
    }
    for (const object of answer.objects) if (object !== null) freezeAll(object);
    this.#remember(answer, objects);
    const { takenAt, resourceVersion } = answer;
    return { takenAt, resourceVersion, objects };
  }

  #remember(answer: SnapshotAnswer, objects: readonly JsonObject[]): void {
    const { epoch, upTo, serials } = answer;
    this.#copy = {
      known: { epoch, upTo },
      objects: new Map(objects.map((object, i) => [serials[i] ?? 0, object])),
    };
    clearTimeout(this.#forgetting);
    this.#forgetting = setTimeout(() => {
      this.#copy = undefined;
    }, KEEP_MS).unref();
  }
}

function freezeAll(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freezeAll(part);
}
