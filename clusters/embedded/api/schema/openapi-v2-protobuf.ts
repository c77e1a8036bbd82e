import { isJsonObject, type Json, type JsonObject } from '../../../../common/json.js';

/**
 * An OpenAPI v2 document in the binary form that kubectl before 1.29 insists on (gnostic's `openapi.v2`). Writes
 * what our documents hold, not everything that OpenAPI could say. The numbers are those of the format's fields.
 */
export function openApiV2Protobuf(document: JsonObject): Buffer {
  const info = objectAt(document, 'info');
  return Buffer.concat([
    text(1, document['swagger']),
    message(2, Buffer.concat([text(1, info['title']), text(2, info['version'])])),
    message(8, Buffer.concat(namedEntries(2, objectAt(document, 'paths'), pathItem))),
    message(9, Buffer.concat(namedEntries(1, objectAt(document, 'definitions'), schema))),
    ...listAt(document, 'security').map((item) =>
      message(12, Buffer.concat(securityRequirement(item))),
    ),
    message(
      13,
      Buffer.concat(namedEntries(1, objectAt(document, 'securityDefinitions'), securityDefinition)),
    ),
  ]);
}

const METHODS = [
  ['get', 2],
  ['put', 3],
  ['post', 4],
  ['delete', 5],
  ['patch', 8],
] as const;

function pathItem(item: JsonObject): Buffer {
  return Buffer.concat([
    ...METHODS.flatMap(([method, field]) => {
      const found = item[method];
      return isJsonObject(found) ? [message(field, operation(found))] : [];
    }),
    ...parameters(9, item),
    ...extensions(10, item),
  ]);
}

function operation(found: JsonObject): Buffer {
  return Buffer.concat([
    ...texts(1, found['tags']),
    text(3, found['description']),
    text(5, found['operationId']),
    ...texts(6, found['produces']),
    ...texts(7, found['consumes']),
    ...parameters(8, found),
    message(9, Buffer.concat(namedEntries(1, objectAt(found, 'responses'), response))),
    ...texts(10, found['schemes']),
    ...extensions(13, found),
  ]);
}

function response(found: JsonObject): Buffer {
  const body = found['schema'];
  const content = Buffer.concat([
    text(1, found['description']),
    ...(isJsonObject(body) ? [message(2, message(1, schema(body)))] : []),
  ]);
  return message(1, content);
}

function parameters(field: number, owner: JsonObject): Buffer[] {
  return listAt(owner, 'parameters').map((item) => message(field, message(1, parameter(item))));
}

function parameter(item: JsonObject): Buffer {
  if (item['in'] === 'body') {
    const content = Buffer.concat([
      text(1, item['description']),
      text(2, item['name']),
      text(3, item['in']),
      flag(4, item['required']),
      message(5, schema(objectAt(item, 'schema'))),
    ]);
    return message(1, content);
  }
  // A query parameter has one field more before its type than a path parameter, and so on.
  const query = item['in'] === 'query';
  const shift = query ? 1 : 0;
  const content = Buffer.concat([
    flag(1, item['required']),
    text(2, item['in']),
    text(3, item['description']),
    text(4, item['name']),
    text(5 + shift, item['type']),
    text(6 + shift, item['format']),
    flag(19 + shift, item['uniqueItems']),
  ]);
  return message(2, message(query ? 3 : 4, content));
}

function schema(found: JsonObject): Buffer {
  const { properties, items, additionalProperties, type } = found;
  return Buffer.concat([
    text(1, found['$ref']),
    text(2, found['format']),
    text(4, found['description']),
    ...texts(19, found['required']),
    ...(isJsonObject(additionalProperties)
      ? [message(21, message(1, schema(additionalProperties)))]
      : []),
    ...(type === undefined ? [] : [message(22, text(1, type))]),
    ...(isJsonObject(items) ? [message(23, message(1, schema(items)))] : []),
    ...(isJsonObject(properties)
      ? [message(25, Buffer.concat(namedEntries(1, properties, schema)))]
      : []),
    ...extensions(31, found),
  ]);
}

function securityRequirement(item: JsonObject): Buffer[] {
  return Object.keys(item).map((name) =>
    message(1, Buffer.concat([text(1, name), message(2, Buffer.alloc(0))])),
  );
}

function securityDefinition(found: JsonObject): Buffer {
  const content = Buffer.concat([
    text(1, found['type']),
    text(2, found['name']),
    text(3, found['in']),
    text(4, found['description']),
  ]);
  return message(2, content);
}

/** `x-…` fields; any value in there is YAML text, which JSON is. */
function extensions(field: number, owner: JsonObject): Buffer[] {
  return Object.entries(owner)
    .filter(([name]) => name.startsWith('x-'))
    .map(([name, value]) => {
      const any = text(2, JSON.stringify(value));
      return message(field, Buffer.concat([text(1, name), message(2, any)]));
    });
}

function namedEntries(
  field: number,
  map: JsonObject,
  encode: (value: JsonObject) => Buffer,
): Buffer[] {
  return Object.entries(map).flatMap(([name, value]) =>
    isJsonObject(value)
      ? [message(field, Buffer.concat([text(1, name), message(2, encode(value))]))]
      : [],
  );
}

function texts(field: number, list: Json | undefined): Buffer[] {
  return Array.isArray(list) ? list.map((item) => text(field, item)) : [];
}

function text(field: number, value: Json | undefined): Buffer {
  return typeof value === 'string' && value !== ''
    ? message(field, Buffer.from(value))
    : Buffer.alloc(0);
}

function flag(field: number, value: Json | undefined): Buffer {
  return value === true ? Buffer.concat([varint(field * 8), varint(1)]) : Buffer.alloc(0);
}

function message(field: number, content: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function objectAt(owner: JsonObject, key: string): JsonObject {
  const value = owner[key];
  return isJsonObject(value) ? value : {};
}

function listAt(owner: JsonObject, key: string): JsonObject[] {
  const value = owner[key];
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}
