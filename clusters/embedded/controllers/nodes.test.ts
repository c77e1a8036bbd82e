import type { Node, Pod } from './objects.js';
import {
  addNode,
  deployment,
  manifest,
  setNodeReady,
  startTestCluster,
} from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

const taints = ({ api }: TestCluster, name = 'worker1'): string[] =>
  (api.get<Node>('nodes', name)?.spec?.taints ?? []).map(({ key, effect }) => `${key}:${effect}`);
const pod = (name: string, spec: Record<string, unknown> = {}) =>
  manifest('Pod', name, {
    apiVersion: 'v1',
    spec: { containers: [{ name: 'c', image: 'nginx' }], ...spec },
  });

test('conditions become taints, and taints go with them', async () => {
  using cluster = startTestCluster();
  await cluster.settled();
  expect(taints(cluster)).toEqual([]);
  setNodeReady(cluster.api, 'worker1', 'False');
  await cluster.settled();
  expect(taints(cluster)).toEqual([
    'node.kubernetes.io/not-ready:NoSchedule',
    'node.kubernetes.io/not-ready:NoExecute',
  ]);
  setNodeReady(cluster.api, 'worker1', 'Unknown');
  await cluster.settled();
  expect(taints(cluster)).toEqual([
    'node.kubernetes.io/unreachable:NoSchedule',
    'node.kubernetes.io/unreachable:NoExecute',
  ]);
  setNodeReady(cluster.api, 'worker1', 'True');
  await cluster.settled();
  expect(taints(cluster)).toEqual([]);
  expect(taints(cluster, 'control')).toEqual(['node-role.kubernetes.io/control-plane:NoSchedule']);
});

test('cordon taints a node and uncordon clears it, beside taints of the learner', async () => {
  using cluster = startTestCluster();
  const cordon = (unschedulable: boolean): void => {
    cluster.api.update<Node>('nodes', { name: 'worker1' }, (draft) => {
      draft.spec = { ...draft.spec, unschedulable };
      if (!unschedulable) delete draft.spec.unschedulable;
    });
  };
  cluster.api.update<Node>('nodes', { name: 'worker1' }, (draft) => {
    draft.spec = { taints: [{ key: 'mine', value: 'x', effect: 'NoSchedule' }] };
  });
  cordon(true);
  await cluster.settled();
  expect(taints(cluster)).toEqual([
    'mine:NoSchedule',
    'node.kubernetes.io/unschedulable:NoSchedule',
  ]);
  cordon(false);
  await cluster.settled();
  expect(taints(cluster)).toEqual(['mine:NoSchedule']);
});

test('a new node is announced', async () => {
  using cluster = startTestCluster();
  await cluster.settled();
  expect(cluster.events('worker1')).toEqual([
    'RegisteredNode: Node worker1 event: Registered Node worker1 in Controller',
  ]);
});

test('a NoExecute taint ends pods that do not tolerate it, and only those', async () => {
  using cluster = startTestCluster({ nodes: 2 });
  cluster.apply(
    pod('goes'),
    pod('stays', { tolerations: [{ key: 'fire', operator: 'Exists', effect: 'NoExecute' }] }),
    pod('stays-a-while', {
      tolerations: [
        { key: 'fire', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60 },
      ],
    }),
  );
  await cluster.settled();
  cluster.api.update<Node>('nodes', { name: 'worker1' }, (draft) => {
    draft.spec = { taints: [{ key: 'fire', effect: 'NoExecute' }] };
  });
  await cluster.settled();
  expect(cluster.api.list<Pod>('pods', 'demo').map(({ metadata }) => metadata.name)).toEqual([
    'stays',
    'stays-a-while',
  ]);
  expect(cluster.events('goes')).toContain(
    'TaintManagerEviction: Marking for deletion Pod demo/goes',
  );
});

test('a node nobody hears of takes its pods out of service, but not at once away', async () => {
  using cluster = startTestCluster({ nodes: 2 });
  cluster.apply(pod('a'));
  await cluster.settled();
  setNodeReady(cluster.api, 'worker1', 'Unknown');
  await cluster.settled();
  const a = cluster.api.get<Pod>('pods', 'a', 'demo');
  expect(a?.metadata.deletionTimestamp).toBeUndefined();
  expect(a?.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('False');
  expect(cluster.events('worker1')).toContain(
    'NodeNotReady: Node worker1 status is now: NodeNotReady',
  );
  expect(cluster.events('a')).toContain('NodeNotReady: Node is not ready');
});

test('pods of a deleted node go, and their owner makes new ones elsewhere', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  cluster.api.delete('nodes', { name: 'worker1' });
  await cluster.settled();
  expect(cluster.api.list<Pod>('pods', 'demo').map(({ spec }) => spec?.nodeName)).toEqual([
    'worker2',
    'worker2',
  ]);
  addNode(cluster.api, 'worker1');
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
});
