import type { JsonObject } from '../../../../common/json.js';
import type { ResourceDefinition } from '../resource-definition.js';
import type { TypeSchema } from '../schema-catalogue.js';
import { PATH_PARAMETERS, QUERY_PARAMETERS } from './openapi-parameters.js';
import { pathsOf, type Operation, type OperationType, type PathItem } from './openapi-paths.js';
import { openApiSchema, typesUsedBy, type SchemaStyle } from './openapi-schemas.js';

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const MEDIA_TYPES = ['application/json', 'application/vnd.kubernetes.protobuf', 'application/yaml'];
const WATCH_MEDIA_TYPES = [
  'application/json',
  'application/json;stream=watch',
  'application/vnd.kubernetes.protobuf',
  'application/vnd.kubernetes.protobuf;stream=watch',
  'application/yaml',
];
export const PATCH_MEDIA_TYPES = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
];

/** Where type names and types come from. */
export interface TypeSource {
  typeOf(group: string, version: string, kind: string): string | undefined;
  type(name: string): TypeSchema | undefined;
}

/** The OpenAPI v3 document of one group version with the paths of the resources given. */
export function openApiV3Document(
  resources: readonly ResourceDefinition[],
  types: TypeSource,
  style: SchemaStyle,
): JsonObject {
  const paths: JsonObject = {};
  const roots = new Set([
    `${META}.APIResourceList`,
    `${META}.DeleteOptions`,
    `${META}.Status`,
    `${META}.Patch`,
    `${META}.WatchEvent`,
  ]);
  const nameOf = (type: OperationType): string | undefined => typeNameOf(type, types);
  for (const item of resources.flatMap(pathsOf)) {
    paths[item.path] = pathItem(item, nameOf);
    for (const { body, response } of item.operations) {
      for (const type of [body, response]) {
        const name = type === undefined ? undefined : nameOf(type);
        if (name !== undefined) roots.add(name);
      }
    }
  }
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths: sorted(paths),
    components: {
      schemas: schemasFor(roots, types, style),
      securitySchemes: {
        BearerToken: {
          type: 'apiKey',
          description: 'Bearer Token authentication',
          name: 'authorization',
          in: 'header',
        },
      },
    },
  };
}

/** The schemas of some types and of every type that they use. */
export function schemasFor(
  roots: Iterable<string>,
  types: TypeSource,
  style: SchemaStyle,
): JsonObject {
  const schemas: JsonObject = {};
  const queue = [...roots];
  for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
    if (schemas[name] !== undefined) continue;
    const type = types.type(name);
    if (type === undefined) continue;
    schemas[name] = openApiSchema(name, type, style);
    queue.push(...typesUsedBy(type));
  }
  return sorted(schemas);
}

export function typeNameOf(type: OperationType, types: TypeSource): string | undefined {
  switch (type.is) {
    case 'kind':
      return types.typeOf(type.kind.group, type.kind.version, type.kind.kind);
    case 'list':
      return types.typeOf(type.kind.group, type.kind.version, `${type.kind.kind}List`);
    case 'status':
      return `${META}.Status`;
    case 'patch':
      return `${META}.Patch`;
    case 'delete-options':
      return `${META}.DeleteOptions`;
    case 'text':
      return undefined;
  }
}

/** A path with its operations in OpenAPI v3; also used for custom resources. */
export function pathItem(
  item: PathItem,
  nameOf: (type: OperationType) => string | undefined,
): JsonObject {
  const operations: JsonObject = {};
  for (const operation of item.operations)
    operations[operation.method] = operationOf(operation, nameOf);
  return {
    ...operations,
    parameters: [
      ...item.pathParameters.map((name) => ({
        name,
        in: 'path',
        description: PATH_PARAMETERS[name],
        required: true,
        schema: { type: 'string', uniqueItems: true },
      })),
      ...[...item.query, 'pretty'].sort().map(queryParameter),
    ],
  };
}

function operationOf(
  operation: Operation,
  nameOf: (type: OperationType) => string | undefined,
): JsonObject {
  const { body, response, watchable } = operation;
  const mediaTypes = response.is === 'text' ? ['*/*'] : watchable ? WATCH_MEDIA_TYPES : MEDIA_TYPES;
  const answer = { content: contentOf(mediaTypes, nameOf(response)) };
  const group = operation.kind.group === '' ? 'core' : (operation.kind.group.split('.')[0] ?? '');
  return {
    tags: [`${group}_${operation.kind.version}`],
    description: operation.description,
    operationId: operation.id,
    ...(operation.query.length > 0 && { parameters: operation.query.map(queryParameter) }),
    ...(body !== undefined && {
      requestBody: {
        content: contentOf(body.is === 'patch' ? PATCH_MEDIA_TYPES : ['*/*'], nameOf(body)),
        ...(body.is !== 'delete-options' && { required: true }),
      },
    }),
    responses: {
      '200': { description: 'OK', ...answer },
      ...((operation.method === 'post' ||
        operation.method === 'put' ||
        operation.method === 'patch') &&
        response.is !== 'text' && { '201': { description: 'Created', ...answer } }),
      ...((operation.action === 'post' || operation.action === 'delete') && {
        '202': { description: 'Accepted', ...answer },
      }),
      '401': { description: 'Unauthorized' },
    },
    ...(operation.action !== undefined && { 'x-kubernetes-action': operation.action }),
    'x-kubernetes-group-version-kind': { ...operation.kind },
  };
}

function contentOf(mediaTypes: readonly string[], typeName: string | undefined): JsonObject {
  const schema =
    typeName === undefined ? { type: 'string' } : { $ref: `#/components/schemas/${typeName}` };
  return Object.fromEntries(mediaTypes.map((mediaType) => [mediaType, { schema: { ...schema } }]));
}

function queryParameter(name: string): JsonObject {
  const { type = 'string', description = '' } = QUERY_PARAMETERS[name] ?? {};
  return { name, in: 'query', description, schema: { type, uniqueItems: true } };
}

function sorted(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
}
