import type { ApiServer } from '../../api/create-api-server.js';
import { pluginManifest } from '../../plugins/index.js';
import { createAll, flatten } from './apply-baseline.js';
import type { Progress } from './cluster-context.js';
import { dnsObjects } from './cluster-dns.js';
import type { KeptRecord } from './kept-record.js';
import { asApplied, barePodsOf, finderOf } from './manifests.js';
import { registerNodes } from './node-objects.js';
import type { RunningCluster } from './running-cluster.js';
import { missingForReadiness, waitReady } from './wait-ready.js';
import type { Ground } from './world.js';

/** What a creation took lately, for the estimate that a phase carries. */
const USUAL_MS = 300;

/**
 * From nothing to a lab's start, in the phases that `onPhase` is told. Rejects by the signal between and within phases;
 * what runs by then is the caller's to dismantle.
 */
export async function buildCluster(
  running: RunningCluster,
  { record, readyTimeoutMs }: { record: KeptRecord; readyTimeoutMs: number },
  { signal, onPhase }: Progress,
): Promise<void> {
  const { spec } = record;
  const startedAt = performance.now();
  const phase = (id: string, title: string, fraction: number): void => {
    signal.throwIfAborted();
    const remainingMs = Math.max(0, USUAL_MS - (performance.now() - startedAt));
    onPhase({ id, title, fraction, remainingMs: Math.round(remainingMs) });
  };
  phase('network', `Wiring ${spec.nodes} ${spec.nodes === 1 ? 'node' : 'nodes'}`, 0);
  const { ground, server } = await layFoundations(running);
  phase('nodes', 'Starting the API server and the nodes', 0.3);
  const api = server.api.as('');
  registerNodes(api, record.nodes);
  const world = running.startWorld(ground, server);
  phase('workloads', 'Starting the workloads', 0.5);
  const surrounded = running.startSurroundings(ground, world);
  surrounded.catch(() => undefined);
  const finder = finderOf(server);
  for (const { resource, object } of dnsObjects(1)) api.create(resource, object);
  await createAll(api, pluginManifest(spec.cni), finder);
  const manifests = flatten(spec.manifests);
  const kubectl = server.api.as('kubectl-client-side-apply');
  await createAll(kubectl, manifests.map(asApplied), finder);
  await surrounded;
  phase('ready', 'Waiting until all is ready', 0.7);
  const scope = { nodesOnly: spec.cni === 'none', barePods: barePodsOf(manifests) };
  await waitReady(server.api, () => missingForReadiness(server.api, scope), {
    timeoutMs: readyTimeoutMs,
    signal,
  });
  await world.network.settled();
  signal.throwIfAborted();
}

/** Both are waited for even where one fails: what came to be must be known, so that it can be dismantled. */
async function layFoundations(
  running: RunningCluster,
): Promise<{ ground: Ground; server: ApiServer }> {
  const [ground, server] = await Promise.allSettled([running.breakGround(), running.openServer()]);
  if (ground.status === 'rejected') throw ground.reason;
  if (server.status === 'rejected') throw server.reason;
  return { ground: ground.value, server: server.value };
}
