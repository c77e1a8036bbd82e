import { GatehouseError } from '../../common/errors.js';
import { pathOf, type KubeApi, type Resource } from '../client/kube-api.js';
import type { ClusterTrouble } from '../provider.js';
import { away, damaged, missingSystem, SYSTEM_PARTS, type SystemPart } from '../trouble.js';
import type { KindContext } from './context.js';
import { clustersAmong, type Found } from './records.js';

/** An API server that needs longer is away for people who type. */
const ANSWER_MS = 3_000;

/** What ails a cluster that was handed out, asked of Docker and of its API server; wakes nothing. */
export async function findTrouble(
  context: KindContext,
  name: string,
  openApi: () => Promise<KubeApi>,
): Promise<ClusterTrouble | undefined> {
  try {
    const all = await clustersAmong(context, await context.containers.list());
    const found = all.find((one) => one.name === name);
    return containerTrouble(found) ?? (await systemTrouble(await openApi()));
  } catch (error) {
    if (!(error instanceof GatehouseError)) throw error;
    return away(`${error.message}.`);
  }
}

/** What Docker says of it. */
export function containerTrouble(found: Found | undefined): ClusterTrouble | undefined {
  if (found?.info.state === 'ready') {
    const containers = [...found.nodes, ...(found.record === undefined ? [] : [found.record])];
    const still = containers.filter(({ state }) => state === 'exited' || state === 'paused');
    if (still.length === 0) return undefined;
    return {
      state: 'resting',
      message: `${still.length} of its ${containers.length} containers are stopped or paused.`,
      fix: 'Open a shell or press Check: it is started again, with all that you made.',
    };
  }
  if (found !== undefined && found.info.state !== 'broken') return undefined;
  const nodes = `${found?.nodes.length ?? 0} of ${found?.info.nodes ?? 1}`;
  return damaged(`Containers of it were removed: ${nodes} nodes are there.`);
}

async function systemTrouble(api: KubeApi): Promise<ClusterTrouble | undefined> {
  const isThere = await Promise.all(
    SYSTEM_PARTS.map(async (part) => {
      const path = pathOf(resourceOf(part), 'kube-system', part.name);
      return (await api.send('GET', path, { timeoutMs: ANSWER_MS })).status !== 404;
    }),
  );
  return missingSystem(SYSTEM_PARTS.filter((_, index) => isThere[index] === false));
}

function resourceOf({ group, plural, kind }: SystemPart): Resource {
  return { group, version: 'v1', plural, kind, namespaced: true, verbs: [] };
}
