import type { ContainerUsage } from '../../api/usage-source.js';
import type { HorizontalPodAutoscaler, Pod } from '../objects.js';
import { deployment, manifest, startTestCluster } from '../test-support/test-cluster.js';
import type { TestCluster } from '../test-support/test-cluster.js';
import { limitStep } from './limit.js';
import type { History } from './limit.js';
import { recommend } from './recommend.js';

const AUTOSCALERS = 'horizontalpodautoscalers.autoscaling';
const MINUTE_MS = 60_000;

function pod(uid: string, options: { cpu?: string; ready?: boolean } = {}): Pod {
  const { cpu = '100m', ready = true } = options;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: uid, uid, resourceVersion: '1', creationTimestamp: '' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

/** Millicores by pod. */
function usage(amounts: Record<string, number>): Map<string, ContainerUsage[]> {
  return new Map(
    Object.entries(amounts).map(([uid, millicores]) => [
      uid,
      [{ name: 'c', nanocores: millicores * 1e6, memoryBytes: 0 }],
    ]),
  );
}

const HALF = { resource: 'cpu', utilization: 50 } as const;

test.each<[string, Record<string, number>, number]>([
  ['twice the target needs twice the pods', { a: 100, b: 100 }, 4],
  ['less than a tenth above is close enough', { a: 54, b: 54 }, 2],
  ['half the target needs half the pods', { a: 25, b: 25 }, 1],
  ['a pod without figures counts as idle on the way up', { a: 150 }, 3],
  ['a pod without figures counts as busy on the way down', { a: 25 }, 2],
])('%s', (_, amounts, replicas) => {
  const current = { replicas: 2, pods: [pod('a'), pod('b')] };
  expect(recommend(HALF, current, usage(amounts)).replicas).toBe(replicas);
});

test('an amount per pod needs no requests, a share does', () => {
  const pods = [pod('a', { cpu: '1' }), pod('b', { cpu: '1' })];
  const target = { resource: 'cpu', averageValue: 50 } as const;
  expect(recommend(target, { replicas: 2, pods }, usage({ a: 200, b: 100 }))).toEqual({
    replicas: 6,
    utilization: undefined,
    averageValue: 150,
  });
  const bare = { ...pod('a'), spec: { containers: [{ name: 'c', image: 'i' }] } };
  expect(() => recommend(HALF, { replicas: 1, pods: [bare] }, usage({ a: 1 }))).toThrow(
    'failed to get cpu utilization: missing request for cpu in container c of Pod a',
  );
  expect(() =>
    recommend(HALF, { replicas: 1, pods: [pod('a', { ready: false })] }, usage({})),
  ).toThrow('did not receive metrics for targeted pods (pods might be unready)');
});

test('up goes at once but no more than twice or by four, down waits five minutes', () => {
  const history: History = { recommendations: [], changes: [] };
  const at = (minutes: number, current: number, recommended: number): number =>
    limitStep({ current, recommended, now: minutes * MINUTE_MS }, undefined, history).replicas;
  expect(at(0, 2, 20)).toBe(6);
  expect(at(1, 6, 20)).toBe(12);
  expect(at(2, 12, 3)).toBe(12);
  expect(at(6.5, 12, 3)).toBe(3);
});

test('the rules of its own decide, and can forbid', () => {
  const behavior = {
    scaleDown: {
      stabilizationWindowSeconds: 0,
      policies: [{ type: 'Pods', value: 1, periodSeconds: 60 }],
    },
    scaleUp: { selectPolicy: 'Disabled' },
  };
  const history: History = { recommendations: [], changes: [{ at: 0, by: -1 }] };
  const step = { current: 5, recommended: 1, now: 30_000 };
  expect(limitStep(step, behavior, history).replicas).toBe(5);
  expect(limitStep({ ...step, now: 61_000 }, behavior, history).replicas).toBe(4);
  const up = { current: 5, recommended: 9, now: 62_000 };
  expect(limitStep(up, behavior, { recommendations: [], changes: [] }).replicas).toBe(5);
});

async function scaled(cluster: TestCluster): Promise<HorizontalPodAutoscaler['status']> {
  await cluster.settled();
  return cluster.api.get<HorizontalPodAutoscaler>(AUTOSCALERS, 'web', 'demo')?.status;
}

function replicas(cluster: TestCluster): unknown {
  const spec = cluster.api.get('deployments.apps', 'web', 'demo')?.['spec'];
  return Reflect.get(Object(spec), 'replicas');
}

function autoscaler(): ReturnType<typeof manifest> {
  return manifest('HorizontalPodAutoscaler', 'web', {
    apiVersion: 'autoscaling/v2',
    spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
      minReplicas: 2,
      maxReplicas: 5,
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
        },
      ],
    },
  });
}

