import type { ClusterProvider } from '../../clusters/provider.js';
import { ApiClient } from './api-client.js';
import { benchIdle, benchObjects } from './api/footprint.js';
import { createAll, pod, PODS, spec, type Row } from './api/load.js';
import { benchNeighbours } from './api/neighbours.js';
import { benchReads } from './api/reads.js';
import { benchReady } from './api/ready.js';
import { benchWatchers } from './api/watchers.js';
import { benchWrites } from './api/writes.js';

/** The API server's speed and size, each figure beside its floor in the same run where there is one. */
export async function benchApi(
  provider: ClusterProvider,
  { stateDir, row, only }: { stateDir: string; row: Row; only: readonly string[] },
): Promise<void> {
  const wants = (part: string): boolean => only.length === 0 || only.includes(part);
  if (wants('ready')) await benchReady(row);
  if (['reads', 'writes', 'watchers', 'neighbours'].some(wants)) {
    await using cluster = await provider.create(spec('api'));
    const kubeconfig = await cluster.kubeconfig('learner');
    using one = new ApiClient(kubeconfig);
    using many = new ApiClient(kubeconfig, 8);
    await createAll(
      many,
      PODS,
      Array.from({ length: 1000 }, (_, i) => pod(i)),
    );
    if (wants('reads')) await benchReads(one, row);
    if (wants('writes')) await benchWrites(one, { row, stateDir });
    if (wants('watchers')) await benchWatchers(kubeconfig, { many, row });
    if (wants('neighbours')) await benchNeighbours(provider, { heavy: kubeconfig, row });
  }
  if (wants('objects')) await benchObjects(provider, { stateDir, row });
  if (wants('idle')) await benchIdle(provider, { stateDir, row });
}
