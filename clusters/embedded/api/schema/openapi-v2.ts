import type { JsonObject } from '../../../../common/json.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { PATH_PARAMETERS, QUERY_PARAMETERS } from './openapi-parameters.js';
import { pathsOf, type Operation, type OperationType, type PathItem } from './openapi-paths.js';
import type { SchemaStyle } from './openapi-schemas.js';
import { PATCH_MEDIA_TYPES, schemasFor, typeNameOf, type TypeSource } from './openapi-v3.js';

const ANY = ['*/*'];
const PRODUCES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'];

/** The OpenAPI v2 (Swagger) document of all resources, for clients that do not know v3. */
export function openApiV2Document(
  resources: readonly ResourceDefinition[],
  types: TypeSource,
  style: SchemaStyle,
): JsonObject {
  const paths: JsonObject = {};
  const roots = new Set<string>();
  const nameOf = (type: OperationType): string | undefined => {
    const name = typeNameOf(type, types);
    if (name !== undefined) roots.add(name);
    return name;
  };
  for (const item of resources.flatMap(pathsOf)) paths[item.path] = pathItemV2(item, nameOf);
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'unversioned' },
    paths,
    definitions: schemasFor(roots, types, style),
    securityDefinitions: {
      BearerToken: {
        type: 'apiKey',
        description: 'Bearer Token authentication',
        name: 'authorization',
        in: 'header',
      },
    },
    security: [{ BearerToken: [] }],
  };
}

export function pathItemV2(
  item: PathItem,
  nameOf: (type: OperationType) => string | undefined,
): JsonObject {
  const operations: JsonObject = {};
  for (const operation of item.operations) {
    operations[operation.method] = operationOf(operation, nameOf);
  }
  return {
    ...operations,
    parameters: [
      ...item.pathParameters.map((name) => ({
        uniqueItems: true,
        type: 'string',
        description: PATH_PARAMETERS[name],
        name,
        in: 'path',
        required: true,
      })),
      ...[...item.query, 'pretty'].sort().map(queryParameter),
    ],
  };
}

function operationOf(
  operation: Operation,
  nameOf: (type: OperationType) => string | undefined,
): JsonObject {
  const { body, response } = operation;
  const schema = schemaOf(nameOf(response));
  const answer = { description: 'OK', schema };
  const writes =
    operation.method === 'post' || operation.method === 'put' || operation.method === 'patch';
  return {
    description: operation.description,
    consumes: body?.is === 'patch' ? [...PATCH_MEDIA_TYPES] : ANY,
    produces: response.is === 'text' ? ANY : PRODUCES,
    schemes: ['https'],
    operationId: operation.id,
    parameters: [
      ...(body === undefined
        ? []
        : [
            {
              name: 'body',
              in: 'body',
              ...(body.is !== 'delete-options' && { required: true }),
              schema: schemaOf(nameOf(body)),
            },
          ]),
      ...operation.query.map(queryParameter),
    ],
    responses: {
      '200': answer,
      ...(writes && response.is !== 'text' && { '201': { ...answer, description: 'Created' } }),
      '401': { description: 'Unauthorized' },
    },
    ...(operation.action !== undefined && { 'x-kubernetes-action': operation.action }),
    'x-kubernetes-group-version-kind': { ...operation.kind },
  };
}

function schemaOf(typeName: string | undefined): JsonObject {
  return typeName === undefined ? { type: 'string' } : { $ref: `#/definitions/${typeName}` };
}

function queryParameter(name: string): JsonObject {
  const { type = 'string', description = '' } = QUERY_PARAMETERS[name] ?? {};
  return { uniqueItems: true, type, description, name, in: 'query' };
}
