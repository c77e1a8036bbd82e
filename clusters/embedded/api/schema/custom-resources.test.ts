import type { JsonObject } from '../../../../common/json.js';
import { valueAt } from '../../../../common/json.js';
import { defineResource } from '../kinds/define-resource.js';
import { addCustomResource, customOpenApiV2, emptyOpenApiV3 } from './custom-resources.js';
import { schemaCatalogue } from './index.js';

const WIDGETS = defineResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  validate: () => [],
  columns: [],
});

function publish(schema: JsonObject | undefined): JsonObject {
  const document = emptyOpenApiV3();
  addCustomResource(document, { definition: WIDGETS, schema }, schemaCatalogue);
  return document;
}

const PATH = '/apis/example.com/v1/namespaces/{namespace}/widgets/{name}';

test('a custom resource can be patched with validation of its fields, but not strategically', () => {
  const patch = valueAt(publish({ type: 'object' }), ['paths', PATH, 'patch']) as JsonObject;
  expect(patch['x-kubernetes-group-version-kind']).toEqual({
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
  });
  expect(patch['parameters']).toContainEqual(
    expect.objectContaining({ name: 'fieldValidation', in: 'query' }),
  );
  expect(Object.keys(valueAt(patch, ['requestBody', 'content']) as JsonObject)).toEqual([
    'application/apply-patch+yaml',
    'application/json-patch+json',
    'application/merge-patch+json',
  ]);
});

test('its schema is completed with kind, version and metadata', () => {
  const document = publish({
    type: 'object',
    properties: { spec: { type: 'object', properties: { size: { type: 'integer' } } } },
  });
  const schema = valueAt(document, [
    'components',
    'schemas',
    'com.example.v1.Widget',
  ]) as JsonObject;
  expect(Object.keys(schema['properties'] as JsonObject)).toEqual([
    'spec',
    'apiVersion',
    'kind',
    'metadata',
  ]);
  expect(schema['x-kubernetes-group-version-kind']).toEqual([
    { group: 'example.com', kind: 'Widget', version: 'v1' },
  ]);
  expect(
    valueAt(document, [
      'components',
      'schemas',
      'com.example.v1.WidgetList',
      'properties',
      'items',
      'items',
    ]),
  ).toEqual({
    $ref: '#/components/schemas/com.example.v1.Widget',
  });
});

test('every reference in the document leads somewhere', () => {
  const document = publish(undefined);
  const schemas = valueAt(document, ['components', 'schemas']) as JsonObject;
  const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g);
  for (const [, name = ''] of references) expect(Object.keys(schemas)).toContain(name);
});

test('where unknown fields are kept, version 2 names none, for its readers refuse all others', () => {
  const schema = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        'x-kubernetes-preserve-unknown-fields': true,
        required: ['size'],
        properties: { size: { type: 'integer' } },
      },
    },
  };
  const { definitions } = customOpenApiV2({ definition: WIDGETS, schema }, schemaCatalogue);
  expect(valueAt(definitions, ['com.example.v1.Widget', 'properties', 'spec'])).toEqual({
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
  });
  const open = customOpenApiV2({ definition: WIDGETS, schema: undefined }, schemaCatalogue);
  expect(open.definitions['com.example.v1.Widget']).toEqual({
    type: 'object',
    'x-kubernetes-preserve-unknown-fields': true,
    'x-kubernetes-group-version-kind': [{ group: 'example.com', kind: 'Widget', version: 'v1' }],
  });
});
