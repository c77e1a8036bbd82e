import { startTestServer } from '../test-support/api-client.js';
import type { TestServer } from '../test-support/api-client.js';
import { readWatch } from '../test-support/watch-client.js';

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
const MAPS = '/api/v1/namespaces/demo/configmaps';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
  await api.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'demo' } } });
  for (let i = 0; i < 5; i += 1) {
    const labels = { parity: i % 2 === 0 ? 'even' : 'odd' };
    await api.call('POST', MAPS, {
      body: { metadata: { name: `c${i}`, labels }, data: { i: String(i) } },
    });
  }
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const names = (json: unknown): string[] =>
  (json as { items: { metadata: { name: string } }[] }).items.map(({ metadata }) => metadata.name);
const revision = (): number => api.server.api.store.revision;

test('a list is in order, has the version of the whole store, and its items do not repeat their kind', async () => {
  const { json } = await api.call('GET', MAPS);
  expect(names(json)).toEqual(['c0', 'c1', 'c2', 'c3', 'c4']);
  expect(json).toMatchObject({
    kind: 'ConfigMapList',
    apiVersion: 'v1',
    metadata: { resourceVersion: String(revision()) },
  });
  expect(Object.keys((json as { items: object[] }).items[0] ?? {})).toEqual(['metadata', 'data']);
});

test('pages of one list show one moment, and tell what is left', async () => {
  const first = await api.call('GET', `${MAPS}?limit=2`);
  expect(names(first.json)).toEqual(['c0', 'c1']);
  const { metadata } = first.json as { metadata: { continue: string; remainingItemCount: number } };
  expect(metadata.remainingItemCount).toBe(3);
  await api.call('POST', MAPS, { body: { metadata: { name: 'c2-later' } } });
  await api.call('DELETE', `${MAPS}/c3`);
  const rest = await api.call('GET', `${MAPS}?limit=10&continue=${metadata.continue}`);
  expect(names(rest.json)).toEqual(['c2', 'c3', 'c4']);
  expect(rest.json).toMatchObject({
    metadata: {
      resourceVersion: (first.json as { metadata: { resourceVersion: string } }).metadata
        .resourceVersion,
    },
  });
  await api.call('DELETE', `${MAPS}/c2-later`);
  await api.call('POST', MAPS, { body: { metadata: { name: 'c3', labels: { parity: 'odd' } } } });
});

test('selectors select', async () => {
  expect(names((await api.call('GET', `${MAPS}?labelSelector=parity%3Dodd`)).json)).toEqual([
    'c1',
    'c3',
  ]);
  expect(names((await api.call('GET', `${MAPS}?labelSelector=parity+notin+(odd)`)).json)).toEqual([
    'c0',
    'c2',
    'c4',
  ]);
  expect(names((await api.call('GET', `${MAPS}?fieldSelector=metadata.name%3Dc4`)).json)).toEqual([
    'c4',
  ]);
});

test('a table has the columns of its kind and rows with metadata', async () => {
  const { json } = await api.call('GET', MAPS, { headers: { accept: TABLE } });
  expect(json).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1' });
  const { columnDefinitions, rows } = json as {
    columnDefinitions: { name: string }[];
    rows: { cells: unknown[]; object: { kind: string; metadata: object; data?: object } }[];
  };
  expect(columnDefinitions.map(({ name }) => name)).toEqual(['Name', 'Data', 'Age']);
  expect(rows[1]?.cells.slice(0, 2)).toEqual(['c1', 1]);
  expect(rows[1]?.object).toMatchObject({
    kind: 'PartialObjectMetadata',
    metadata: { name: 'c1' },
  });
  const full = await api.call('GET', `${MAPS}?includeObject=Object`, {
    headers: { accept: TABLE },
  });
  expect((full.json as { rows: typeof rows }).rows[1]?.object.data).toEqual({
    i: '1',
  });
});

test('a watch begins where it is told to, and sees what leaves its selection go', async () => {
  const from = revision();
  await api.call('POST', MAPS, { body: { metadata: { name: 'w', labels: { watched: 'yes' } } } });
  await api.call('PATCH', `${MAPS}/w`, {
    body: { data: { a: 'b' } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  await api.call('PATCH', `${MAPS}/w`, {
    body: { metadata: { labels: { watched: 'no' } } },
    headers: { 'content-type': 'application/merge-patch+json' },
  });
  await api.call('DELETE', `${MAPS}/w`);
  const watch = `watch=1&timeoutSeconds=1&resourceVersion=${from}`;
  const [all, selected] = await Promise.all([
    readWatch(api, `${MAPS}?${watch}`),
    readWatch(api, `${MAPS}?${watch}&labelSelector=watched%3Dyes`),
  ]);
  expect(all.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'MODIFIED', 'DELETED']);
  expect(selected.map(({ type }) => type)).toEqual(['ADDED', 'MODIFIED', 'DELETED']);
  expect(selected.at(-1)?.object.metadata).toMatchObject({ labels: { watched: 'yes' } });
  expect(selected.at(-1)?.object.metadata['resourceVersion']).toBe(
    all[2]?.object.metadata['resourceVersion'],
  );
});

test('a watch hears of changes while it is open', async () => {
  const watching = readWatch(api, `${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=${revision()}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await api.call('POST', MAPS, { body: { metadata: { name: 'live' } } });
  await api.call('DELETE', `${MAPS}/live`);
  expect(
    (await watching).map(({ type, object }) => `${type} ${String(object.metadata['name'])}`),
  ).toEqual(['ADDED live', 'DELETED live']);
});

test('only the first event of a table watch has columns', async () => {
  const events = await readWatch(api, `${MAPS}?watch=1&timeoutSeconds=1`, { accept: TABLE });
  expect(events).toHaveLength(5);
  expect(events.map(({ object }) => object['columnDefinitions'] !== null)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('initial events end with a bookmark that says so', async () => {
  const events = await readWatch(
    api,
    `${MAPS}?watch=1&timeoutSeconds=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
  );
  expect(events.slice(0, 6).map(({ type }) => type)).toEqual([
    ...Array<string>(5).fill('ADDED'),
    'BOOKMARK',
  ]);
  expect(events[5]?.object.metadata).toMatchObject({
    annotations: { 'k8s.io/initial-events-end': 'true' },
  });
});

test('a watch from before what is remembered is told to list again', async () => {
  const name = 'busy';
  const before = revision();
  api.server.api.create('configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'demo' },
  });
  for (let i = 0; i < 2100; i += 1) {
    api.server.api.update('configmaps', { name, namespace: 'demo' }, (draft) => {
      draft['data'] = { i: String(i) };
    });
  }
  const events = await readWatch(api, `${MAPS}?watch=1&timeoutSeconds=1&resourceVersion=${before}`);
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
  const exact = await api.call(
    'GET',
    `${MAPS}?resourceVersion=${before}&resourceVersionMatch=Exact`,
  );
  expect(exact.status).toBe(410);
});

test.each([
  ['a.b', 'continue key is not valid: illegal base64 data at input byte 1'],
  ['abc', "continue key is not valid: invalid character 'i' looking for beginning of value"],
  [
    'e30',
    'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
  ],
])('a continue token that is none (%s) is refused: %s', async (token, message) => {
  const answer = await api.call('GET', `${MAPS}?limit=1&continue=${token}`);
  expect(answer.json).toMatchObject({ code: 400, reason: 'BadRequest', message });
});
