import { mkdir, rm, writeFile } from 'node:fs/promises';
import { filesOf, type KindContext } from './context.js';
import { newMaker } from '../../system/maker.js';
import { KIND_CLUSTER_LABEL, LABEL, clientName, networkName, workstationName } from './names.js';
import { findClusters, type Doing } from './records.js';

const DELETE_MS = 120_000;

/** Says on disk what is being done with a cluster, so that a crash in the middle is recognised. */
export async function noteDoing(
  context: KindContext,
  name: string,
  what: Doing['what'],
): Promise<void> {
  const { dir, doing } = filesOf(context, name);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await writeFile(doing, JSON.stringify({ what, maker: newMaker() }), { mode: 0o600 });
}

/**
 * Removes a cluster and all that belongs to it, whatever is there of it. Safe to run twice. The folder goes last: as long as
 * it is there, what remains is found and swept.
 */
export async function removeCluster(
  context: KindContext,
  { name, kindName }: { name: string; kindName: string },
): Promise<void> {
  await noteDoing(context, name, 'deleting');
  await deleteNodes(context, { name, kindName });
  await removeContainers(context, [clientName(name), workstationName(name)]);
  await removeNetwork(context, kindName);
  context.containers.forget();
  await rm(filesOf(context, name).dir, { recursive: true, force: true });
}

export async function deleteNodes(
  context: KindContext,
  { name, kindName }: { name: string; kindName: string },
): Promise<void> {
  const { programs } = context;
  const { learner } = filesOf(context, name);
  const args = ['delete', 'cluster', '--name', kindName, '--kubeconfig', learner];
  const isOwnNode = `label=${KIND_CLUSTER_LABEL}=${kindName}`;
  await programs.run('kind', args, { timeoutMs: DELETE_MS });
  // A kind that was killed may have asked Docker for one more container at its very end.
  for (let round = 0; round < 3; round += 1) {
    const left = await programs.docker(['ps', '--all', '--quiet', '--filter', isOwnNode]);
    if (left.trim() === '') return;
    await removeContainers(context, left.trim().split('\n'));
  }
}

export async function removeContainers(
  { programs }: KindContext,
  names: readonly string[],
): Promise<void> {
  const result = await programs.try('docker', ['rm', '--force', '--volumes', ...names]);
  const isGone = result.exitCode === 0 || /no such container/i.test(result.stderr);
  if (!isGone) await programs.docker(['rm', '--force', '--volumes', ...names]);
}

export async function removeNetwork(context: KindContext, kindName: string): Promise<void> {
  if (context.settings.network !== 'own') return;
  const result = await context.programs.try('docker', ['network', 'rm', networkName(kindName)]);
  const isGone = result.exitCode === 0 || /not found|no such network/i.test(result.stderr);
  if (!isGone) {
    context.logger.warn('a Docker network could not be removed', {
      network: networkName(kindName),
      reason: result.stderr.trim(),
    });
  }
}

/** Removes what a crash left of clusters: half-made, half-deleted, folders and networks of nothing. */
export async function sweep(context: KindContext): Promise<string[]> {
  // Networks first: a network whose cluster is not found afterwards belongs to none.
  const networks = await ownNetworks(context);
  const found = await findClusters(context);
  const swept: string[] = [];
  for (const { name, kindName, isLeftover } of found) {
    if (!isLeftover) continue;
    context.logger.info('removing what is left of a cluster', { cluster: name });
    await removeCluster(context, { name, kindName });
    swept.push(name);
  }
  const known = new Set(found.map(({ kindName }) => kindName));
  for (const network of networks) {
    if (!known.has(network)) await removeNetwork(context, network);
  }
  return swept;
}

async function ownNetworks(context: KindContext): Promise<string[]> {
  const filter = `label=${LABEL.installation}=${context.installation}`;
  const text = await context.programs.docker([
    ...['network', 'ls', '--filter', filter, '--format', '{{.Name}}'],
  ]);
  return text.split('\n').filter((line) => line !== '');
}
