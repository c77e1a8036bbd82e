import type { Logger } from '../../common/logger.js';
import { ContainerWatch } from './container-watch.js';
import { listContainers } from './list-containers.js';
import { clusterFiles, installationOf, type ClusterFiles } from './names.js';
import { Probers } from './probers.js';
import type { Programs } from './programs.js';
import type { KindSettings } from './settings.js';

/** What every part of this provider works with. Ending it ends the programs that it keeps running. */
export interface KindContext extends AsyncDisposable {
  stateDir: string;
  installation: string;
  programs: Programs;
  /** What Docker has, for those who look often. */
  containers: ContainerWatch;
  probers: Probers;
  /** Clusters that are being woken, by name. */
  waking: Map<string, Promise<boolean>>;
  settings: KindSettings;
  logger: Logger;
}

export function createContext(
  parts: Pick<KindContext, 'stateDir' | 'programs' | 'settings' | 'logger'>,
): KindContext {
  const { programs } = parts;
  const containers = new ContainerWatch({
    ask: () => listContainers(programs),
    follow: (args, on) => programs.followDocker(args, on),
  });
  const probers = new Probers(programs);
  return {
    ...parts,
    containers,
    probers,
    waking: new Map(),
    installation: installationOf(parts.stateDir),
    async [Symbol.asyncDispose]() {
      await containers[Symbol.asyncDispose]();
      await probers[Symbol.asyncDispose]();
    },
  };
}

export function filesOf(context: KindContext, name: string): ClusterFiles {
  return clusterFiles(context.stateDir, name);
}
