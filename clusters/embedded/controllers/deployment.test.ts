import type { Deployment, Pod, ReplicaSet } from './objects.js';
import { deployment, setPodStatus, startTestCluster } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

const KEY = { name: 'web', namespace: 'demo' };
const get = ({ api }: TestCluster): Deployment =>
  api.get<Deployment>('deployments.apps', 'web', 'demo')!;
const sets = ({ api }: TestCluster): readonly ReplicaSet[] =>
  api.list<ReplicaSet>('replicasets.apps', 'demo');
const pods = ({ api }: TestCluster): readonly Pod[] => api.list<Pod>('pods', 'demo');
const condition = (object: Deployment, type: string) =>
  object.status?.conditions?.find((candidate) => candidate.type === type);

const setImage = ({ api }: TestCluster, image: string): void => {
  api.update<Deployment>('deployments.apps', KEY, (draft) => {
    draft.spec!.template.spec!.containers[0]!.image = image;
  });
};

test('a deployment becomes pods on different nodes, and says so', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
  expect(get(cluster).status).toMatchObject({
    observedGeneration: 1,
    replicas: 2,
    updatedReplicas: 2,
    readyReplicas: 2,
    availableReplicas: 2,
  });
  expect(get(cluster).status).not.toHaveProperty('unavailableReplicas');
  expect(condition(get(cluster), 'Available')).toMatchObject({
    status: 'True',
    reason: 'MinimumReplicasAvailable',
    message: 'Deployment has minimum availability.',
  });
  const [set] = sets(cluster);
  expect(condition(get(cluster), 'Progressing')).toMatchObject({
    status: 'True',
    reason: 'NewReplicaSetAvailable',
    message: `ReplicaSet "${set!.metadata.name}" has successfully progressed.`,
  });
  expect(get(cluster).metadata.annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '1',
  });
  expect(set!.metadata.annotations).toEqual({
    'deployment.kubernetes.io/desired-replicas': '2',
    'deployment.kubernetes.io/max-replicas': '3',
    'deployment.kubernetes.io/revision': '1',
  });
  expect(
    pods(cluster)
      .map((pod) => pod.spec?.nodeName)
      .sort(),
  ).toEqual(['worker1', 'worker2']);
  const [pod] = pods(cluster);
  expect(pod!.metadata.name).toMatch(new RegExp(`^${set!.metadata.name}-[a-z0-9]{5}$`));
  expect(pod!.metadata.labels).toEqual({
    app: 'web',
    'pod-template-hash': set!.metadata.labels!['pod-template-hash'],
  });
  expect(cluster.events('web')).toEqual([
    `ScalingReplicaSet: Scaled up replica set ${set!.metadata.name} from 0 to 2`,
  ]);
  expect(cluster.events(set!.metadata.name).sort()).toEqual(
    pods(cluster)
      .map(({ metadata }) => `SuccessfulCreate: Created pod: ${metadata.name}`)
      .sort(),
  );
});

test('a rolling update never has fewer available or more pods than allowed', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    deployment('web', {
      replicas: 4,
      strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 1 } },
    }),
  );
  await cluster.settled();
  let most = 0;
  let fewest = Infinity;
  cluster.api.watch('pods', () => {
    const alive = pods(cluster).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    const ready = alive.filter((pod) =>
      pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
    most = Math.max(most, alive.length);
    fewest = Math.min(fewest, ready.length);
  });
  setImage(cluster, 'nginx:2');
  await cluster.settled();
  expect(most).toBe(5);
  expect(fewest).toBe(3);
  expect(pods(cluster).map((pod) => pod.spec?.containers[0]?.image)).toEqual(
    Array(4).fill('nginx:2'),
  );
  expect(get(cluster).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('2');
  expect(
    sets(cluster)
      .map((set) => set.spec?.replicas)
      .sort(),
  ).toEqual([0, 4]);
  expect(get(cluster).status).toMatchObject({
    replicas: 4,
    updatedReplicas: 4,
    availableReplicas: 4,
  });
});

