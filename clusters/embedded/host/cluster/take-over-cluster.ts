import { rmSync } from 'node:fs';
import { makeClusterFolder } from './cluster-folder.js';
import type { KeptRecord } from './kept-record.js';
import type { RunningCluster } from './running-cluster.js';
import { endAgents } from './sweep.js';
import { findGround } from './world.js';

/** Goes on with what an earlier host left: under its agent where that is alive, else built again from the stored objects. */
export async function takeOverCluster(running: RunningCluster, record: KeptRecord): Promise<void> {
  const { folder } = running;
  const found = await findGround(folder);
  await endAgents(folder, found?.agent.pid);
  if (found === undefined) {
    rmSync(folder.run, { recursive: true, force: true });
    makeClusterFolder(folder, record.now.uid);
  }
  const server = await running.openServer();
  const ground = found ?? (await running.breakGround());
  const world = running.startWorld(ground, server);
  await running.startSurroundings(ground, world);
}
