import { valueAt } from '../../common/json.js';
import type { ClusterSnapshot } from '../provider.js';
import type { ClusterApiServerSide } from './api/create-cluster-api.js';
import { createClusterApi } from './api/create-cluster-api.js';
import { SMALL_DEFINITIONS } from './api/test-support/small-definitions.js';
import { SnapshotSource, type SnapshotAnswer } from './host/cluster/snapshot.js';
import { SnapshotMirror, type AskSnapshot } from './snapshot-mirror.js';

/** A host's side whose answers pass through JSON, as they do on the socket. */
function startHost(): { api: ClusterApiServerSide; ask: AskSnapshot; sent: SnapshotAnswer[] } {
  const api = createClusterApi({ resources: SMALL_DEFINITIONS });
  api.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } });
  const source = new SnapshotSource();
  const sent: SnapshotAnswer[] = [];
  const ask: AskSnapshot = (known) => {
    const answer: SnapshotAnswer = JSON.parse(JSON.stringify(source.take(api, known)));
    sent.push(answer);
    return Promise.resolve(answer);
  };
  return { api, ask, sent };
}

const create = (api: ClusterApiServerSide, name: string, data: Record<string, string> = {}) =>
  api.create('configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'demo' },
    data,
  });

const configMaps = ({ objects }: ClusterSnapshot): unknown[] =>
  objects
    .filter(({ kind }) => kind === 'ConfigMap')
    .map((object) => [valueAt(object, ['metadata', 'name']), object['data']]);

const named = ({ objects }: ClusterSnapshot, name: string) =>
  objects.find((object) => valueAt(object, ['metadata', 'name']) === name);

test('what was created, changed and deleted between two snapshots shows in the second, which sends only that', async () => {
  const { api, ask, sent } = startHost();
  for (const name of ['stays', 'changes', 'goes']) create(api, name, { v: '1' });
  const mirror = new SnapshotMirror();
  const first = await mirror.take(ask);

  create(api, 'comes');
  api.delete('configmaps', { name: 'goes', namespace: 'demo' });
  api.update('configmaps', { name: 'changes', namespace: 'demo' }, (draft) => {
    draft['data'] = { v: '2' };
  });
  const second = await mirror.take(ask);

  expect(configMaps(second)).toEqual([
    ['changes', { v: '2' }],
    ['comes', {}],
    ['stays', { v: '1' }],
  ]);
  expect(sent[1]?.objects.filter((object) => object !== null)).toHaveLength(2);
  expect(named(second, 'stays')).toBe(named(first, 'stays'));
  expect(second.resourceVersion).not.toBe(first.resourceVersion);
});

test('an object that is deleted and made again is sent again', async () => {
  const { api, ask } = startHost();
  const mirror = new SnapshotMirror();
  create(api, 'twice', { v: 'same' });
  const first = await mirror.take(ask);
  api.delete('configmaps', { name: 'twice', namespace: 'demo' });
  create(api, 'twice', { v: 'same' });
  const second = await mirror.take(ask);
  const uid = (one: ClusterSnapshot) => valueAt(named(one, 'twice'), ['metadata', 'uid']);
  expect(uid(second)).not.toBe(uid(first));
});

test('two clients of one host each get what they do not have', async () => {
  const { api, ask } = startHost();
  const [one, other] = [new SnapshotMirror(), new SnapshotMirror()];
  await one.take(ask);
  create(api, 'new');
  await other.take(ask);
  expect(configMaps(await one.take(ask))).toEqual([['new', {}]]);
});

test('snapshots that are asked for at once do not mix', async () => {
  const { api, ask } = startHost();
  const mirror = new SnapshotMirror();
  create(api, 'a');
  await mirror.take(ask);
  const early = mirror.take(ask);
  create(api, 'b');
  const late = mirror.take(ask);
  expect(configMaps(await late)).toHaveLength(2);
  expect(configMaps(await early)).toHaveLength(1);
});

test('a host that was started anew is believed, not the copy of the old one', async () => {
  const old = startHost();
  const mirror = new SnapshotMirror();
  create(old.api, 'old');
  await mirror.take(old.ask);
  const next = startHost();
  create(next.api, 'next');
  expect(configMaps(await mirror.take(next.ask))).toEqual([['next', {}]]);
});

test('a snapshot cannot be changed: the next one shares its objects', async () => {
  const { api, ask } = startHost();
  create(api, 'frozen', { v: '1' });
  const snapshot = await new SnapshotMirror().take(ask);
  expect(() => {
    Object.assign(named(snapshot, 'frozen')?.['data'] ?? {}, { v: '2' });
  }).toThrow(TypeError);
});