test('going back uses the old replica set under a new revision', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  const [first] = sets(cluster);
  setImage(cluster, 'nginx:2');
  await cluster.settled();
  setImage(cluster, 'nginx');
  await cluster.settled();
  expect(sets(cluster)).toHaveLength(2);
  const back = cluster.api.get<ReplicaSet>('replicasets.apps', first!.metadata.name, 'demo')!;
  expect(back.spec?.replicas).toBe(2);
  expect(back.metadata.annotations).toMatchObject({
    'deployment.kubernetes.io/revision': '3',
    'deployment.kubernetes.io/revision-history': '1',
  });
});

test('scaling a finished rollout keeps its condition and ends with the wanted pods', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  const before = condition(get(cluster), 'Progressing');
  cluster.api.update<Deployment>('deployments.apps', KEY, (draft) => {
    draft.spec!.replicas = 5;
  });
  await cluster.settled();
  expect(pods(cluster)).toHaveLength(5);
  expect(condition(get(cluster), 'Progressing')).toEqual(before);
  cluster.api.update<Deployment>('deployments.apps', KEY, (draft) => {
    draft.spec!.replicas = 0;
  });
  await cluster.settled();
  expect(pods(cluster)).toHaveLength(0);
  expect(get(cluster).status).not.toHaveProperty('replicas');
});

test('a bad image stops the rollout half way, and its undoing saves it', async () => {
  using cluster = startTestCluster({ kubelet: false });
  const { api } = cluster;
  api.watch<Pod>('pods', ({ type, object }) => {
    if (type === 'DELETED' || object.spec?.nodeName === undefined) return;
    const { name, namespace = '' } = object.metadata;
    if (object.metadata.deletionTimestamp !== undefined) {
      api.delete('pods', { name, namespace, gracePeriodSeconds: 0 });
      return;
    }
    if (object.status?.phase === 'Running' || object.spec.containers[0]?.image === 'bad') return;
    api.update<Pod>('pods', { name, namespace, subresource: 'status' }, (draft) => {
      draft.status = {
        ...draft.status,
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True' }],
      };
    });
  });
  cluster.apply(deployment('web', { replicas: 4 }));
  await cluster.settled();
  setImage(cluster, 'bad');
  await cluster.settled();
  expect(get(cluster).status).toMatchObject({
    replicas: 5,
    updatedReplicas: 2,
    availableReplicas: 3,
    unavailableReplicas: 2,
  });
  expect(condition(get(cluster), 'Progressing')).toMatchObject({
    status: 'True',
    reason: 'ReplicaSetUpdated',
  });
  setImage(cluster, 'nginx');
  await cluster.settled();
  expect(get(cluster).status).toMatchObject({
    replicas: 4,
    updatedReplicas: 4,
    availableReplicas: 4,
  });
  expect(get(cluster).status).not.toHaveProperty('unavailableReplicas');
});

test('Recreate ends all old pods before the first new one', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web', { strategy: { type: 'Recreate' } }));
  await cluster.settled();
  let mixed = false;
  cluster.api.watch('pods', () => {
    const images = new Set(pods(cluster).map((pod) => pod.spec?.containers[0]?.image));
    mixed ||= images.size > 1;
  });
  setImage(cluster, 'nginx:2');
  await cluster.settled();
  expect(mixed).toBe(false);
  expect(pods(cluster).map((pod) => pod.spec?.containers[0]?.image)).toEqual([
    'nginx:2',
    'nginx:2',
  ]);
});

