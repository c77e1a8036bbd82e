import { startTestCluster } from './test-support/test-cluster.js';

test('a policy’s status tells the generation that holds', async () => {
  using cluster = startTestCluster({ nodes: 0 });
  const resource = 'validatingadmissionpolicies.admissionregistration.k8s.io';
  cluster.apply({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingAdmissionPolicy',
    metadata: { name: 'p' },
    spec: { matchConstraints: {}, validations: [{ expression: 'true' }] },
  });
  await cluster.settled();
  expect(cluster.api.get(resource, 'p')?.['status']).toEqual({
    observedGeneration: 1,
    typeChecking: {},
  });
  cluster.api.update(resource, { name: 'p' }, (draft) => {
    draft['spec'] = { matchConstraints: {}, validations: [{ expression: 'false' }] };
  });
  await cluster.settled();
  expect(cluster.api.get(resource, 'p')?.['status']).toMatchObject({ observedGeneration: 2 });
});
