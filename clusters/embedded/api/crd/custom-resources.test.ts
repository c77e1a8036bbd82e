import { startTestServer } from '../test-support/api-client.js';
import type { TestServer } from '../test-support/api-client.js';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const WIDGETS = '/apis/example.com/v1/namespaces/demo/widgets';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

const definition = {
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', shortNames: ['wd'] },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: {
          status: {},
          scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
        },
        additionalPrinterColumns: [
          { name: 'Size', type: 'integer', jsonPath: '.spec.size' },
          {
            name: 'Ready',
            type: 'string',
            jsonPath: '.status.conditions[?(@.type=="Ready")].status',
          },
        ],
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: {
              spec: {
                type: 'object',
                required: ['size'],
                properties: {
                  size: { type: 'integer', minimum: 1 },
                  color: { type: 'string', default: 'red', enum: ['red', 'blue'] },
                  replicas: { type: 'integer' },
                  free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
                },
              },
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
          },
        },
      },
    ],
  },
};

let api: TestServer;
beforeEach(async () => {
  api = await startTestServer();
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'demo' } } });
  const created = await api.call('POST', CRDS, { body: definition });
  expect(created.status).toBe(201);
});
afterEach(async () => {
  await api[Symbol.asyncDispose]();
});

const widget = (name: string, spec: object) => ({
  body: { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name }, spec },
});

test('a definition is established and found by discovery at once', async () => {
  const { json } = await api.call('GET', `${CRDS}/widgets.example.com`);
  expect(json).toMatchObject({
    status: {
      acceptedNames: { kind: 'Widget', listKind: 'WidgetList' },
      storedVersions: ['v1'],
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
    },
  });
  const discovery = await api.call('GET', '/apis/example.com/v1');
  expect(discovery.json).toMatchObject({
    resources: [{ name: 'widgets' }, { name: 'widgets/scale' }, { name: 'widgets/status' }],
  });
  const openApi = await api.call('GET', '/openapi/v3/apis/example.com/v1');
  expect(openApi.json).toMatchObject({
    components: { schemas: { 'com.example.v1.Widget': { type: 'object' } } },
  });
});

test('objects are defaulted, pruned and validated by their schema', async () => {
  const created = await api.call(
    'POST',
    WIDGETS,
    widget('w', { size: 2, bogus: 1, free: { any: [1] } }),
  );
  expect(created.status).toBe(201);
  expect(created.headers['warning']).toBe('299 - "unknown field \\"spec.bogus\\""');
  expect(created.json).toMatchObject({ metadata: { generation: 1 } });
  expect(Reflect.get(Object(created.json), 'spec')).toEqual({
    size: 2,
    color: 'red',
    free: { any: [1] },
  });
  const strict = await api.call(
    'POST',
    `${WIDGETS}?fieldValidation=Strict`,
    widget('x', { size: 2, bogus: 1 }),
  );
  expect(strict.json).toMatchObject({
    code: 400,
    message:
      'Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.bogus"',
  });
  const invalid = await api.call('POST', WIDGETS, widget('x', { size: 'big', color: 'green' }));
  expect(invalid.json).toMatchObject({
    code: 422,
    details: {
      causes: [
        { reason: 'FieldValueTypeInvalid', field: 'spec.size' },
        { reason: 'FieldValueNotSupported', field: 'spec.color' },
      ],
    },
  });
  const missing = await api.call('POST', WIDGETS, widget('x', {}));
  expect(missing.json).toMatchObject({
    message: 'Widget.example.com "x" is invalid: spec.size: Required value',
  });
});

test('columns, status and scale are those of the definition', async () => {
  await api.call('POST', WIDGETS, widget('w', { size: 2, replicas: 1 }));
  const merge = { 'content-type': 'application/merge-patch+json' };
  await api.call('PATCH', `${WIDGETS}/w/status`, {
    body: {
      spec: { size: 9 },
      status: { replicas: 1, conditions: [{ type: 'Ready', status: 'True' }] },
    },
    headers: merge,
  });
  const scaled = await api.call('PATCH', `${WIDGETS}/w/scale`, {
    body: { spec: { replicas: 4 } },
    headers: merge,
  });
  expect(scaled.json).toMatchObject({
    kind: 'Scale',
    spec: { replicas: 4 },
    status: { replicas: 1 },
  });
  const table = await api.call('GET', WIDGETS, { headers: { accept: TABLE } });
  expect(table.json).toMatchObject({
    columnDefinitions: [{ name: 'Name' }, { name: 'Size' }, { name: 'Ready' }],
    rows: [{ cells: ['w', 2, 'True'] }],
  });
});

test('a changed schema holds for the next write', async () => {
  await api.call('PATCH', `${CRDS}/widgets.example.com`, {
    body: [
      {
        op: 'replace',
        path: '/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/minimum',
        value: 5,
      },
    ],
    headers: { 'content-type': 'application/json-patch+json' },
  });
  expect((await api.call('POST', WIDGETS, widget('w', { size: 2 }))).status).toBe(422);
});

test('a deleted definition takes its objects and its resource with it, finalizers first', async () => {
  await api.call('POST', WIDGETS, {
    body: {
      ...widget('held', { size: 1 }).body,
      metadata: { name: 'held', finalizers: ['example.com/hold'] },
    },
  });
  await api.call('POST', WIDGETS, widget('w', { size: 1 }));
  expect((await api.call('DELETE', `${CRDS}/widgets.example.com`)).status).toBe(200);
  expect(api.server.api.list('widgets.example.com').map(({ metadata }) => metadata.name)).toEqual([
    'held',
  ]);
  expect((await api.call('GET', CRDS)).json).toMatchObject({
    items: [{ metadata: { name: 'widgets.example.com' } }],
  });
  await api.call('PATCH', `${WIDGETS}/held`, {
    body: { metadata: { finalizers: null } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect((await api.call('GET', CRDS)).json).toMatchObject({ items: [] });
  expect((await api.call('GET', WIDGETS)).status).toBe(404);
});
