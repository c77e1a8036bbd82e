import { ApiError } from './api-error.js';
import type { KubeObject, WatchEvent } from './cluster-api.js';
import { createClusterApi } from './create-cluster-api.js';
import type { ClusterApiServerSide } from './create-cluster-api.js';
import { SMALL_DEFINITIONS } from './test-support/small-definitions.js';

function startApi(): ClusterApiServerSide {
  const api = createClusterApi({ resources: SMALL_DEFINITIONS });
  api.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } });
  return api;
}

const configMap = (name: string, data: Record<string, string> = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'demo' },
  data,
});

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function refusal(action: () => unknown): ApiError {
  try {
    action();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a created object has what the server fills in, and is frozen', () => {
  const api = startApi();
  const created = api.create('deployments.apps', {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'demo', uid: 'mine', generation: 7 },
  });
  expect(created.metadata.uid).toMatch(/^[0-9a-f-]{36}$/);
  expect(created.metadata.generation).toBe(1);
  expect(created.metadata.creationTimestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(created['spec']).toEqual({ replicas: 1 });
  expect(Object.isFrozen(created['spec'])).toBe(true);
  expect(api.get('deployments.apps', 'web', 'demo')).toBe(created);
});

test('generation rises with spec, not with status or labels', () => {
  const api = startApi();
  const key = { name: 'web', namespace: 'demo' };
  api.create('deployments.apps', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: key });
  const change = (subresource: 'status' | undefined, edit: (draft: KubeObject) => void) =>
    api.update('deployments.apps', { ...key, ...(subresource && { subresource }) }, edit)?.metadata
      .generation;
  expect(change('status', (draft) => (draft['status'] = { replicas: 1 }))).toBe(1);
  expect(change(undefined, (draft) => (draft.metadata.labels = { a: 'b' }))).toBe(1);
  expect(change(undefined, (draft) => (draft['spec'] = { replicas: 3 }))).toBe(2);
});

test('a status update keeps the spec and an update of the object keeps the status', () => {
  const api = startApi();
  const key = { name: 'web', namespace: 'demo' };
  api.create('deployments.apps', { apiVersion: 'apps/v1', kind: 'Deployment', metadata: key });
  api.update('deployments.apps', { ...key, subresource: 'status' }, (draft) => {
    draft['spec'] = { replicas: 9 };
    draft['status'] = { replicas: 1 };
  });
  api.update('deployments.apps', key, (draft) => {
    draft['status'] = { replicas: 8 };
    draft.metadata.labels = { a: 'b' };
  });
  const object = api.get('deployments.apps', 'web', 'demo');
  expect(object).toMatchObject({
    spec: { replicas: 1 },
    status: { replicas: 1 },
    metadata: { labels: { a: 'b' } },
  });
});

test('an update that changes nothing keeps the resource version', () => {
  const api = startApi();
  const created = api.create('configmaps', configMap('c', { a: '1' }));
  const same = api.update('configmaps', { name: 'c', namespace: 'demo' }, (draft) => {
    draft['data'] = { a: '1' };
  });
  expect(same).toBe(created);
});

test('versions of one object share what did not change', () => {
  const api = startApi();
  const created = api.create('configmaps', {
    ...configMap('c'),
    data: { a: '1' },
    binaryData: { b: 'eA==' },
  });
  const changed = api.update('configmaps', { name: 'c', namespace: 'demo' }, (draft) => {
    draft['data'] = { a: '2' };
  });
  expect(changed?.['binaryData']).toBe(created['binaryData']);
});

test('refusals have the real texts', () => {
  const api = startApi();
  api.create('configmaps', configMap('c'));
  expect(refusal(() => api.create('configmaps', configMap('c'))).toStatus()).toMatchObject({
    code: 409,
    reason: 'AlreadyExists',
    message: 'configmaps "c" already exists',
    details: { name: 'c', kind: 'configmaps' },
  });
  const nowhere = { ...configMap('d'), metadata: { name: 'd', namespace: 'nope' } };
  expect(refusal(() => api.create('configmaps', nowhere)).message).toBe(
    'namespaces "nope" not found',
  );
  expect(
    refusal(() => api.create('configmaps', configMap('e', { 'bad key': '' }))).toStatus(),
  ).toMatchObject({
    code: 422,
    message: 'ConfigMap "e" is invalid: data[bad key]: Invalid value: "bad key": no',
    details: { causes: [{ reason: 'FieldValueInvalid', field: 'data[bad key]' }] },
  });
  expect(refusal(() => api.create('configmaps', configMap(''))).message).toBe(
    'ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
  );
});

test('a generated name extends its base', () => {
  const api = startApi();
  const object = configMap('');
  const names = [1, 2, 3].map(
    () =>
      api.create('configmaps', { ...object, metadata: { generateName: 'gen-', namespace: 'demo' } })
        .metadata.name,
  );
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^gen-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
});

test('a watcher hears what there is at once, and every change in order after the write returned', async () => {
  const api = startApi();
  api.create('configmaps', configMap('a'));
  const heard: string[] = [];
  const stop = api.watch('configmaps', (event: WatchEvent) => {
    heard.push(`${event.type} ${event.object.metadata.name}`);
    if (event.object.metadata.name === 'b' && event.type === 'ADDED') {
      api.create('configmaps', configMap('from-listener'));
      heard.push('still in the listener');
    }
  });
  expect(heard).toEqual(['ADDED a']);
  api.create('configmaps', configMap('b'));
  api.update(
    'configmaps',
    { name: 'a', namespace: 'demo' },
    (draft) => (draft['data'] = { x: 'y' }),
  );
  api.delete('configmaps', { name: 'b', namespace: 'demo' });
  expect(heard).toEqual(['ADDED a']);
  await turn();
  expect(heard).toEqual([
    'ADDED a',
    'ADDED b',
    'still in the listener',
    'MODIFIED a',
    'DELETED b',
    'ADDED from-listener',
  ]);
  stop();
  api.delete('configmaps', { name: 'a', namespace: 'demo' });
  await turn();
  expect(heard).toHaveLength(6);
});

