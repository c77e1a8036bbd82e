import type { Cluster, ClusterProvider, ClusterSpec, CreateOptions } from '../clusters/provider.js';
import { GatehouseError, messageOf } from '../common/errors.js';

export interface TemporaryClusterOptions extends CreateOptions {
  provider: ClusterProvider;
  spec: ClusterSpec;
  /** Told, in a sentence, that the cluster is still there; without it the answer is lost and the removal's failure thrown. */
  onLeft?: (message: string) => void;
}

/**
 * Makes a cluster, lets it be used and removes it again. What was found out is worth more than a tidy end: it is answered also
 * where the cluster could not be removed, as when Docker stops in the last moment.
 */
export async function withTemporaryCluster<T>(
  { provider, spec, onLeft, ...createOptions }: TemporaryClusterOptions,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const cluster = await provider.create(spec, createOptions);
  let answer: T;
  try {
    answer = await use(cluster);
  } catch (error) {
    await remove(cluster, onLeft ?? (() => undefined));
    throw error;
  }
  await remove(cluster, onLeft);
  return answer;
}

async function remove(
  cluster: Cluster,
  onLeft: ((message: string) => void) | undefined,
): Promise<void> {
  try {
    await cluster[Symbol.asyncDispose]();
  } catch (error) {
    if (onLeft === undefined || !(error instanceof GatehouseError)) throw error;
    const { name, provider } = cluster.info;
    onLeft(
      `The cluster ${name} could not be removed: ${messageOf(error)}. Later: scripts/gatehouse cluster delete ${name} --provider ${provider}`,
    );
  }
}