test('a paused deployment follows its scale but not its template', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  cluster.api.update<Deployment>('deployments.apps', KEY, (draft) => {
    draft.spec!.paused = true;
    draft.spec!.replicas = 3;
    draft.spec!.template.spec!.containers[0]!.image = 'nginx:2';
  });
  await cluster.settled();
  expect(pods(cluster).map((pod) => pod.spec?.containers[0]?.image)).toEqual(
    Array(3).fill('nginx'),
  );
  expect(condition(get(cluster), 'Progressing')).toMatchObject({
    status: 'Unknown',
    reason: 'DeploymentPaused',
    message: 'Deployment is paused',
  });
  cluster.api.update<Deployment>('deployments.apps', KEY, (draft) => {
    draft.spec!.paused = false;
  });
  await cluster.settled();
  expect(pods(cluster).map((pod) => pod.spec?.containers[0]?.image)).toEqual(
    Array(3).fill('nginx:2'),
  );
  expect(condition(get(cluster), 'Progressing')).toMatchObject({
    reason: 'NewReplicaSetAvailable',
  });
});

test('only so many old revisions are kept', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web', { revisionHistoryLimit: 1 }));
  for (const image of ['nginx:2', 'nginx:3', 'nginx:4']) {
    await cluster.settled();
    setImage(cluster, image);
  }
  await cluster.settled();
  expect(sets(cluster)).toHaveLength(2);
});

test('a deleted pod is replaced at once', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web'));
  await cluster.settled();
  const [victim] = pods(cluster);
  cluster.api.delete('pods', { name: victim!.metadata.name, namespace: 'demo' });
  await cluster.settled();
  expect(pods(cluster)).toHaveLength(2);
  expect(pods(cluster).map(({ metadata }) => metadata.name)).not.toContain(victim!.metadata.name);
});

test('a deployment waits for its service account, then goes on by itself', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web', {}, { serviceAccountName: 'robot' }));
  await cluster.settled();
  const [set] = sets(cluster);
  expect(cluster.events(set!.metadata.name)[0]).toMatch(
    /^FailedCreate: Error creating: pods "web-.*" is forbidden: error looking up service account demo\/robot: serviceaccount "robot" not found$/,
  );
  expect(condition(get(cluster), 'ReplicaFailure')).toMatchObject({
    status: 'True',
    reason: 'FailedCreate',
  });
  cluster.api.create('serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'robot', namespace: 'demo' },
  });
  await cluster.until(() => get(cluster).status?.availableReplicas === 2);
  await cluster.settled();
  expect(condition(get(cluster), 'ReplicaFailure')).toBeUndefined();
});

test('a rollout that makes no progress for too long says so, and goes on when it can', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  using cluster = startTestCluster({ kubelet: false, now: () => now });
  cluster.apply(deployment('web', { progressDeadlineSeconds: 60 }));
  await cluster.settled();
  expect(condition(get(cluster), 'Progressing')).toMatchObject({ status: 'True' });
  now += 61_000;
  cluster.api.update('deployments.apps', KEY, (draft) => {
    draft.metadata.labels = { look: 'again' };
  });
  await cluster.settled();
  expect(condition(get(cluster), 'Progressing')).toMatchObject({
    status: 'False',
    reason: 'ProgressDeadlineExceeded',
    message: expect.stringMatching(/^ReplicaSet "web-[a-z0-9]+" has timed out progressing\.$/),
  });
  for (const pod of pods(cluster)) setPodStatus(cluster.api, pod, { ready: true });
  await cluster.settled();
  expect(condition(get(cluster), 'Progressing')).toMatchObject({
    status: 'True',
    reason: 'NewReplicaSetAvailable',
  });
});

test('pods count as available only after their minimum time', async () => {
  let now = Date.parse('2026-01-01T00:00:00Z');
  using cluster = startTestCluster({ now: () => now });
  cluster.apply(deployment('web', { minReadySeconds: 30 }));
  await cluster.settled();
  expect(get(cluster).status).toMatchObject({ readyReplicas: 2, unavailableReplicas: 2 });
  now += 31_000;
  cluster.api.update(
    'replicasets.apps',
    { name: sets(cluster)[0]!.metadata.name, namespace: 'demo' },
    (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, look: 'again' };
    },
  );
  await cluster.settled();
  expect(get(cluster).status).toMatchObject({ readyReplicas: 2, availableReplicas: 2 });
});
