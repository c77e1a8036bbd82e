import type { Logger } from '../../common/logger.js';
import { ContainerWatch } from './container-watch.js';
import { listContainers } from './list-containers.js';
import { clusterFiles, installationOf, type ClusterFiles } from './names.js';
import type { Programs } from './programs.js';
import type { KindSettings } from './settings.js';

/** What every part of this provider works with. */
export interface KindContext {
  stateDir: string;
  installation: string;
  programs: Programs;
  /** What Docker has, for those who look often. Whoever made the context disposes of it. */
  containers: ContainerWatch;
  settings: KindSettings;
  logger: Logger;
}

export function createContext(
  parts: Omit<KindContext, 'installation' | 'containers'>,
): KindContext {
  const { programs } = parts;
  const containers = new ContainerWatch({
    ask: () => listContainers(programs),
    follow: (args, on) => programs.followDocker(args, on),
  });
  return { ...parts, containers, installation: installationOf(parts.stateDir) };
}

export function filesOf(context: KindContext, name: string): ClusterFiles {
  return clusterFiles(context.stateDir, name);
}
