import type { KubeObject } from '../../cluster-api.js';
import type { FieldError, PrinterColumn, ResourceDefinition } from '../../resource-definition.js';
import { column, NAME, wideColumn } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { invalid } from '../field-errors.js';
import { ageOf, humanDuration } from '../human-duration.js';
import { validateMeta } from '../object-meta.js';
import { toCoreEvent, toEventsV1 } from './event-conversion.js';

export interface Event extends KubeObject {
  involvedObject?: ObjectReference;
  reason?: string;
  message?: string;
  source?: { component?: string; host?: string };
  firstTimestamp?: string;
  lastTimestamp?: string;
  eventTime?: string;
  count?: number;
  type?: string;
  action?: string;
  series?: { count?: number; lastObservedTime?: string };
  reportingComponent?: string;
  reportingInstance?: string;
}

interface ObjectReference {
  kind?: string;
  namespace?: string;
  name?: string;
  uid?: string;
  apiVersion?: string;
  resourceVersion?: string;
  fieldPath?: string;
}

const ABOUT = [
  'kind',
  'namespace',
  'name',
  'uid',
  'apiVersion',
  'resourceVersion',
  'fieldPath',
] as const;

const COLUMNS: readonly PrinterColumn[] = [
  column<Event>('Last Seen', 'Time since it was seen last.', lastSeen),
  column<Event>('Type', 'Normal or Warning.', ({ type = '' }) => type),
  column<Event>('Reason', 'Why, in a word.', ({ reason = '' }) => reason),
  column<Event>('Object', 'What it is about.', ({ involvedObject: about }) =>
    (about?.name ?? '') === ''
      ? (about?.kind ?? '').toLowerCase()
      : `${(about?.kind ?? '').toLowerCase()}/${about?.name ?? ''}`,
  ),
  wideColumn<Event>(
    'Subobject',
    'Which part of it.',
    ({ involvedObject }) => involvedObject?.fieldPath ?? '',
  ),
  wideColumn<Event>('Source', 'Who tells.', source),
  column<Event>('Message', 'What happened.', ({ message = '' }) => message.trim()),
  wideColumn<Event>('First Seen', 'Time since it was seen first.', firstSeen),
  wideColumn<Event>('Count', 'How often.', ({ count, series }) => {
    if (series !== undefined) return series.count ?? 0;
    return count === undefined || count === 0 ? 1 : count;
  }),
  { ...NAME, priority: 1 },
];

/** Selectors as `kubectl describe` uses them. */
function selectable(prefix: string): NonNullable<ResourceDefinition['selectableFields']> {
  const about = Object.fromEntries(
    ABOUT.map((field) => [
      `${prefix}.${field}`,
      (event: KubeObject) => textAt(event['involvedObject'] ?? event['regarding'], field),
    ]),
  );
  return {
    ...about,
    reason: (event) => textAt(event, 'reason'),
    reportingComponent: (event) => textAt(event, 'reportingComponent'),
    source: (event) => textAt(event['source'], 'component') || textAt(event, 'reportingComponent'),
    type: (event) => textAt(event, 'type'),
  };
}

export const EVENTS = defineResource({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  selectableFields: selectable('involvedObject'),
  validate: (event: Event) => validateEvent(event),
  columns: COLUMNS,
});

/** The same objects under another group. */
export const EVENTS_V1 = defineResource({
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  shortNames: ['ev'],
  selectableFields: selectable('regarding'),
  storedAs: { resource: 'events', toStored: toCoreEvent, fromStored: toEventsV1 },
  validate: (event: Event) => validateEvent(event),
  columns: COLUMNS.map((one) => ({
    ...one,
    cell: (object, now) => one.cell(toCoreEvent(object), now),
  })),
});

function validateEvent(event: Event): FieldError[] {
  const errors = validateMeta(event);
  const about = event.involvedObject ?? {};
  const { namespace = '' } = event.metadata;
  // Events about things without a namespace live in `default`.
  const expected = about.namespace ?? 'default';
  if (event.involvedObject !== undefined && namespace !== expected && namespace !== 'kube-system') {
    errors.push(
      invalid('involvedObject.namespace', about.namespace ?? '', 'does not match event.namespace'),
    );
  }
  return errors;
}

function lastSeen(event: Event, now: number): string {
  if (event.series?.lastObservedTime !== undefined)
    return ageOf(event.series.lastObservedTime, now);
  if (event.lastTimestamp !== undefined) return ageOf(event.lastTimestamp, now);
  return firstSeen(event, now);
}

function firstSeen(event: Event, now: number): string {
  const time = event.firstTimestamp ?? event.eventTime;
  return time === undefined ? '<unknown>' : humanDuration(now - Date.parse(time));
}

function source({ source: from, reportingComponent = '', reportingInstance = '' }: Event): string {
  const component = from?.component ?? reportingComponent;
  const host = from?.host ?? reportingInstance;
  return host === '' ? component : `${component}, ${host}`;
}

function textAt(value: unknown, key: string): string {
  const text: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof text === 'string' ? text : '';
}
