import type { KubeObject } from '../../cluster-api.js';

/** Fields that events.k8s.io names otherwise than the core group. */
const CORE_TO_EVENTS = {
  involvedObject: 'regarding',
  message: 'note',
  source: 'deprecatedSource',
  firstTimestamp: 'deprecatedFirstTimestamp',
  lastTimestamp: 'deprecatedLastTimestamp',
  count: 'deprecatedCount',
  reportingComponent: 'reportingController',
} as const;

/** A core Event as the events.k8s.io/v1 object that it also is. */
export function toEventsV1(event: KubeObject): KubeObject {
  return renamed(event, new Map(Object.entries(CORE_TO_EVENTS)), 'events.k8s.io/v1');
}

/** An events.k8s.io/v1 Event as the core object that is stored. */
export function toCoreEvent(event: KubeObject): KubeObject {
  if (event.apiVersion === 'v1') return event;
  const names = Object.entries(CORE_TO_EVENTS).map(([core, other]) => [other, core] as const);
  return renamed(event, new Map(names), 'v1');
}

function renamed(
  event: KubeObject,
  names: ReadonlyMap<string, string>,
  apiVersion: string,
): KubeObject {
  const { kind, metadata, apiVersion: _old, ...rest } = event;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(rest)) fields[names.get(name) ?? name] = value;
  return { ...fields, apiVersion, kind, metadata };
}