test('a watcher that comes while changes wait to be told hears each object once', async () => {
  const api = startApi();
  api.watch('configmaps', () => undefined);
  api.create('configmaps', configMap('a'));
  const heard: string[] = [];
  api.watch('configmaps', (event) => heard.push(event.type));
  await turn();
  expect(heard).toEqual(['ADDED']);
});

test('a pod is deleted in two steps, and the second may only shorten the wait', () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  const api = createClusterApi({ resources: SMALL_DEFINITIONS, now: () => now });
  api.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } });
  const key = { name: 'p', namespace: 'demo' };
  api.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata: key });
  const meta = () => api.get('pods', 'p', 'demo')?.metadata;
  api.delete('pods', key);
  expect(meta()).toMatchObject({
    deletionTimestamp: '2026-01-01T00:00:30Z',
    deletionGracePeriodSeconds: 30,
  });
  now += 5000;
  api.delete('pods', { ...key, gracePeriodSeconds: 60 });
  expect(meta()?.deletionGracePeriodSeconds).toBe(30);
  api.delete('pods', { ...key, gracePeriodSeconds: 10 });
  expect(meta()).toMatchObject({
    deletionTimestamp: '2026-01-01T00:00:10Z',
    deletionGracePeriodSeconds: 10,
  });
  expect(
    refusal(() => {
      api.delete('pods', { ...key, uid: 'other', gracePeriodSeconds: 0 });
    }).code,
  ).toBe(409);
  api.delete('pods', { ...key, gracePeriodSeconds: 0 });
  expect(meta()).toBeUndefined();
});

test('finalizers hold an object until the last is gone, and none may be added meanwhile', () => {
  const api = startApi();
  const key = { name: 'c', namespace: 'demo' };
  api.create('configmaps', { ...configMap('c'), metadata: { ...key, finalizers: ['x/y'] } });
  api.delete('configmaps', { ...key, propagation: 'Foreground' });
  expect(api.get('configmaps', 'c', 'demo')?.metadata.finalizers).toEqual([
    'x/y',
    'foregroundDeletion',
  ]);
  const add = () =>
    api.update(
      'configmaps',
      key,
      (draft) => (draft.metadata.finalizers = ['x/y', 'x/z', 'foregroundDeletion']),
    );
  expect(refusal(add).message).toContain(
    'no new finalizers can be added if the object is being deleted',
  );
  api.update('configmaps', key, (draft) => (draft.metadata.finalizers = ['x/y']));
  expect(api.get('configmaps', 'c', 'demo')).toBeDefined();
  api.update('configmaps', key, (draft) => (draft.metadata.finalizers = []));
  expect(api.get('configmaps', 'c', 'demo')).toBeUndefined();
});

test('a namespace ends when its own finalizer goes, and takes nothing new until then', () => {
  const api = startApi();
  api.delete('namespaces', { name: 'demo' });
  expect(api.get('namespaces', 'demo')).toMatchObject({ status: { phase: 'Terminating' } });
  expect(refusal(() => api.create('configmaps', configMap('late'))).message).toBe(
    'configmaps "late" is forbidden: unable to create new content in namespace demo because it is being terminated',
  );
  api.update('namespaces', { name: 'demo' }, (draft) => (draft['spec'] = { finalizers: [] }));
  expect(api.get('namespaces', 'demo')).toBeUndefined();
});

test('the namespaces of the system may not be deleted', () => {
  const api = startApi();
  api.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } });
  expect(
    refusal(() => {
      api.delete('namespaces', { name: 'default' });
    }).message,
  ).toBe('namespaces "default" is forbidden: this namespace may not be deleted');
});

test('repeated events are counted', () => {
  const api = startApi();
  const about = api.create('configmaps', configMap('c'));
  const event = { type: 'Normal', reason: 'Pulled', message: 'x', component: 'kubelet' } as const;
  api.event(about, event);
  api.event(about, event);
  api.event(about, { ...event, message: 'y' });
  expect(api.list('events', 'demo').map((object) => object['count'])).toEqual([2, 1]);
});

test('a custom resource can be watched before it is defined, a core one must exist', () => {
  const api = startApi();
  expect(api.list('networkpolicies.crd.projectcalico.org')).toEqual([]);
  expect(() => api.list('typos')).toThrow(ApiError);
});

test('a refusal by admission leaves nothing behind', () => {
  const api = createClusterApi({
    resources: SMALL_DEFINITIONS,
    admission: [
      {
        mutate: ({ object }) => {
          if (object?.kind === 'ConfigMap') object['data'] = { injected: 'yes' };
        },
        validate: ({ name }) => {
          if (name === 'no') throw new ApiError(403, 'Forbidden', { message: 'no' });
        },
      },
    ],
  });
  api.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } });
  expect(api.create('configmaps', configMap('c'))['data']).toEqual({ injected: 'yes' });
  expect(() => api.create('configmaps', configMap('no'))).toThrow('no');
  expect(api.list('configmaps')).toHaveLength(1);
});
