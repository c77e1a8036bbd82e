import type { ClusterState, ClusterTrouble } from '../../../provider.js';
import { away, damaged, missingSystem, SYSTEM_PARTS } from '../../../trouble.js';
import type { RunningCluster } from './running-cluster.js';

/** How long a breakdown is news. */
const NEWS_MS = 60_000;

/** What ails a cluster, for its learner. `rebuiltAt`: after a breakdown, on the clock of this process, in ms. */
export function troubleOf(
  { server, world }: RunningCluster,
  { state, rebuiltAt }: { state: ClusterState; rebuiltAt: number },
): ClusterTrouble | undefined {
  if (state === 'broken') return damaged('It broke down and could not be built again.');
  if (server === undefined || world === undefined)
    return away('It broke down and is being built again from its objects.');
  const damage = missingSystem(
    SYSTEM_PARTS.filter(({ group, plural, name }) => {
      const resource = group === '' ? plural : `${plural}.${group}`;
      return server.api.get(resource, name, 'kube-system') === undefined;
    }),
  );
  return damage ?? restartedAt(rebuiltAt);
}

function restartedAt(at: number): ClusterTrouble | undefined {
  if (performance.now() - at > NEWS_MS) return undefined;
  return {
    state: 'restarted',
    message: 'It broke down and was built again from its objects; pods and shells are new ones.',
    fix: 'Open a new shell and go on. What you made in the cluster is there; files in your home are as at the start.',
  };
}
