import { ApiError } from '../api/api-error.js';
import type { CreateAsked } from './pod-maker.js';
import type { ReplicaSet } from './objects.js';
import { deployment, startTestCluster } from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';

/** A cluster whose webhooks answer as `answer` says; who asked is noted. */
function startAskedCluster(answer: () => 'allow' | 'deny'): {
  cluster: TestCluster;
  asked: string[];
} {
  const asked: string[] = [];
  const createAsked: CreateAsked = (user, resource, object) => {
    asked.push(user.username);
    const verdict = answer();
    return new Promise((resolve, reject) => {
      setImmediate(() => {
        if (verdict === 'allow') resolve(cluster.api.create(resource, object));
        else
          reject(
            new ApiError(400, '', { message: 'admission webhook "w" denied the request: no' }),
          );
      });
    });
  };
  const cluster = startTestCluster({ controllers: { createAsked } });
  return { cluster, asked };
}

const pods = ({ api }: TestCluster) => api.list('pods', 'demo');

test('webhooks are asked about each pod once, as its controller', async () => {
  const { cluster, asked } = startAskedCluster(() => 'allow');
  using _cluster = cluster;
  cluster.apply(deployment('web', { replicas: 3 }));
  await cluster.until(() => pods(cluster).length === 3);
  await cluster.settled();
  expect(asked).toEqual(Array(3).fill('system:serviceaccount:kube-system:replicaset-controller'));
  const [set] = cluster.api.list<ReplicaSet>('replicasets.apps', 'demo');
  const events = cluster.events(set!.metadata.name);
  expect(events.filter((text) => text.startsWith('SuccessfulCreate: Created pod: '))).toHaveLength(
    3,
  );
  expect(set?.status?.conditions ?? []).toEqual([]);
  expect(cluster.errors).toEqual([]);
});

test('a refusal is told as any other, and tried again', async () => {
  let verdict: 'allow' | 'deny' = 'deny';
  const { cluster } = startAskedCluster(() => verdict);
  using _cluster = cluster;
  cluster.apply(deployment('web', { replicas: 1 }));
  const refused = await cluster.until(() =>
    cluster.api
      .list<ReplicaSet>('replicasets.apps', 'demo')
      .find(({ status }) => status?.conditions !== undefined),
  );
  const why = 'admission webhook "w" denied the request: no';
  expect(refused.status?.conditions).toMatchObject([
    { type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: why },
  ]);
  expect(cluster.events(refused.metadata.name)).toContain(`FailedCreate: Error creating: ${why}`);
  verdict = 'allow';
  await cluster.until(() => pods(cluster).length === 1);
});
