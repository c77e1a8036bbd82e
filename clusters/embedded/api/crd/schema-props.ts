import { isJsonObject } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';

/** The schema of a custom resource, as far as it is used here; read from JSON where it is needed. */
export type SchemaProps = JsonObject;

export const PRESERVE = 'x-kubernetes-preserve-unknown-fields';
export const EMBEDDED = 'x-kubernetes-embedded-resource';
export const INT_OR_STRING = 'x-kubernetes-int-or-string';

export function propertiesOf(schema: SchemaProps): JsonObject {
  const { properties } = schema;
  return isJsonObject(properties) ? properties : {};
}

/** The schema of a field; undefined where the schema does not know it. */
export function fieldSchema(schema: SchemaProps, key: string): SchemaProps | undefined {
  const properties = propertiesOf(schema);
  const own = Object.hasOwn(properties, key) ? properties[key] : undefined;
  return isJsonObject(own) ? own : undefined;
}

/** The schema of what `additionalProperties` allows; `true` allows anything. */
export function additionalSchema(schema: SchemaProps): SchemaProps | undefined {
  const { additionalProperties } = schema;
  if (isJsonObject(additionalProperties)) return additionalProperties;
  return additionalProperties === true ? { [PRESERVE]: true } : undefined;
}

/** Empty where the schema names no type. */
export function typeOf(schema: SchemaProps): string {
  const { type } = schema;
  return typeof type === 'string' ? type : '';
}

export function itemsSchema(schema: SchemaProps): SchemaProps | undefined {
  const { items } = schema;
  return isJsonObject(items) ? items : undefined;
}

export function preservesUnknown(schema: SchemaProps): boolean {
  return schema[PRESERVE] === true;
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

export function textsOf(value: Json | undefined): readonly string[] {
  return listOf(value).filter((item) => typeof item === 'string');
}
