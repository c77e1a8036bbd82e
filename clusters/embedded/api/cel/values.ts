import { isJsonObject } from '../../../../common/json.js';
import { setField } from '../json/json-values.js';

/** JSON as expressions see it where no schema tells more: whole numbers are `int`. */
export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (!isJsonObject(value)) return value;
  const object: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item !== undefined) setField(object, key, toCel(item));
  }
  return object;
}

/** A value of an expression in words, for messages. */
export function celText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean') {
    return String(value);
  }
  if (value === null || value === undefined) return 'null';
  if (value instanceof Date) return value.toISOString().replace(/\.000Z$/, 'Z');
  if (Array.isArray(value)) return `[${value.map(celText).join(', ')}]`;
  if (value instanceof Map) {
    return `{${[...value].map(([key, item]) => `${celText(key)}: ${celText(item)}`).join(', ')}}`;
  }
  if (value instanceof CelValue) return value.toString();
  if (!isJsonObject(value)) return '';
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${celText(item)}`);
  return `{${entries.join(', ')}}`;
}

/** What our libraries add to the language's values. */
export abstract class CelValue {
  abstract toString(): string;
}
