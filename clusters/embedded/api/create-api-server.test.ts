import { createTempFolder } from '../../../system/temp-folder.js';
import { startTestServer } from './test-support/api-client.js';
import type { TestServer } from './test-support/api-client.js';

const MAPS = '/api/v1/namespaces/default/configmaps';

test('a restarted server has its objects, its keys and its custom resources', async () => {
  await using folder = await createTempFolder('restart');
  const options = { stateDir: `${folder.path}/state` };
  const first = await startTestServer(options);
  await first.call('POST', MAPS, { body: { metadata: { name: 'kept' }, data: { a: 'b' } } });
  await first.call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    body: {
      metadata: { name: 'things.example.com' },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural: 'things', kind: 'Thing' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: { openAPIV3Schema: { type: 'object' } },
          },
        ],
      },
    },
  });
  const { caPem } = first.server;
  expect(first.server.isNew).toBe(true);
  const token = tokenFor(first);
  await first[Symbol.asyncDispose]();

  await using second = await startTestServer(options);
  expect(second.server.isNew).toBe(false);
  expect(second.server.caPem).toBe(caPem);
  expect((await second.call('GET', `${MAPS}/kept`)).json).toMatchObject({ data: { a: 'b' } });
  expect((await second.call('GET', '/apis/example.com/v1/things')).status).toBe(200);
  expect((await second.call('GET', '/version', { token })).status).toBe(200);
});

test('wiping tells every watcher, keeps keys, and leaves what every cluster has', async () => {
  await using api = await startTestServer();
  await api.call('POST', MAPS, {
    body: { metadata: { name: 'held', finalizers: ['example.com/hold'] } },
  });
  const before = api.server.api.store.revision;
  const heard: string[] = [];
  api.server.api.watch('configmaps', ({ type, object }) =>
    heard.push(`${type} ${object.metadata.name}`),
  );
  await api.server.wipe();
  expect((await api.call('GET', MAPS)).json).toMatchObject({ items: [] });
  expect((await api.call('GET', '/api/v1/namespaces/default')).status).toBe(200);
  expect(heard).toEqual([
    'ADDED held',
    'ADDED extension-apiserver-authentication',
    'DELETED held',
    'DELETED extension-apiserver-authentication',
    'ADDED extension-apiserver-authentication',
  ]);
  expect(api.server.api.store.revision).toBeGreaterThan(before);
});

test('an unexpected body is answered, and the server goes on', async () => {
  await using api = await startTestServer();
  const large = { metadata: { name: 'big' }, data: { x: 'y'.repeat(4_000_000) } };
  expect((await api.call('POST', MAPS, { body: large })).status).toBe(413);
  expect((await api.call('POST', MAPS, { body: '[]' })).status).toBe(400);
  expect(
    (
      await api.call('POST', MAPS, {
        body: '{"metadata":{"name":"__proto__"},"data":{"__proto__":"x"}}',
      })
    ).status,
  ).toBe(422);
  expect((await api.call('GET', `${MAPS}/%ff`)).status).toBe(404);
  expect((await api.call('GET', MAPS)).status).toBe(200);
});

function tokenFor({ server }: TestServer): string {
  server.api.create('serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot', namespace: 'default' },
  });
  return server.serviceAccountToken('default', 'robot');
}
