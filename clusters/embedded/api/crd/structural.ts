import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { cloneJson } from '../json/json-values.js';
import {
  additionalSchema,
  EMBEDDED,
  fieldSchema,
  itemsSchema,
  preservesUnknown,
  propertiesOf,
} from './schema-props.js';
import type { SchemaProps } from './schema-props.js';

const TYPE_META = ['apiVersion', 'kind', 'metadata'];

/** Takes out of a custom object, in place, what its schema does not know; returns the paths that went. */
export function prune(object: JsonObject, schema: SchemaProps): string[] {
  const gone: string[] = [];
  pruneObject(object, schema, { path: '', isResource: true, gone });
  return gone;
}

/** Fills in, in place, what the schema has as defaults. */
export function applySchemaDefaults(value: Json | undefined, schema: SchemaProps): void {
  if (Array.isArray(value)) {
    const items = itemsSchema(schema);
    if (items !== undefined) for (const item of value) applySchemaDefaults(item, items);
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, field] of Object.entries(propertiesOf(schema))) {
    if (!isJsonObject(field)) continue;
    const current = value[key];
    const absent = current === undefined || (current === null && field['nullable'] !== true);
    if (absent && field['default'] !== undefined) value[key] = cloneJson(field['default']);
    applySchemaDefaults(value[key], field);
  }
  const others = additionalSchema(schema);
  if (others === undefined) return;
  for (const [key, item] of Object.entries(value)) {
    if (fieldSchema(schema, key) === undefined) applySchemaDefaults(item, others);
  }
}

interface Place {
  path: string;
  isResource: boolean;
  gone: string[];
}

function pruneValue(
  value: Json | undefined,
  schema: SchemaProps,
  place: Omit<Place, 'isResource'>,
): void {
  if (Array.isArray(value)) {
    const items = itemsSchema(schema);
    if (items === undefined) return;
    value.forEach((item, index) => {
      pruneValue(item, items, { path: `${place.path}[${index}]`, gone: place.gone });
    });
  } else if (isJsonObject(value)) {
    pruneObject(value, schema, { ...place, isResource: schema[EMBEDDED] === true });
  }
}

function pruneObject(object: JsonObject, schema: SchemaProps, place: Place): void {
  const others = additionalSchema(schema);
  for (const [key, item] of Object.entries(object)) {
    if (place.isResource && TYPE_META.includes(key)) continue;
    const path = place.path === '' ? key : `${place.path}.${key}`;
    const field = fieldSchema(schema, key) ?? others;
    if (field !== undefined) pruneValue(item, field, { path, gone: place.gone });
    else if (!preservesUnknown(schema)) {
      place.gone.push(path);
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- pruning is just that
      delete object[key];
    }
  }
}
