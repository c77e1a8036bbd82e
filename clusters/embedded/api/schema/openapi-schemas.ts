import type { Json, JsonObject } from '../../../../common/json.js';
import type { FieldSchema, TypeSchema } from '../schema-catalogue.js';
import { groupVersionOf, splitTypeName } from './packages.js';

const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';
/** Types whose zero is no empty object. */
const NO_STRUCTS = new Set([
  'Quantity',
  'JSON',
  'JSONSchemaPropsOrArray',
  'JSONSchemaPropsOrBool',
  'JSONSchemaPropsOrStringArray',
  'Time',
  'MicroTime',
  'IntOrString',
]);
/** Kinds that every group version understands, as options or answers. */
const KINDS_OF_EVERY_GROUP = new Set(['DeleteOptions', 'WatchEvent']);

export interface SchemaStyle {
  version: 2 | 3;
  /** Every group version there is, for kinds that belong to all of them. */
  groupVersions: readonly { group: string; version: string }[];
}

/** A type as an OpenAPI schema, with the extensions that kubectl reads. */
export function openApiSchema(typeName: string, type: TypeSchema, style: SchemaStyle): JsonObject {
  if (type.fields === undefined) return { description: type.description, ...formatOf(type, style) };
  const properties: JsonObject = {};
  for (const [name, field] of Object.entries(type.fields))
    properties[name] = property(field, style);
  return {
    description: type.description,
    type: 'object',
    ...(type.required.length > 0 && { required: [...type.required] }),
    properties,
    ...kindExtension(typeName, type, style),
    ...(type.mapType !== undefined && { 'x-kubernetes-map-type': type.mapType }),
  };
}

/** Names of the types that a type mentions. */
export function typesUsedBy(type: TypeSchema): string[] {
  return Object.values(type.fields ?? {}).flatMap(({ ref }) => (ref === undefined ? [] : [ref]));
}

function property(field: FieldSchema, style: SchemaStyle): JsonObject {
  return {
    ...(field.description !== '' && { description: field.description }),
    ...shapeOf(field, style),
    ...(field.listMapKeys !== undefined && {
      'x-kubernetes-list-map-keys': [...field.listMapKeys],
    }),
    ...(field.listType !== undefined && { 'x-kubernetes-list-type': field.listType }),
    ...(field.mapType !== undefined && { 'x-kubernetes-map-type': field.mapType }),
    ...(field.patchMergeKey !== undefined && {
      'x-kubernetes-patch-merge-key': field.patchMergeKey,
    }),
    ...(field.patchStrategy !== undefined && {
      'x-kubernetes-patch-strategy': field.patchStrategy,
    }),
  };
}

function shapeOf(field: FieldSchema, style: SchemaStyle): JsonObject {
  // A quantity's zero is no default that a schema tells.
  const told = style.version === 3 && field.default !== undefined && field.ref !== QUANTITY;
  const fallback = told ? { default: field.default } : {};
  switch (field.kind) {
    case 'ref':
      return { ...fallback, ...reference(field, style) };
    case 'array':
      return { type: 'array', items: element(field, style) };
    case 'map':
      return { type: 'object', additionalProperties: element(field, style) };
    case 'any':
      return {};
    case 'bytes':
      return { type: 'string', format: 'byte', ...fallback };
    case 'string':
    case 'integer':
    case 'number':
    case 'boolean':
      return {
        type: field.kind,
        ...(field.format !== undefined && { format: field.format }),
        ...fallback,
        ...enumOf(field, style),
      };
  }
}

function element(field: FieldSchema, style: SchemaStyle): JsonObject {
  if (field.ref !== undefined) {
    const isStruct = !NO_STRUCTS.has(field.ref.slice(field.ref.lastIndexOf('.') + 1));
    if (style.version === 2 || !isStruct) {
      return link(field.ref, style);
    }
    return { default: {}, allOf: [link(field.ref, style)] };
  }
  if (field.format === 'string-list') return { type: 'array', items: text(style) };
  switch (field.items) {
    case 'string':
      return { ...text(style), ...enumOf(field, style) };
    case 'bytes':
      return { type: 'string', format: 'byte' };
    case 'integer':
    case 'number':
      return {
        type: field.items,
        ...(field.format !== undefined && { format: field.format }),
        ...zero(style, 0),
      };
    case 'boolean':
      return { type: 'boolean', ...zero(style, false) };
    case 'any':
    case undefined:
      return {};
  }
}

function text(style: SchemaStyle): JsonObject {
  return { type: 'string', ...zero(style, '') };
}

function zero(style: SchemaStyle, value: Json): JsonObject {
  return style.version === 3 ? { default: value } : {};
}

function enumOf(field: FieldSchema, style: SchemaStyle): JsonObject {
  return style.version === 3 && field.enum !== undefined ? { enum: [...field.enum] } : {};
}

/** Beside a reference nothing else counts in v3, so words need `allOf` around it. */
function reference(
  { ref = '', description, default: fallback }: FieldSchema,
  style: SchemaStyle,
): JsonObject {
  const plain = style.version === 2 || (description === '' && fallback === undefined);
  return plain ? link(ref, style) : { allOf: [link(ref, style)] };
}

function link(typeName: string, style: SchemaStyle): JsonObject {
  return { $ref: `${style.version === 3 ? '#/components/schemas/' : '#/definitions/'}${typeName}` };
}

function formatOf(type: TypeSchema, style: SchemaStyle): JsonObject {
  switch (type.format) {
    case 'string':
      return style.version === 3
        ? { oneOf: [{ type: 'string' }, { type: 'number' }] }
        : { type: 'string' };
    case 'int-or-string':
      return style.version === 3
        ? { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] }
        : { type: 'string', format: 'int-or-string' };
    case 'date-time':
      return { type: 'string', format: 'date-time' };
    case 'object':
      return { type: 'object' };
    case 'any':
    case undefined:
      return {};
  }
}

function kindExtension(typeName: string, type: TypeSchema, style: SchemaStyle): JsonObject {
  const { packageName, name } = splitTypeName(typeName);
  const own = groupVersionOf(packageName);
  if (own === undefined) return {};
  if (KINDS_OF_EVERY_GROUP.has(name)) {
    return {
      'x-kubernetes-group-version-kind': style.groupVersions.map((gv) => ({ ...gv, kind: name })),
    };
  }
  if (type.fields?.['kind'] === undefined || type.fields['apiVersion'] === undefined) return {};
  if (name !== 'Status' && name !== 'APIResourceList' && name !== 'APIGroup' && !hasMetadata(type))
    return {};
  const group = own.group === 'meta.k8s.io' ? '' : own.group;
  return { 'x-kubernetes-group-version-kind': [{ group, kind: name, version: own.version }] };
}

function hasMetadata(type: TypeSchema): boolean {
  return type.fields?.['metadata'] !== undefined;
}
