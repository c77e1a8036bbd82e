import { deletePolicy } from '../../clusters/platform-api.js';
import type { Cluster } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import { objectOf, textOf } from './mutant.js';

export interface Swap extends AsyncDisposable {
  /** The API server did not take it, or would not from a learner: the original, if it is gone, comes back at the end. */
  refused: boolean;
}

/** Puts `by` in an object's place, or nothing; the end of the swap brings the object back, ready as it was. */
export async function swapObject(
  cluster: Cluster,
  { object, by }: { object: JsonObject; by: JsonObject | undefined },
): Promise<Swap> {
  if (by !== undefined && !(await mayBeMade(cluster, { object, by }))) {
    return { refused: true, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const putBack = async (): Promise<void> => {
    if (by !== undefined) await remove(cluster, by);
    await cluster.apply([object]);
    await ready(cluster, object);
  };
  await remove(cluster, object);
  try {
    const refused = by !== undefined && !(await isTaken(cluster, by));
    return { refused, [Symbol.asyncDispose]: putBack };
  } catch (error) {
    await putBack();
    throw error;
  }
}

/** We apply as the platform, which in a cluster of others may more than its learner: nothing is put into their namespaces. */
async function mayBeMade(
  cluster: Cluster,
  { object, by }: { object: JsonObject; by: JsonObject },
): Promise<boolean> {
  const namespace = textOf(objectOf(by['metadata'])['namespace']);
  if (namespace === textOf(objectOf(object['metadata'])['namespace'])) return true;
  const kind = textOf(by['kind']).toLowerCase();
  const { exitCode } = await cluster.run(`kubectl auth can-i create ${kind} -n ${namespace}`);
  return exitCode === 0;
}

/** Only the server's own no counts: a server that is away must not pass for one that refuses every wrong answer. */
async function isTaken(cluster: Cluster, object: JsonObject): Promise<boolean> {
  try {
    await cluster.apply([object]);
    return true;
  } catch (error) {
    if (error instanceof GatehouseError && error.code === 'BAD_REQUEST') return false;
    throw error;
  }
}

/** Ends when it is gone, with the pods that it made. */
async function remove(cluster: Cluster, object: JsonObject): Promise<void> {
  if (object['kind'] === 'NetworkPolicy') {
    await deletePolicy(cluster, object);
    return;
  }
  const how = object['kind'] === 'Pod' ? '--grace-period=0 --force' : '--cascade=foreground';
  await type(cluster, `kubectl delete ${named(object)} --ignore-not-found --wait ${how}`);
}

/** What follows must not be blamed for pods that are still starting. */
async function ready(cluster: Cluster, object: JsonObject): Promise<void> {
  const { kind } = object;
  if (kind === 'Pod') {
    await type(cluster, `kubectl wait ${named(object)} --for=condition=Ready --timeout=60s`);
  } else if (kind === 'Deployment' || kind === 'StatefulSet' || kind === 'DaemonSet') {
    await type(cluster, `kubectl rollout status ${named(object)} --timeout=60s`);
  }
}

/** `service/web -n shop` */
function named(object: JsonObject): string {
  const { namespace, name } = objectOf(object['metadata']);
  return `${textOf(object['kind']).toLowerCase()}/${textOf(name)} -n ${textOf(namespace)}`;
}

async function type(cluster: Cluster, command: string): Promise<void> {
  const { exitCode, stderr } = await cluster.run(command, { timeoutMs: 90_000 });
  if (exitCode !== 0) {
    throw new GatehouseError(
      'CLUSTER_FAILED',
      `A generated wrong answer got stuck: ${stderr.trim()}`,
      {
        fix: command,
      },
    );
  }
}
