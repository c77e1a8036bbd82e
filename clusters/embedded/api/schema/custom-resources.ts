import { isJsonObject, type Json, type JsonObject } from '../../../../common/json.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { pathsOf, type OperationType } from './openapi-paths.js';
import type { SchemaStyle } from './openapi-schemas.js';
import { pathItemV2 } from './openapi-v2.js';
import { pathItem, schemasFor, typeNameOf, type TypeSource } from './openapi-v3.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const TEXT = { type: 'string' };

/** A document without paths, for a group version that only custom resources live in. */
export function emptyOpenApiV3(): JsonObject {
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes CRD Swagger', version: 'v0.1.0' },
    paths: {},
    components: { schemas: {} },
  };
}

/** The type name of a custom kind: `example.com/v1 Widget` -> `com.example.v1.Widget`. */
export function customTypeName(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].join('.');
}

/**
 * Adds a custom resource to an OpenAPI v3 document of its group version, in place: its paths, its schema as the
 * CRD has it (completed with kind, version and metadata) and its list.
 */
export function addCustomResource(
  document: JsonObject,
  custom: { definition: ResourceDefinition; schema: JsonObject | undefined },
  types: TypeSource,
): void {
  const { definition } = custom;
  const { group, version, kind } = definition;
  const name = customTypeName(group, version, kind);
  const listName = `${name}List`;
  const { paths, components } = document;
  const schemas = isJsonObject(components) ? components['schemas'] : undefined;
  if (!isJsonObject(paths) || !isJsonObject(schemas)) {
    throw new TypeError('the OpenAPI document has no paths or schemas');
  }
  schemas[name] = customSchema(custom.schema, { group, version, kind });
  schemas[listName] = listSchema(name, { group, version, kind: `${kind}List` });
  const roots = ['ObjectMeta', 'ListMeta', 'Status', 'DeleteOptions', 'Patch'].map(
    (short) => `${META}.${short}`,
  );
  const style: SchemaStyle = { version: 3, groupVersions: [{ group, version }] };
  for (const [shared, schema] of Object.entries(schemasFor(roots, types, style))) {
    schemas[shared] ??= schema;
  }
  const nameOf = typeNames(definition, types);
  for (const item of pathsOf(definition)) {
    const described = pathItem(item, nameOf);
    dropStrategicMerge(described);
    paths[item.path] = described;
  }
}

/** What a custom resource adds to the OpenAPI v2 document, which kubectl before 1.27 explains and validates by. */
export function customOpenApiV2(
  custom: { definition: ResourceDefinition; schema: JsonObject | undefined },
  types: TypeSource,
): { paths: JsonObject; definitions: JsonObject } {
  const { definition } = custom;
  const { group, version, kind } = definition;
  const name = customTypeName(group, version, kind);
  const nameOf = typeNames(definition, types);
  return {
    paths: Object.fromEntries(
      pathsOf(definition).map((item) => [item.path, pathItemV2(item, nameOf)]),
    ),
    definitions: {
      [name]: schemaV2(customSchema(custom.schema, { group, version, kind })),
      [`${name}List`]: schemaV2(listSchema(name, { group, version, kind: `${kind}List` })),
    },
  };
}

/** References point elsewhere in v2, and stand alone. */
function schemaV2(schema: JsonObject): JsonObject {
  const convert = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(convert);
    if (!isJsonObject(value)) return value;
    const { allOf, $ref } = value;
    const reference = Array.isArray(allOf) && isJsonObject(allOf[0]) ? allOf[0]['$ref'] : $ref;
    if (typeof reference === 'string') {
      return { $ref: reference.replace('#/components/schemas/', '#/definitions/') };
    }
    // v2 cannot say "and whatever else": its readers would refuse what is not listed.
    const isFree = value['x-kubernetes-preserve-unknown-fields'] === true;
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, inner]) =>
        inner === undefined || (isFree && LISTED.includes(key)) ? [] : [[key, convert(inner)]],
      ),
    );
  };
  const converted = convert(schema);
  return isJsonObject(converted) ? converted : {};
}

const LISTED = ['properties', 'items', 'required'];

function typeNames(
  { group, version, kind }: ResourceDefinition,
  types: TypeSource,
): (type: OperationType) => string | undefined {
  const name = customTypeName(group, version, kind);
  return (type) => {
    if (type.is === 'kind' && type.kind.group === group && type.kind.kind === kind) return name;
    return type.is === 'list' ? `${name}List` : typeNameOf(type, types);
  };
}

function customSchema(schema: JsonObject | undefined, kind: Kind): JsonObject {
  const properties = isJsonObject(schema?.['properties']) ? schema['properties'] : {};
  return {
    ...(schema ?? { 'x-kubernetes-preserve-unknown-fields': true }),
    type: 'object',
    properties: {
      ...properties,
      apiVersion: { ...TEXT, description: 'Group and version of this object.' },
      kind: { ...TEXT, description: 'The kind of this object.' },
      metadata: {
        description: 'Name, namespace, labels and the like.',
        allOf: [{ $ref: `#/components/schemas/${META}.ObjectMeta` }],
      },
    },
    'x-kubernetes-group-version-kind': [{ ...kind }],
  };
}

interface Kind {
  group: string;
  version: string;
  kind: string;
}

function listSchema(itemName: string, kind: Kind): JsonObject {
  return {
    description: `A list of ${kind.kind.replace(/List$/, '')}.`,
    type: 'object',
    required: ['items'],
    properties: {
      apiVersion: { ...TEXT, description: 'Group and version of this object.' },
      items: {
        description: 'The objects.',
        type: 'array',
        items: { $ref: `#/components/schemas/${itemName}` },
      },
      kind: { ...TEXT, description: 'The kind of this object.' },
      metadata: {
        description: 'Where the list stands.',
        allOf: [{ $ref: `#/components/schemas/${META}.ListMeta` }],
      },
    },
    'x-kubernetes-group-version-kind': [{ ...kind }],
  };
}

/** Custom resources know no merge keys, so that kind of patch is not for them. */
function dropStrategicMerge(item: JsonObject): void {
  const patch = item['patch'];
  const body = isJsonObject(patch) ? patch['requestBody'] : undefined;
  const content = isJsonObject(body) ? body['content'] : undefined;
  if (isJsonObject(content)) delete content['application/strategic-merge-patch+json'];
}
