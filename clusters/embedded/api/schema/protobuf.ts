import { parseJson } from '../json/parse-json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { isJsonObject } from '../../../../common/json.js';
import { badRequest } from '../api-error.js';
import type { FieldSchema } from '../schema-catalogue.js';
import { splitTypeName } from './packages.js';
import type { TypeSource } from './openapi-v3.js';
import { INLINE, protobufFields } from './protobuf-fields.js';
import { readFields, readVarint, toSigned, type WireValue } from './protobuf-reader.js';

const MAGIC = Buffer.from([0x6b, 0x38, 0x73, 0x00]);

/**
 * Reads the Kubernetes protobuf envelope into JSON. Go writes the zero of every field that is no pointer; those
 * are left out, as `omitempty` does, so that the result reads as if it had come as JSON.
 */
export function decodeEnvelope(body: Buffer, types: TypeSource): JsonObject {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw badRequest(
      'provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]',
    );
  }
  try {
    const { apiVersion, kind, raw } = readEnvelope(body.subarray(MAGIC.length));
    const [group = '', version = ''] = apiVersion.includes('/')
      ? apiVersion.split('/')
      : ['', apiVersion];
    const typeName = types.typeOf(group, version, kind);
    if (typeName === undefined) {
      throw badRequest(`no kind "${kind}" is registered for version "${apiVersion}" in scheme`);
    }
    return { kind, apiVersion, ...new MessageReader(types).message(raw, typeName) };
  } catch (error) {
    if (error instanceof RangeError) throw badRequest(error.message);
    throw error;
  }
}

function readEnvelope(bytes: Buffer): { apiVersion: string; kind: string; raw: Buffer } {
  const envelope: { apiVersion: string; kind: string; raw: Buffer } = {
    apiVersion: '',
    kind: '',
    raw: Buffer.alloc(0),
  };
  for (const [field, value] of readFields(bytes)) {
    if (field === 2) envelope.raw = asBytes(value);
    if (field !== 1) continue;
    for (const [part, text] of readFields(asBytes(value))) {
      if (part === 1) envelope.apiVersion = text.toString();
      else if (part === 2) envelope.kind = text.toString();
    }
  }
  return envelope;
}

interface Slot {
  name: string;
  field: FieldSchema;
  required: boolean;
}

class MessageReader {
  private readonly types: TypeSource;

  constructor(types: TypeSource) {
    this.types = types;
  }

  message(bytes: Buffer, typeName: string): JsonObject {
    const { fields = {}, required = [] } = this.types.type(typeName) ?? {};
    const { packageName, name: messageName } = splitTypeName(typeName);
    const result: JsonObject = {};
    this.fill(result, bytes, {
      table: { packageName, messageName },
      slotOf: (name) => {
        const field = fields[name];
        return field && { name, field, required: required.includes(name) };
      },
    });
    return result;
  }

  /** JSON shows some inner messages without a level of their own: their fields land in the outer object. */
  private fill(
    result: JsonObject,
    bytes: Buffer,
    target: {
      table: { packageName: string; messageName: string };
      slotOf(name: string): Slot | undefined;
    },
  ): void {
    const { packageName, messageName } = target.table;
    const names = protobufFields(packageName, messageName);
    if (names === undefined) {
      throw badRequest(
        `objects of type ${packageName}.${messageName} are not read from protobuf; send JSON`,
      );
    }
    for (const [number, value] of readFields(bytes)) {
      const name = names.get(number) ?? '';
      if (name.startsWith(INLINE)) {
        const inner = { packageName, messageName: name.slice(INLINE.length) };
        this.fill(result, asBytes(value), { ...target, table: inner });
        continue;
      }
      const slot = target.slotOf(name);
      if (slot !== undefined) this.read(result, slot, value);
    }
  }

  private read(result: JsonObject, slot: Slot, value: WireValue): void {
    const { name, field } = slot;
    if (field.kind === 'array') {
      const list = result[name];
      const items = Array.isArray(list) ? list : [];
      items.push(...this.items(field, value));
      result[name] = items;
      return;
    }
    if (field.kind === 'map') {
      const [key, item] = this.entry(field, asBytes(value));
      const map = result[name];
      result[name] = { ...(isJsonObject(map) ? map : {}), [key]: item };
      return;
    }
    const decoded =
      field.ref === undefined ? scalar(field.kind, value) : this.reference(field.ref, value);
    if (decoded === undefined || isUnsaid(decoded, field, slot.required)) return;
    result[name] = decoded;
  }