const CONTAINER = { name: 'c', image: 'nginx', resources: { requests: { cpu: '100m' } } };
const TEMPLATE = { metadata: { labels: { app: 'web' } }, spec: { containers: [CONTAINER] } };

test('a deployment follows what its pods use, within its bounds, and says why', async () => {
  let millicores = 0;
  const pods = (): readonly Pod[] => cluster.api.list<Pod>('pods', 'demo');
  using cluster: TestCluster = startTestCluster({
    controllers: {
      usage: {
        usage: () =>
          Promise.resolve({
            at: 0,
            windowMs: 1,
            pods: usage(
              Object.fromEntries(pods().map(({ metadata }) => [metadata.uid, millicores])),
            ),
          }),
      },
    },
  });
  cluster.apply(deployment('web', { replicas: 1, template: TEMPLATE }));
  await cluster.settled();
  cluster.apply(autoscaler());
  await cluster.settled();
  expect(replicas(cluster)).toBe(2);
  millicores = 200;
  // Another look is taken when the autoscaler changes.
  cluster.api.update<HorizontalPodAutoscaler>(
    AUTOSCALERS,
    { name: 'web', namespace: 'demo' },
    (draft) => {
      if (draft.spec !== undefined) draft.spec = { ...draft.spec, maxReplicas: 4 };
    },
  );
  const status = await scaled(cluster);
  expect(replicas(cluster)).toBe(4);
  expect(status).toMatchObject({
    currentReplicas: 2,
    desiredReplicas: 4,
    currentMetrics: [
      {
        type: 'Resource',
        resource: { name: 'cpu', current: { averageUtilization: 200, averageValue: '200m' } },
      },
    ],
    conditions: [
      { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale' },
      { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound' },
      { type: 'ScalingLimited', status: 'True', reason: 'TooManyReplicas' },
    ],
  });
  expect(cluster.events('web').filter((event) => event.startsWith('SuccessfulRescale'))).toEqual([
    'SuccessfulRescale: New size: 2; reason: Current number of replicas below Spec.MinReplicas',
    'SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target',
  ]);
  expect(cluster.errors).toEqual([]);
});

test('without figures, or without its target, it stays and says so', async () => {
  using cluster = startTestCluster();
  cluster.apply(autoscaler());
  expect((await scaled(cluster))?.conditions).toMatchObject([
    {
      type: 'AbleToScale',
      status: 'False',
      reason: 'FailedGetScale',
      message: `the HPA controller was unable to get the target's current scale: deployments.apps "web" not found`,
    },
  ]);
  cluster.apply(deployment('web', { replicas: 3, template: TEMPLATE }));
  cluster.api.update<HorizontalPodAutoscaler>(
    AUTOSCALERS,
    { name: 'web', namespace: 'demo' },
    (draft) => {
      if (draft.spec !== undefined) draft.spec = { ...draft.spec, maxReplicas: 6 };
    },
  );
  expect((await scaled(cluster))?.conditions).toMatchObject([
    { type: 'AbleToScale', status: 'True' },
    { type: 'ScalingActive', status: 'False', reason: 'FailedGetResourceMetric' },
  ]);
  expect(replicas(cluster)).toBe(3);
  expect(cluster.events('web')).toContain(
    'FailedGetResourceMetric: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
  );
});
