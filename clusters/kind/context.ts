import type { Logger } from '../../common/logger.js';
import { clusterFiles, installationOf, type ClusterFiles } from './names.js';
import type { Programs } from './programs.js';
import type { KindSettings } from './settings.js';

/** What every part of this provider works with. */
export interface KindContext {
  stateDir: string;
  installation: string;
  programs: Programs;
  settings: KindSettings;
  logger: Logger;
}

export function createContext(parts: Omit<KindContext, 'installation'>): KindContext {
  return { ...parts, installation: installationOf(parts.stateDir) };
}

export function filesOf(context: KindContext, name: string): ClusterFiles {
  return clusterFiles(context.stateDir, name);
}
