import type { Cluster, ClusterProvider } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';

/** Safe where it is gone already. */
export async function deleteCluster(provider: ClusterProvider, name: string): Promise<void> {
  let cluster: Cluster;
  try {
    cluster = await provider.open(name);
  } catch (error) {
    if (error instanceof GatehouseError && error.code === 'CLUSTER_NOT_FOUND') return;
    throw error;
  }
  await cluster[Symbol.asyncDispose]();
}
