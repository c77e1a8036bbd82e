import { startTestCluster } from './test-support/test-cluster.js';

const ROLES = 'clusterroles.rbac.authorization.k8s.io';
const rule = (resource: string) => ({ apiGroups: ['x'], resources: [resource], verbs: ['get'] });

test('a role that gathers others has their rules, and loses those of one that goes', async () => {
  using cluster = startTestCluster({ nodes: 0 });
  const role = (name: string, rest: object): void => {
    cluster.apply({
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      ...rest,
    });
  };
  const labels = { gather: 'true' };
  role('sum', { aggregationRule: { clusterRoleSelectors: [{ matchLabels: labels }] } });
  role('b', { metadata: { name: 'b', labels }, rules: [rule('two'), rule('one')] });
  role('a', { metadata: { name: 'a', labels }, rules: [rule('one')] });
  role('c', { rules: [rule('three')] });
  await cluster.settled();
  expect(cluster.api.get(ROLES, 'sum')?.['rules']).toEqual([rule('one'), rule('two')]);
  cluster.api.delete(ROLES, { name: 'b' });
  await cluster.settled();
  expect(cluster.api.get(ROLES, 'sum')?.['rules']).toEqual([rule('one')]);
});
