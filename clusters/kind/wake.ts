import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../common/errors.js';
import type { KindContext } from './context.js';
import type { KubeApi, Resource } from '../client/kube-api.js';
import { NODES, PODS } from '../client/wait-ready.js';
import { KIND_ROLE_LABEL, LABEL } from './names.js';
import type { Container } from './list-containers.js';
import { unsettledOf } from './unsettled.js';

const ANSWER_MS = 120_000;
const SETTLED_MS = 90_000;

const LEASES: Resource = {
  group: 'coordination.k8s.io',
  version: 'v1',
  plural: 'leases',
  kind: 'Lease',
  namespaced: true,
  verbs: [],
};

/**
 * Makes a cluster whose containers rest run again, with all that the learner made: paused ones, and those that a restart of
 * Docker or of the machine, or somebody's hand, has stopped. Resolves when the API server answers and what looked dead
 * meanwhile looks alive again, by the cluster's own clock. Who comes to this process in the meantime waits for the same.
 * Answers whether there was anything to do.
 */
export function wake(
  context: KindContext,
  cluster: { name: string; kindName: string },
  openApi: () => Promise<KubeApi>,
): Promise<boolean> {
  const before = context.waking.get(cluster.name);
  if (before !== undefined) return before;
  const waking = wakeNow(context, cluster, openApi).finally(() => {
    context.waking.delete(cluster.name);
  });
  context.waking.set(cluster.name, waking);
  return waking;
}

async function wakeNow(
  context: KindContext,
  cluster: { name: string; kindName: string },
  openApi: () => Promise<KubeApi>,
): Promise<boolean> {
  const wokeAt = performance.now();
  if (!(await startResting(context, cluster))) return false;
  context.logger.info('a resting cluster was woken', { cluster: cluster.name });
  await untilAnswered(await openApi());
  const api = await openApi();
  const since = api.now() - (performance.now() - wokeAt);
  await untilSettled(context, { cluster: cluster.name, api, since });
  return true;
}

/** Docker's part of it: every container of the cluster runs afterwards. Answers whether one did not. */
export async function startResting(
  context: KindContext,
  cluster: { name: string; kindName: string },
): Promise<boolean> {
  const { programs, containers } = context;
  const own = (await containers.list()).filter(({ labels }) => isOf(labels, cluster));
  const paused = own.filter(({ state }) => state === 'paused');
  // The control plane goes first: the others look for it.
  const stopped = own
    .filter(({ state }) => state === 'exited')
    .toSorted((a, b) => rank(a) - rank(b));
  if (paused.length + stopped.length === 0) return false;
  try {
    for (const { name } of paused) await programs.try('docker', ['unpause', name]);
    for (const { name } of stopped) await programs.docker(['start', name]);
  } finally {
    containers.forget();
  }
  return true;
}

function isOf(
  labels: Container['labels'],
  { name, kindName }: { name: string; kindName: string },
): boolean {
  return (
    (labels[LABEL.cluster] === name && labels[LABEL.kindName] === kindName) ||
    labels['io.x-k8s.kind.cluster'] === kindName
  );
}

function rank({ labels }: Container): number {
  const role = labels[KIND_ROLE_LABEL];
  return role === 'control-plane' ? 0 : role === undefined ? 2 : 1;
}

async function untilAnswered(api: KubeApi): Promise<void> {
  const until = performance.now() + ANSWER_MS;
  for (;;) {
    try {
      await api.ask('GET', '/version', { timeoutMs: 5_000 });
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await sleep(250);
    }
  }
}

/** What does not come back by itself may be the learner's doing: then the cluster is handed out as it is. */
async function untilSettled(
  context: KindContext,
  { cluster, api, since }: { cluster: string; api: KubeApi; since: number },
): Promise<void> {
  const until = performance.now() + SETTLED_MS;
  for (;;) {
    let unsettled: string[];
    try {
      const [leases, nodes, pods] = await Promise.all([
        api.list(LEASES),
        api.list(NODES),
        api.list(PODS),
      ]);
      unsettled = unsettledOf(
        { leases: leases.items, nodes: nodes.items, pods: pods.items },
        since,
      );
    } catch (error) {
      unsettled = [messageOf(error)];
    }
    if (unsettled.length === 0) return;
    if (performance.now() > until) {
      context.logger.warn('a woken cluster does not settle', { cluster, unsettled });
      return;
    }
    await sleep(250);
  }
}
