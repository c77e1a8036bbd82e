import type { JsonObject } from '../../common/json.js';
import { planReset } from './reset-plan.js';

test('a reset plans only what somebody has changed', () => {
  const object = (kind: string, name: string, more: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'x', uid: `${kind}-${name}`, resourceVersion: '1' },
    ...more,
  });
  const baseline = [
    object('ConfigMap', 'kept', { data: { a: '1' } }),
    object('ConfigMap', 'gone'),
    object('Service', 'same'),
  ];
  const now = [
    object('ConfigMap', 'kept', { data: { a: '2' } }),
    { ...object('Service', 'same'), status: { loadBalancer: {} } },
    object('Secret', 'new'),
    object('Lease', 'noise'),
    object('Event', 'noise'),
  ];
  const plan = planReset(baseline, now);
  const names = (objects: readonly JsonObject[]) =>
    objects.map((one) => (one['metadata'] as JsonObject)['name']);
  expect([names(plan.remove), names(plan.create), names(plan.restore)]).toEqual([
    ['new'],
    ['gone'],
    ['kept'],
  ]);
});

test('pods of the system whose account was made anew get new tokens by starting anew', () => {
  const account = (uid: string): JsonObject => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'calico-node', namespace: 'kube-system', uid },
  });
  const pod = (name: string, owner: string): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', uid: name, ownerReferences: [{ kind: owner }] },
    spec: { serviceAccountName: 'calico-node' },
  });
  const pods = [pod('calico-node-x', 'DaemonSet'), pod('etcd', 'Node')];
  const names = (now: JsonObject[]) =>
    planReset([account('1'), ...pods], now).remove.map(
      (one) => (one['metadata'] as JsonObject)['name'],
    );
  expect(names([account('2'), ...pods])).toEqual(['calico-node-x']);
  expect(names(pods)).toEqual(['calico-node-x']);
  expect(names([account('1'), ...pods])).toEqual([]);
});
