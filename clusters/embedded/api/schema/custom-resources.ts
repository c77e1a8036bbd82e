import { isJsonObject, type JsonObject } from '../../../../common/json.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { pathsOf, type OperationType } from './openapi-paths.js';
import type { SchemaStyle } from './openapi-schemas.js';
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
  const nameOf = (type: OperationType): string | undefined => {
    if (type.is === 'kind' && type.kind.group === group && type.kind.kind === kind) return name;
    return type.is === 'list' ? listName : typeNameOf(type, types);
  };
  for (const item of pathsOf(definition)) {
    const described = pathItem(item, nameOf);
    dropStrategicMerge(described);
    paths[item.path] = described;
  }
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
