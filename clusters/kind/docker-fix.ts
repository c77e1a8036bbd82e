import { existsSync } from 'node:fs';
import { findOnPath } from '../../system/find-on-path.js';
import { INSTALL } from './failures.js';
import { quote, type Programs } from './programs.js';

/** What this machine has of Docker. */
export interface DockerHere {
  /** The daemon's program, not only the client's. */
  hasDaemon: boolean;
  hasSystemd: boolean;
  /** `DOCKER_HOST`; absent where Docker is looked for on this machine. */
  host?: string;
}

export async function lookForDocker({ environment }: Programs): Promise<DockerHere> {
  const paths = `${environment['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;
  const host = environment['DOCKER_HOST'] ?? '';
  return {
    hasDaemon: (await findOnPath('dockerd', paths)) !== undefined,
    hasSystemd: existsSync('/run/systemd/system'),
    ...(host === '' ? {} : { host }),
  };
}

/** What to type where a Docker client finds no daemon. */
export function dockerFix({ hasDaemon, hasSystemd, host }: DockerHere): string {
  if (host !== undefined) {
    return `DOCKER_HOST=${quote(host)} docker info   # start Docker where that points, or: unset DOCKER_HOST`;
  }
  if (!hasDaemon) return `${INSTALL['docker'] ?? ''} && docker info   # only the client is here`;
  if (hasSystemd) return 'sudo systemctl start docker && docker info';
  return 'sudo sh -c "nohup dockerd >/var/log/dockerd.log 2>&1 &" && sleep 5 && docker info   # no systemd here';
}
