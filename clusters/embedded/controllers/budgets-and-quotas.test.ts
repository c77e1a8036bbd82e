import type { PodDisruptionBudget, ResourceQuota } from './objects.js';
import {
  deployment,
  manifest,
  setPodStatus,
  startTestCluster,
} from './test-support/test-cluster.js';
import type { TestCluster } from './test-support/test-cluster.js';
import type { Pod } from './objects.js';

const used = ({ api }: TestCluster): Record<string, string> | undefined =>
  api.get<ResourceQuota>('resourcequotas', 'limits', 'demo')?.status?.used;
const quota = (hard: Record<string, string>, scopes?: string[]) =>
  manifest('ResourceQuota', 'limits', {
    apiVersion: 'v1',
    spec: { hard, ...(scopes && { scopes }) },
  });
const pod = (
  name: string,
  spec: Record<string, unknown> = {},
  container: Record<string, unknown> = {},
) =>
  manifest('Pod', name, {
    apiVersion: 'v1',
    spec: { containers: [{ name: 'c', image: 'nginx', ...container }], ...spec },
  });
const requests = {
  resources: { requests: { cpu: '250m', memory: '64Mi' }, limits: { cpu: '1', memory: '64Mi' } },
};
const budgetStatus = ({ api }: TestCluster) =>
  api.get<PodDisruptionBudget>('poddisruptionbudgets.policy', 'pdb', 'demo')?.status;
const budget = (spec: Record<string, unknown>) =>
  manifest('PodDisruptionBudget', 'pdb', {
    apiVersion: 'policy/v1',
    spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
  });

test('a quota counts what is in its namespace, as it comes and goes', async () => {
  using cluster = startTestCluster();
  cluster.apply(
    quota({
      pods: '10',
      services: '3',
      'services.nodeports': '2',
      'services.loadbalancers': '1',
      secrets: '5',
      configmaps: '5',
      resourcequotas: '1',
      'requests.cpu': '2',
      cpu: '2',
      'limits.memory': '1Gi',
      'count/deployments.apps': '2',
      'count/replicasets.apps': '4',
    }),
  );
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
  expect(used(cluster)).toEqual({
    pods: '0',
    services: '0',
    'services.nodeports': '0',
    'services.loadbalancers': '0',
    secrets: '0',
    configmaps: '1',
    resourcequotas: '1',
    'requests.cpu': '0',
    cpu: '0',
    'limits.memory': '0',
    'count/deployments.apps': '0',
    'count/replicasets.apps': '0',
  });
  cluster.apply(
    pod('a', {}, requests),
    pod('b', {}, requests),
    manifest('Service', 's', {
      apiVersion: 'v1',
      spec: {
        type: 'NodePort',
        ports: [{ port: 80 }, { name: 'x', port: 81 }].map((port, i) => ({
          ...port,
          name: `p${i}`,
        })),
      },
    }),
    manifest('Secret', 'x', { apiVersion: 'v1' }),
    deployment('web', {}, { containers: [{ name: 'c', image: 'nginx', ...requests }] }),
  );
  await cluster.settled();
  expect(used(cluster)).toMatchObject({
    pods: '4',
    services: '1',
    'services.nodeports': '2',
    secrets: '1',
    'requests.cpu': '1',
    cpu: '1',
    'limits.memory': '256Mi',
    'count/deployments.apps': '1',
    'count/replicasets.apps': '1',
  });
  cluster.api.delete('pods', { name: 'a', namespace: 'demo' });
  setPodStatus(cluster.api, cluster.api.get<Pod>('pods', 'b', 'demo')!, { phase: 'Succeeded' });
  cluster.api.delete('services', { name: 's', namespace: 'demo' });
  await cluster.settled();
  expect(used(cluster)).toMatchObject({ pods: '2', services: '0', 'requests.cpu': '500m' });
});

test.each([
  ['BestEffort', '1'],
  ['NotBestEffort', '1'],
  ['Terminating', '1'],
  ['NotTerminating', '1'],
])('a quota of scope %s counts %s of two pods', async (scope, expected) => {
  using cluster = startTestCluster();
  cluster.apply(
    quota({ pods: '5' }, [scope]),
    pod('best-effort', { activeDeadlineSeconds: 3600 }),
    pod('burstable', {}, requests),
  );
  await cluster.settled();
  expect(used(cluster)).toEqual({ pods: expected });
});

test('a changed limit shows at once', async () => {
  using cluster = startTestCluster();
  cluster.apply(quota({ pods: '5' }));
  await cluster.settled();
  cluster.api.update<ResourceQuota>(
    'resourcequotas',
    { name: 'limits', namespace: 'demo' },
    (draft) => {
      draft.spec = { hard: { pods: '7', configmaps: '9' } };
    },
  );
  await cluster.settled();
  expect(cluster.api.get<ResourceQuota>('resourcequotas', 'limits', 'demo')?.status).toEqual({
    hard: { pods: '7', configmaps: '9' },
    used: { pods: '0', configmaps: '1' },
  });
});

test('a budget allows as many evictions as pods are spare', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web', { replicas: 3 }), budget({ minAvailable: 2 }));
  await cluster.settled();
  expect(cluster.errors).toEqual([]);
  expect(budgetStatus(cluster)).toMatchObject({
    currentHealthy: 3,
    desiredHealthy: 2,
    expectedPods: 3,
    disruptionsAllowed: 1,
    observedGeneration: 1,
    conditions: [{ type: 'DisruptionAllowed', status: 'True', reason: 'SufficientPods' }],
  });
  setPodStatus(cluster.api, cluster.api.list<Pod>('pods', 'demo')[0]!, { ready: false });
  await cluster.settled();
  expect(budgetStatus(cluster)).toMatchObject({
    currentHealthy: 2,
    disruptionsAllowed: 0,
    conditions: [{ status: 'False', reason: 'InsufficientPods' }],
  });
});

test('percentages and maxUnavailable count against the scale of the owner', async () => {
  using cluster = startTestCluster();
  cluster.apply(deployment('web', { replicas: 4 }), budget({ maxUnavailable: '25%' }));
  await cluster.settled();
  expect(budgetStatus(cluster)).toMatchObject({
    expectedPods: 4,
    desiredHealthy: 3,
    disruptionsAllowed: 1,
  });
});
