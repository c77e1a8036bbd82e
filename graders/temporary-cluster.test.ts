import type { Cluster, ClusterProvider, ClusterSpec } from '../clusters/provider.js';
import { GatehouseError } from '../common/errors.js';
import { withTemporaryCluster } from './temporary-cluster.js';

const spec: ClusterSpec = {
  name: 'short',
  nodes: 1,
  cni: 'none',
  manifests: [],
  nodeShell: false,
  labels: {},
};

/** A provider whose clusters cannot be removed. */
function providerOfStayers(): ClusterProvider {
  const cluster = {
    info: { name: 'short', provider: 'kind' },
    [Symbol.asyncDispose]: () =>
      Promise.reject(new GatehouseError('MACHINE_NOT_READY', 'Docker is not running')),
  } as Partial<Cluster> as Cluster;
  return { create: () => Promise.resolve(cluster) } as Partial<ClusterProvider> as ClusterProvider;
}

test('a grade is not lost where its cluster cannot be removed afterwards', async () => {
  const left: string[] = [];
  const options = {
    provider: providerOfStayers(),
    spec,
    onLeft: (message: string) => left.push(message),
  };
  expect(await withTemporaryCluster(options, () => Promise.resolve('37 points'))).toBe('37 points');
  expect(left).toEqual([
    'The cluster short could not be removed: Docker is not running. Later: scripts/gatehouse cluster delete short --provider kind',
  ]);
});

test('what went wrong in its use is told, and not what went wrong after it', async () => {
  await expect(
    withTemporaryCluster({ provider: providerOfStayers(), spec }, () =>
      Promise.reject(new Error('no such step')),
    ),
  ).rejects.toThrow('no such step');
});