  /** Numbers may come packed, many in one field. */
  private items(field: FieldSchema, value: WireValue): Json[] {
    if (field.ref !== undefined) return [this.reference(field.ref, value) ?? {}];
    if (Buffer.isBuffer(value) && (field.items === 'integer' || field.items === 'boolean')) {
      const items: Json[] = [];
      for (let at = 0; at < value.length;) {
        const [number, next] = readVarint(value, at);
        items.push(scalar(field.items, number));
        at = next;
      }
      return items;
    }
    return [scalar(field.items ?? 'any', value)];
  }

  private entry(field: FieldSchema, bytes: Buffer): [string, Json] {
    let key = '';
    let item: Json = field.ref === undefined ? emptyOf(field) : {};
    for (const [part, value] of readFields(bytes)) {
      if (part === 1) key = value.toString();
      else if (part === 2) item = this.mapValue(field, value);
    }
    return [key, item];
  }

  private mapValue(field: FieldSchema, value: WireValue): Json {
    if (field.ref !== undefined) return this.reference(field.ref, value) ?? {};
    if (field.format !== 'string-list') return scalar(field.items ?? 'any', value);
    return [...readFields(asBytes(value))].map(([, item]) => item.toString());
  }

  private reference(typeName: string, value: WireValue): Json | undefined {
    const bytes = asBytes(value);
    switch (this.types.type(typeName)?.format) {
      case 'string':
        return firstField(bytes)?.toString() ?? '0';
      case 'date-time':
        return time(bytes, typeName.endsWith('MicroTime'));
      case 'int-or-string':
        return intOrString(bytes);
      case 'any':
      case 'object': {
        const raw = firstField(bytes);
        return Buffer.isBuffer(raw) && raw.length > 0 ? jsonIn(raw) : undefined;
      }
      case undefined:
        return this.message(bytes, typeName);
    }
  }
}

function scalar(kind: FieldSchema['kind'], value: WireValue): Json {
  switch (kind) {
    case 'integer':
      return Buffer.isBuffer(value) ? 0 : toSigned(value);
    case 'boolean':
      return !Buffer.isBuffer(value) && value !== 0n;
    case 'number':
      return Buffer.isBuffer(value) && value.length === 8 ? value.readDoubleLE() : 0;
    case 'bytes':
      return asBytes(value).toString('base64');
    case 'string':
    case 'any':
    case 'ref':
    case 'array':
    case 'map':
      return value.toString();
  }
}

function emptyOf(field: FieldSchema): Json {
  if (field.items === 'integer' || field.items === 'number') return 0;
  return field.items === 'boolean' ? false : '';
}

function isUnsaid(value: Json, field: FieldSchema, required: boolean): boolean {
  if (isJsonObject(value)) {
    // The zero of a struct that is no pointer; behind a pointer an empty struct says something.
    return Object.keys(value).length === 0 && field.default !== undefined;
  }
  if (field.pointer === true || required || field.ref !== undefined) return false;
  return value === '' || value === 0 || value === false;
}

function time(bytes: Buffer, micro: boolean): string | undefined {
  let seconds = 0;
  let nanos = 0;
  for (const [field, value] of readFields(bytes)) {
    if (Buffer.isBuffer(value)) continue;
    if (field === 1) seconds = toSigned(value);
    else if (field === 2) nanos = toSigned(value);
  }
  // Go's zero time, the year 1, and an empty message both mean: none.
  if (bytes.length === 0 || seconds <= -62135596800) return undefined;
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  if (!micro) return `${text}Z`;
  return `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`;
}

function intOrString(bytes: Buffer): number | string {
  let isString = false;
  let number = 0;
  let text = '';
  for (const [field, value] of readFields(bytes)) {
    if (field === 3) text = value.toString();
    else if (Buffer.isBuffer(value)) continue;
    else if (field === 1) isString = value !== 0n;
    else if (field === 2) number = toSigned(value);
  }
  return isString ? text : number;
}

function firstField(bytes: Buffer): WireValue | undefined {
  for (const [field, value] of readFields(bytes)) if (field === 1) return value;
  return undefined;
}

function jsonIn(bytes: Buffer): Json | undefined {
  const value = parseJson(bytes.toString());
  return isJsonObject(value) || Array.isArray(value) ? jsonOf(value) : undefined;
}

function jsonOf(value: unknown): Json | undefined {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- JSON.parse gives nothing but JSON
  return value as Json;
}

function asBytes(value: WireValue): Buffer {
  if (!Buffer.isBuffer(value)) throw new RangeError('proto: wrong wireType');
  return value;
}
