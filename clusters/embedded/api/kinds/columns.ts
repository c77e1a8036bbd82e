/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the caller says of which kind the column is */
import type { KubeObject } from '../cluster-api.js';
import type { PrinterColumn } from '../resource-definition.js';
import { ageOf } from './human-duration.js';

export const NAME: PrinterColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name of the object, unique within its namespace.',
  priority: 0,
  cell: (object) => object.metadata.name,
};

export const AGE: PrinterColumn = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was created.',
  priority: 0,
  cell: (object, now) => ageOf(object.metadata.creationTimestamp, now),
};

/** For kinds without columns of their own. */
export const CREATED_AT: PrinterColumn = {
  name: 'Created At',
  type: 'date',
  description: 'When the object was created.',
  priority: 0,
  cell: (object) => object.metadata.creationTimestamp,
};

/** A column of text that plain `kubectl get` shows. */
export function column<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T, now: number) => string | number | boolean,
): PrinterColumn {
  return make(name, description, { cell, type: 'string', priority: 0 });
}

/** A column of text that only `-o wide` shows. */
export function wideColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T, now: number) => string | number | boolean,
): PrinterColumn {
  return make(name, description, { cell, type: 'string', priority: 1 });
}

export function integerColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T) => number,
): PrinterColumn {
  return make(name, description, { cell, type: 'integer', priority: 0 });
}

export function booleanColumn<T extends KubeObject>(
  name: string,
  description: string,
  cell: (object: T) => boolean | string,
): PrinterColumn {
  return make(name, description, { cell, type: 'boolean', priority: 0 });
}

function make<T extends KubeObject>(
  name: string,
  description: string,
  rest: {
    type: PrinterColumn['type'];
    priority: 0 | 1;
    cell(object: T, now: number): string | number | boolean;
  },
): PrinterColumn {
  return { name, description, ...rest };
}

/** Lists with more than `max` entries end in `+ n more...`. */
export function shortList(items: readonly string[], max: number): string {
  if (items.length <= max) return items.join(',');
  return `${items.slice(0, max).join(',')} + ${items.length - max} more...`;
}
