import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { environmentWith } from '../cel/environment.js';
import { toCel } from '../cel/values.js';
import { setField } from '../json/json-values.js';
import {
  additionalSchema,
  EMBEDDED,
  fieldSchema,
  INT_OR_STRING,
  itemsSchema,
  typeOf,
} from './schema-props.js';
import type { SchemaProps } from './schema-props.js';

/** Words that are no identifiers in an expression: fields of that name are written `__namespace__`. */
const RESERVED: ReadonlySet<string> = new Set(
  'as break const continue else false for function if import in let loop namespace null package return true var void while'.split(
    ' ',
  ),
);
const ESCAPES: Readonly<Record<string, string>> = {
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
  __: '__underscores__',
};
const TYPE_META: readonly string[] = ['apiVersion', 'kind', 'metadata'];

/** A custom object, or part of one, as the rules of its schema see it: fields have the schema's types. */
export function typedValue(value: Json | undefined, schema: SchemaProps, isRoot = false): unknown {
  if (value === undefined || value === null) return null;
  if (schema[INT_OR_STRING] === true) return toCel(value);
  switch (typeOf(schema)) {
    case 'integer':
      return toCel(value);
    case 'number':
      return value;
    case 'string':
      return typeof value === 'string' ? typedText(value, schema['format']) : value;
    case 'array':
      return typedList(value, itemsSchema(schema));
    case 'object':
      return typedObject(value, schema, isRoot || schema[EMBEDDED] === true);
    default:
      return toCel(value);
  }
}

/** How a field is named in an expression; undefined for those that no expression can name. */
export function escapedName(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`;
  if (!/^[A-Za-z_][\w./-]*$/.test(name)) return undefined;
  return name.replaceAll(/__|[.\-/]/g, (part) => ESCAPES[part] ?? part);
}

function typedText(text: string, format: Json | undefined): unknown {
  switch (typeof format === 'string' ? format : '') {
    case 'date':
    case 'date-time':
      return new Date(text);
    case 'duration':
      return environmentWith({ text: 'string' }).evaluate('duration(text)', { text });
    case 'byte':
      return new Uint8Array(Buffer.from(text, 'base64'));
    default:
      return text;
  }
}

function typedList(value: Json, items: SchemaProps | undefined): unknown {
  if (!Array.isArray(value)) return toCel(value);
  return value.map((item) => (items === undefined ? toCel(item) : typedValue(item, items)));
}

function typedObject(value: Json, schema: SchemaProps, isResource: boolean): unknown {
  if (!isJsonObject(value)) return toCel(value);
  const others = additionalSchema(schema);
  const object: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const field = fieldSchema(schema, key);
    if (isResource && TYPE_META.includes(key)) {
      setField(object, key, key === 'metadata' ? namesOf(item) : item);
    } else if (field !== undefined) {
      const name = escapedName(key);
      if (name !== undefined) setField(object, name, typedValue(item, field));
    } else {
      setField(object, key, others === undefined ? toCel(item) : typedValue(item, others));
    }
  }
  return object;
}

/** Rules see nothing else of metadata. */
function namesOf(metadata: Json): JsonObject {
  const { name, generateName } = isJsonObject(metadata) ? metadata : {};
  return {
    ...(name !== undefined && { name }),
    ...(generateName !== undefined && { generateName }),
  };
}
