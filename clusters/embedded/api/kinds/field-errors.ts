import type { FieldError } from '../resource-definition.js';

/** A value as Go's `%#v` prints it, for structs and slices that an error text shows whole. */
export class GoText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type BadValue = string | number | boolean | GoText | undefined;

export function required(path: string, detail = ''): FieldError {
  return error(path, 'FieldValueRequired', withDetail('Required value', detail));
}

export function invalid(path: string, value: BadValue, detail: string): FieldError {
  return error(path, 'FieldValueInvalid', withDetail(`Invalid value: ${show(value)}`, detail));
}

/** `supported` in the order in which the real server lists them. */
export function notSupported(
  path: string,
  value: BadValue,
  supported: readonly string[],
): FieldError {
  const list = supported.map((item) => JSON.stringify(item)).join(', ');
  const text = `Unsupported value: ${show(value)}${list === '' ? '' : `: supported values: ${list}`}`;
  return error(path, 'FieldValueNotSupported', text);
}

export function duplicate(path: string, value: BadValue): FieldError {
  return error(path, 'FieldValueDuplicate', `Duplicate value: ${show(value)}`);
}

export function forbidden(path: string, detail: string): FieldError {
  return error(path, 'FieldValueForbidden', withDetail('Forbidden', detail));
}

export function tooLong(path: string, maxBytes: number): FieldError {
  return error(path, 'FieldValueTooLong', `Too long: may not be more than ${maxBytes} bytes`);
}

export function tooMany(path: string, actual: number, max: number): FieldError {
  return error(path, 'FieldValueTooMany', `Too many: ${actual}: must have at most ${max} items`);
}

export function notFound(path: string, value: BadValue): FieldError {
  return error(path, 'FieldValueNotFound', `Not found: ${show(value)}`);
}

/** A field that stays as it was created. */
export function immutableValue(path: string, value: BadValue): FieldError {
  return invalid(path, value, 'field is immutable');
}

/** One `Invalid value` per message, as name checks give them. */
export function invalidEach(
  path: string,
  value: BadValue,
  messages: readonly string[],
): FieldError[] {
  return messages.map((message) => invalid(path, value, message));
}

export function goStrings(values: readonly string[] | undefined): GoText {
  if (values === undefined) return new GoText('[]string(nil)');
  return new GoText(`[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`);
}

/** Go prints maps sorted by key. */
export function goStringMap(map: Readonly<Record<string, string>> | undefined): GoText {
  if (map === undefined) return new GoText('map[string]string(nil)');
  const entries = Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return new GoText(`map[string]string{${text.join(', ')}}`);
}

function show(value: BadValue): string {
  if (value instanceof GoText) return value.text;
  if (value === undefined) return '"null"';
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function withDetail(text: string, detail: string): string {
  return detail === '' ? text : `${text}: ${detail}`;
}

function error(path: string, reason: string, text: string): FieldError {
  return { path, reason, text };
}
