import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../common/errors.js';
import type { KindContext } from './context.js';
import { textAt, type KubeApi, type Resource } from '../client/kube-api.js';
import { KIND_ROLE_LABEL, LABEL } from './names.js';
import type { Container } from './list-containers.js';

const ANSWER_MS = 120_000;
const LEASES_MS = 90_000;

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
 * Docker or of the machine, or somebody's hand, has stopped. Resolves when the API server answers and those who lost their
 * leases meanwhile (nodes, controllers, scheduler) hold them again; until then nodes look dead and nothing is scheduled.
 * Answers whether there was anything to do.
 */
export async function wake(
  context: KindContext,
  cluster: { name: string; kindName: string },
  openApi: () => Promise<KubeApi>,
): Promise<boolean> {
  const wokeAt = Date.now();
  if (!(await startResting(context, cluster))) return false;
  context.logger.info('a resting cluster was woken', { cluster: cluster.name });
  await untilAnswered(await openApi());
  await untilRenewed(context, { cluster: cluster.name, api: await openApi(), since: wokeAt });
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
async function untilRenewed(
  context: KindContext,
  { cluster, api, since }: { cluster: string; api: KubeApi; since: number },
): Promise<void> {
  const until = performance.now() + LEASES_MS;
  for (;;) {
    let stale: string[];
    try {
      const { items } = await api.list(LEASES);
      stale = items
        .filter((lease) => counts(lease) && renewedAt(lease) < since)
        .map((lease) => textAt(lease, ['metadata', 'name']));
    } catch (error) {
      stale = [messageOf(error)];
    }
    if (stale.length === 0) return;
    if (performance.now() > until) {
      context.logger.warn('a woken cluster has leases that nobody renews', { cluster, stale });
      return;
    }
    await sleep(250);
  }
}

function counts(lease: unknown): boolean {
  const name = textAt(lease, ['metadata', 'name']);
  switch (textAt(lease, ['metadata', 'namespace'])) {
    case 'kube-node-lease':
      return true;
    case 'kube-system':
      return name === 'kube-controller-manager' || name === 'kube-scheduler';
    default:
      return false;
  }
}

function renewedAt(lease: unknown): number {
  return Date.parse(textAt(lease, ['spec', 'renewTime'])) || 0;
}
