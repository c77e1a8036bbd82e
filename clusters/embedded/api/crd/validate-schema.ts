import { isIP, isIPv4, isIPv6 } from 'node:net';
import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { equalJson } from '../json/json-values.js';
import type { FieldError } from '../resource-definition.js';
import {
  additionalSchema,
  fieldSchema,
  INT_OR_STRING,
  itemsSchema,
  listOf,
  propertiesOf,
  textsOf,
  typeOf,
} from './schema-props.js';
import type { SchemaProps } from './schema-props.js';

/** All faults of a custom object against its schema, worded as the real server words them. */
export function validateSchema(object: JsonObject, schema: SchemaProps): FieldError[] {
  const errors: FieldError[] = [];
  // Kind, version and metadata have rules of their own.
  const {
    apiVersion: _apiVersion,
    kind: _kind,
    metadata: _metadata,
    ...properties
  } = propertiesOf(schema);
  const required = textsOf(schema['required']).filter(
    (name) => !['apiVersion', 'kind', 'metadata'].includes(name),
  );
  validateValue(object, { ...schema, properties, required }, { path: '', errors });
  return errors;
}

interface Place {
  path: string;
  errors: FieldError[];
}

function validateValue(value: Json, schema: SchemaProps, place: Place): void {
  if (value === null && schema['nullable'] === true) return;
  if (!hasType(value, schema)) {
    const wanted = schema[INT_OR_STRING] === true ? 'integer,string' : typeOf(schema);
    const got = typeNameOf(value);
    place.errors.push({
      path: place.path === '' ? '<nil>' : place.path,
      reason: 'FieldValueTypeInvalid',
      text: `Invalid value: ${JSON.stringify(got)}: ${place.path} in body must be of type ${wanted}: ${JSON.stringify(got)}`,
    });
    return;
  }
  validateEnum(value, schema, place);
  if (typeof value === 'string') validateText(value, schema, place);
  else if (typeof value === 'number') validateNumber(value, schema, place);
  else if (Array.isArray(value)) validateList(value, schema, place);
  else if (isJsonObject(value)) validateObject(value, schema, place);
  validateCombinations(value, schema, place);
}

function validateEnum(value: Json, schema: SchemaProps, place: Place): void {
  const allowed = listOf(schema['enum']);
  if (allowed.length === 0 || allowed.some((item) => equalJson(item, value))) return;
  const list = allowed.map((item) => JSON.stringify(item)).join(', ');
  place.errors.push({
    path: place.path,
    reason: 'FieldValueNotSupported',
    text: `Unsupported value: ${JSON.stringify(value)}: supported values: ${list}`,
  });
}

function validateText(value: string, schema: SchemaProps, place: Place): void {
  const { minLength, maxLength, pattern, format } = schema;
  const length = Array.from(value).length;
  if (typeof maxLength === 'number' && length > maxLength) {
    place.errors.push({
      path: place.path,
      reason: 'FieldValueTooLong',
      text: `Too long: may not be more than ${maxLength} bytes`,
    });
  }
  if (typeof minLength === 'number' && length < minLength) {
    invalid(value, `should be at least ${minLength} chars long`, place);
  }
  if (typeof pattern === 'string' && !matches(pattern, value)) {
    invalid(value, `should match '${pattern}'`, place);
  }
  if (typeof format === 'string' && !hasFormat(value, format)) {
    invalid(value, `must be of type ${format}: ${JSON.stringify(value)}`, place);
  }
}

function validateNumber(value: number, schema: SchemaProps, place: Place): void {
  const { minimum, maximum, multipleOf } = schema;
  if (typeof minimum === 'number') {
    const exclusive = schema['exclusiveMinimum'] === true;
    if (value < minimum || (exclusive && value === minimum)) {
      invalid(value, `should be greater than ${exclusive ? '' : 'or equal to '}${minimum}`, place);
    }
  }
  if (typeof maximum === 'number') {
    const exclusive = schema['exclusiveMaximum'] === true;
    if (value > maximum || (exclusive && value === maximum)) {
      invalid(value, `should be less than ${exclusive ? '' : 'or equal to '}${maximum}`, place);
    }
  }
  if (typeof multipleOf === 'number' && multipleOf > 0 && !Number.isInteger(value / multipleOf)) {
    invalid(value, `should be a multiple of ${multipleOf}`, place);
  }
}

function validateList(value: readonly Json[], schema: SchemaProps, place: Place): void {
  const { minItems, maxItems } = schema;
  if (typeof minItems === 'number' && value.length < minItems) {
    invalid(value.length, `should have at least ${minItems} items`, place);
  }
  if (typeof maxItems === 'number' && value.length > maxItems) {
    tooMany(value.length, maxItems, place);
  }
  if (schema['uniqueItems'] === true && firstDuplicate(value, []) !== undefined) {
    invalid([...value], "shouldn't contain duplicates", place);
  }
  const items = itemsSchema(schema);
  value.forEach((item, index) => {
    const at = { path: `${place.path}[${index}]`, errors: place.errors };
    if (items !== undefined) validateValue(item, items, at);
  });
  const type = schema['x-kubernetes-list-type'];
  if (type !== 'set' && type !== 'map') return;
  const keys = type === 'map' ? textsOf(schema['x-kubernetes-list-map-keys']) : [];
  const duplicate = firstDuplicate(value, keys);
  if (duplicate === undefined) return;
  place.errors.push({
    path: `${place.path}[${duplicate}]`,
    reason: 'FieldValueDuplicate',
    text: `Duplicate value: ${JSON.stringify(keyOf(value[duplicate] ?? null, keys))}`,
  });
}

