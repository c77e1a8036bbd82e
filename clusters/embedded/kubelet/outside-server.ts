import path from 'node:path';
import type { Agent } from '../agent/agent.js';
import { SERVING_HOSTS, outsideNetns } from '../network/addresses.js';
import type { SharedFolders } from './context.js';
import { FILTER_FD, sandboxArgv } from './sandbox.js';

export const OUTSIDE_ID = 'outside';
/** The role of our stand-in that tells a client how it was seen: its address, the request. */
const PROGRAM = 'whoami';

/** Starts the web server behind the outside hosts `internet` and `metadata`. */
export async function startOutsideServer(options: {
  agent: Agent;
  shared: SharedFolders;
  logsFolder: string;
}): Promise<void> {
  const { agent, shared, logsFolder } = options;
  const [host = ''] = SERVING_HOSTS;
  await agent.start({
    id: OUTSIDE_ID,
    netns: outsideNetns(host),
    argv: sandboxArgv({
      bwrap: shared.bwrap,
      userland: 'minimal',
      local: shared.local({ [PROGRAM]: 'standin' }),
      busybox: shared.busybox({}),
      settings: shared.settings,
      etc: shared.etc('minimal'),
      mounts: [],
      links: {},
      writable: [],
      scratchBytes: 65_536,
      hostname: host,
      uid: 0,
      gid: 0,
      readOnlyRoot: true,
      cwd: '/',
      argv: [`/usr/local/bin/${PROGRAM}`],
    }),
    env: {},
    logPath: path.join(logsFolder, 'outside.log'),
    logBytes: 65_536,
    filterFd: FILTER_FD,
  });
}
