import path from 'node:path';
import { OUTSIDE_ID, startOutsideServer } from '../../kubelet/outside-server.js';
import { WORKSTATION_ID, startWorkstation } from '../../kubelet/workstation.js';
import { nodeNetns } from '../../network/addresses.js';
import type { Share } from '../shared-folder.js';
import type { ClusterFolder } from './cluster-folder.js';
import type { VolatileFolder } from './volatile-folder.js';
import { API_PORT, type Ground } from './world.js';

interface Place {
  folder: ClusterFolder;
  share: Share;
  volatile: VolatileFolder;
  nodes: readonly string[];
}

/**
 * What stands around a cluster's nodes: the learner's workstation, a server outside, and the way from the LAN to the API
 * server. What an earlier host started and still runs is left as it is.
 */
export async function startSurroundings(
  { agent, found }: Ground,
  { folder, share, volatile, nodes }: Place,
): Promise<void> {
  const startMissing = async (id: string, start: () => Promise<void>): Promise<void> => {
    const kept = found?.processes.find((process) => process.id === id);
    if (kept !== undefined && kept.exit === undefined) return;
    if (kept !== undefined) await agent.forget(id);
    await start();
  };
  const relay = async (): Promise<void> => {
    // An agent that lived on still listens for us.
    if (found !== undefined) return;
    await agent.relay(nodeNetns(nodes[0] ?? ''), {
      address: '0.0.0.0',
      port: API_PORT,
      unixPath: folder.apiSocket,
    });
  };
  await Promise.all([
    relay(),
    startMissing(OUTSIDE_ID, () =>
      startOutsideServer({ agent, shared: share, logsFolder: folder.logs }),
    ),
    startMissing(WORKSTATION_ID, async () => {
      await volatile.ready;
      await startWorkstation({
        agent,
        shared: share,
        programs: share.workstationPrograms,
        nodes,
        folder: path.join(folder.run, 'workstation'),
        home: volatile.home,
        logsFolder: folder.logs,
      });
    }),
  ]);
}
