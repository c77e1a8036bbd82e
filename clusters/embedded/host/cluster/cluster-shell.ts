import path from 'node:path';
import { GatehouseError } from '../../../../common/errors.js';
import type { ShellCommand, ShellTarget } from '../../../provider.js';
import type { ExecSpec } from '../../agent/agent.js';
import { joinCommand } from '../../agent/join-command.js';
import { nodeShell, workstationShell } from '../../kubelet/workstation.js';
import type { Share } from '../shared-folder.js';
import type { ClusterFolder } from './cluster-folder.js';
import type { KeptRecord } from './kept-record.js';
import { podShell } from './pod-shell.js';
import type { World } from './world.js';

interface Place {
  world: World;
  folder: ClusterFolder;
  record: KeptRecord;
  share: Share;
}

/** The command that opens a terminal there. Throws FORBIDDEN or NOT_FOUND. */
export function clusterShell(target: ShellTarget, place: Place): ShellCommand {
  const where = { socketPath: place.folder.agentSocket, joinPath: place.share.joinPath };
  return { ...joinCommand(shellOf(target, place), where), env: {} };
}

function shellOf(target: ShellTarget, place: Place): ExecSpec {
  switch (target.type) {
    case 'workstation':
      return workstationShell(['bash'], place.record.nodes.length);
    case 'node':
      checkNode(target.name, place.record);
      return nodeShell(
        {
          shared: place.share,
          folder: path.join(place.folder.run, 'shells'),
          root: place.world.volatile.nodeHome(target.name),
        },
        target.name,
      );
    case 'pod':
      return podShell(place.world.kubelet, target);
  }
}

function checkNode(name: string, { spec, nodes }: KeptRecord): void {
  if (!spec.nodeShell) {
    throw new GatehouseError('FORBIDDEN', 'node shells are switched off for this cluster');
  }
  if (!nodes.includes(name)) {
    throw new GatehouseError(
      'NOT_FOUND',
      `there is no node "${name}"; there are: ${nodes.join(', ')}`,
    );
  }
}
