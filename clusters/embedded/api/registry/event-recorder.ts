import { isJsonObject } from '../../../../common/json.js';
import type { ClusterApi, KubeObject } from '../cluster-api.js';
import { timestamp } from './object-meta.js';

export interface RecordedEvent {
  type: 'Normal' | 'Warning';
  reason: string;
  message: string;
  component: string;
}

/** Events live one hour, as on a real server. */
const EVENT_LIFE_MS = 3_600_000;
const SWEEP_EVERY_MS = 60_000;

/** Writes Kubernetes Events; the same event again raises its count. */
export class EventRecorder {
  readonly #api: ClusterApi;
  /** What was told -> name of its Event. */
  readonly #known = new Map<string, string>();
  #sequence = 0;
  #sweptAt = 0;

  constructor(api: ClusterApi) {
    this.#api = api;
  }

  record(about: KubeObject, event: RecordedEvent): void {
    const now = this.#api.now();
    this.#sweep(now);
    const namespace = about.metadata.namespace ?? 'default';
    const home = this.#api.get('namespaces', namespace);
    if (home?.metadata.deletionTimestamp !== undefined || home === undefined) return;
    const key = [
      namespace,
      about.metadata.uid,
      event.type,
      event.reason,
      event.message,
      event.component,
    ].join('\n');
    const known = this.#known.get(key);
    if (known !== undefined && this.#again({ name: known, namespace }, now)) return;
    const created = this.#create(about, event, { namespace, now });
    this.#known.set(key, created.metadata.name);
  }

  #again(key: { name: string; namespace: string }, now: number): boolean {
    const updated = this.#api.update('events', key, (draft) => {
      draft['count'] = (typeof draft['count'] === 'number' ? draft['count'] : 1) + 1;
      draft['lastTimestamp'] = timestamp(now);
    });
    return updated !== undefined;
  }

  #create(
    about: KubeObject,
    event: RecordedEvent,
    at: { namespace: string; now: number },
  ): KubeObject {
    const when = timestamp(at.now);
    this.#sequence += 1;
    const suffix = (BigInt(Math.trunc(at.now)) * 1_000_000n + BigInt(this.#sequence)).toString(16);
    return this.#api.create('events', {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${about.metadata.name}.${suffix}`, namespace: at.namespace },
      involvedObject: {
        kind: about.kind,
        ...(about.metadata.namespace !== undefined && { namespace: about.metadata.namespace }),
        name: about.metadata.name,
        ...(about.metadata.uid !== '' && { uid: about.metadata.uid }),
        apiVersion: about.apiVersion,
        ...(about.metadata.resourceVersion !== '' && {
          resourceVersion: about.metadata.resourceVersion,
        }),
      },
      reason: event.reason,
      message: event.message,
      source: { component: event.component },
      firstTimestamp: when,
      lastTimestamp: when,
      count: 1,
      type: event.type,
      eventTime: null,
      reportingComponent: event.component,
      reportingInstance: '',
    });
  }

  /** No timer runs while a cluster idles: old events go when new ones come. */
  #sweep(now: number): void {
    if (now - this.#sweptAt < SWEEP_EVERY_MS) return;
    this.#sweptAt = now;
    const alive = new Set<string>();
    for (const event of this.#api.list('events')) {
      const { name, namespace, creationTimestamp } = event.metadata;
      if (now - lastSeen(event, creationTimestamp) > EVENT_LIFE_MS) {
        this.#api.delete('events', { name, ...(namespace !== undefined && { namespace }) });
      } else alive.add(name);
    }
    for (const [key, name] of this.#known) if (!alive.has(name)) this.#known.delete(key);
  }
}

function lastSeen(event: KubeObject, created: string): number {
  const series = event['series'];
  const at = isJsonObject(series) ? series['lastObservedTime'] : event['lastTimestamp'];
  return Date.parse(typeof at === 'string' ? at : created);
}