function validateObject(value: JsonObject, schema: SchemaProps, place: Place): void {
  const below = (key: string): string => (place.path === '' ? key : `${place.path}.${key}`);
  const { minProperties, maxProperties } = schema;
  const size = Object.keys(value).length;
  if (typeof minProperties === 'number' && size < minProperties) {
    invalid(size, `should have at least ${minProperties} properties`, place);
  }
  if (typeof maxProperties === 'number' && size > maxProperties) {
    tooMany(size, maxProperties, place);
  }
  for (const name of textsOf(schema['required'])) {
    if (value[name] !== undefined) continue;
    place.errors.push({ path: below(name), reason: 'FieldValueRequired', text: 'Required value' });
  }
  const others = additionalSchema(schema);
  for (const [key, item] of Object.entries(value)) {
    const field = fieldSchema(schema, key) ?? others;
    if (field !== undefined && item !== undefined) {
      validateValue(item, field, { path: below(key), errors: place.errors });
    }
  }
}

function validateCombinations(value: Json, schema: SchemaProps, place: Place): void {
  const faultsOf = (part: Json): FieldError[] => {
    const errors: FieldError[] = [];
    if (isJsonObject(part)) validateValue(value, part, { path: place.path, errors });
    return errors;
  };
  for (const part of listOf(schema['allOf'])) place.errors.push(...faultsOf(part));
  const name = JSON.stringify(place.path);
  const anyOf = listOf(schema['anyOf']);
  // `int-or-string` is written with an anyOf of its own.
  if (anyOf.length > 0 && schema[INT_OR_STRING] !== true) {
    const results = anyOf.map(faultsOf);
    if (results.every((errors) => errors.length > 0)) {
      combined(value, `${name} must validate at least one schema (anyOf)`, place);
      place.errors.push(...(results[0] ?? []));
    }
  }
  const oneOf = listOf(schema['oneOf']);
  if (oneOf.length > 0) {
    const valid = oneOf.filter((part) => faultsOf(part).length === 0).length;
    if (valid !== 1) {
      const found = valid === 0 ? 'none valid' : `${valid} valid alternatives`;
      combined(
        value,
        `${name} must validate one and only one schema (oneOf). Found ${found}`,
        place,
      );
    }
  }
  const not = schema['not'];
  if (isJsonObject(not) && faultsOf(not).length === 0) {
    combined(value, `${name} must not validate the schema (not)`, place);
  }
}

function invalid(value: Json, why: string, place: Place): void {
  combined(value, `${place.path} in body ${why}`, place);
}

function combined(value: Json, why: string, place: Place): void {
  place.errors.push({
    path: place.path === '' ? '<nil>' : place.path,
    reason: 'FieldValueInvalid',
    text: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  });
}

function tooMany(actual: number, limit: number, place: Place): void {
  place.errors.push({
    path: place.path,
    reason: 'FieldValueTooMany',
    text: `Too many: ${actual}: must have at most ${limit} items`,
  });
}

function hasType(value: Json, schema: SchemaProps): boolean {
  if (schema[INT_OR_STRING] === true) return typeof value === 'string' || Number.isInteger(value);
  switch (typeOf(schema)) {
    case '':
      return true;
    case 'integer':
      return Number.isInteger(value);
    case 'number':
    case 'string':
    case 'boolean':
      return typeof value === typeOf(schema);
    case 'array':
      return Array.isArray(value);
    case 'object':
      return isJsonObject(value);
    default:
      return true;
  }
}

function typeNameOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function keyOf(item: Json, keys: readonly string[]): Json {
  if (keys.length === 0 || !isJsonObject(item)) return item;
  return Object.fromEntries(keys.map((key) => [key, item[key]]));
}

function firstDuplicate(list: readonly Json[], keys: readonly string[]): number | undefined {
  const seen = list.map((item) => keyOf(item, keys));
  const index = seen.findIndex((item, at) =>
    seen.slice(0, at).some((other) => equalJson(other, item)),
  );
  return index < 0 ? undefined : index;
}

const patterns = new Map<string, RegExp | undefined>();

/** Go's expressions are JavaScript's but for a few; one that cannot be read matches everything. */
function matches(pattern: string, value: string): boolean {
  if (!patterns.has(pattern)) patterns.set(pattern, compile(pattern));
  return patterns.get(pattern)?.test(value) ?? true;
}

function compile(pattern: string): RegExp | undefined {
  const flags = /^\(\?([is]+)\)/.exec(pattern);
  try {
    return new RegExp(
      flags === null ? pattern : pattern.slice(flags[0].length),
      `u${flags?.[1] ?? ''}`,
    );
  } catch {
    try {
      return new RegExp(pattern);
    } catch {
      return undefined;
    }
  }
}

function hasFormat(value: string, format: string): boolean {
  switch (format) {
    case 'date-time':
      return /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(value);
    case 'date':
      return /^\d{4}-\d\d-\d\d$/.test(value);
    case 'ipv4':
      return isIPv4(value);
    case 'ipv6':
      return isIPv6(value);
    case 'cidr': {
      const [address = '', bits = ''] = value.split('/');
      return (
        isIP(address) > 0 && /^\d+$/.test(bits) && Number(bits) <= (isIPv4(address) ? 32 : 128)
      );
    }
    case 'uuid':
      return /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(value);
    case 'byte':
      return /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0;
    default:
      return true;
  }
}
