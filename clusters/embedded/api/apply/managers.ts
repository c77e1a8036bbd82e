import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { parseFieldSet } from './field-set.js';
import type { FieldSet } from './field-set.js';

/** Who set which fields, one entry of `metadata.managedFields`. */
export interface Manager {
  name: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  subresource: string;
  time: string;
  fields: FieldSet;
}

/** Past so many, the oldest managers by update are put together. */
const MAX_UPDATE_MANAGERS = 10;
const ANCIENT = 'ancient-changes';

export function parseManagers(entries: readonly JsonObject[] | undefined): Manager[] {
  return (entries ?? []).map((entry) => ({
    name: text(entry['manager']),
    operation: entry['operation'] === 'Apply' ? 'Apply' : 'Update',
    apiVersion: text(entry['apiVersion']),
    subresource: text(entry['subresource']),
    time: text(entry['time']),
    fields: parseFieldSet(entry['fieldsV1']),
  }));
}

export function formatManagers(managers: readonly Manager[]): JsonObject[] {
  return capped(managers.filter(({ fields }) => !fields.isEmpty))
    .sort(compareManagers)
    .map((manager) => ({
      manager: manager.name,
      operation: manager.operation,
      apiVersion: manager.apiVersion,
      ...(manager.time !== '' && { time: manager.time }),
      fieldsType: 'FieldsV1',
      fieldsV1: manager.fields.toJson(),
      ...(manager.subresource !== '' && { subresource: manager.subresource }),
    }));
}

export function isSameManager(a: Manager, b: Omit<Manager, 'time' | 'fields'>): boolean {
  return (
    a.name === b.name &&
    a.operation === b.operation &&
    a.subresource === b.subresource &&
    a.apiVersion === b.apiVersion
  );
}

/** Whether a client means to start anew: a list with one empty entry. */
export function isReset(entries: readonly unknown[] | undefined): boolean {
  const [first] = entries ?? [];
  return isJsonObject(first) && Object.keys(first).length === 0;
}

function compareManagers(a: Manager, b: Manager): number {
  if (a.operation !== b.operation) return a.operation < b.operation ? -1 : 1;
  if (a.time !== b.time) return a.time < b.time ? -1 : 1;
  const keyA = `${a.name}\n${a.apiVersion}\n${a.subresource}`;
  const keyB = `${b.name}\n${b.apiVersion}\n${b.subresource}`;
  return keyA < keyB ? -1 : keyA > keyB ? 1 : 0;
}

function capped(managers: readonly Manager[]): Manager[] {
  const updates = managers.filter(({ operation }) => operation === 'Update');
  if (updates.length <= MAX_UPDATE_MANAGERS) return [...managers];
  const oldest = [...updates]
    .sort(compareManagers)
    .slice(0, updates.length - MAX_UPDATE_MANAGERS + 1);
  const first = oldest[0];
  if (first === undefined) return [...managers];
  const ancient = oldest
    .slice(1)
    .reduce<Manager>(
      (sum, manager) => ({ ...sum, time: manager.time, fields: sum.fields.union(manager.fields) }),
      { ...first, name: ANCIENT, subresource: '' },
    );
  return [...managers.filter((manager) => !oldest.includes(manager)), ancient];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
