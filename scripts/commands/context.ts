import type { Command } from 'commander';
import { createProvider, definedIn } from '../../clusters/index.js';
import type { ClusterProvider } from '../../clusters/provider.js';
import { SILENT } from '../../common/logger.js';
import { loadCatalog, type Catalog } from '../../labs/catalog.js';
import { findProjectRoot } from '../../system/project-root.js';
import { readSettings } from '../../server/config.js';
import { note } from '../output.js';
import path from 'node:path';

export function openProvider(command: Command, name: string): ClusterProvider {
  const { stateDir, verbose } = command.optsWithGlobals<{ stateDir?: string; verbose?: boolean }>();
  const settings = readSettings(stateDir === undefined ? {} : { stateDir });
  return createProvider(name, {
    stateDir: settings.stateDir,
    distDir: path.join(findProjectRoot(), 'dist'),
    logger: SILENT,
    environment: process.env,
    ...(verbose === true
      ? {
          onCommand: (line) => {
            note(`+ ${line}`);
          },
        }
      : {}),
  });
}

/** Where this process keeps its state, and what its programs get of its environment. */
export function ofThisProcess(command: Command): {
  stateDir: string;
  environment: Record<string, string>;
} {
  const { stateDir } = command.optsWithGlobals<{ stateDir?: string }>();
  const settings = readSettings(stateDir === undefined ? {} : { stateDir });
  return { stateDir: settings.stateDir, environment: definedIn(process.env) };
}

/** Of the folder in GATEHOUSE_LABS_DIR, or of this checkout. */
export function openCatalog(): Promise<Catalog> {
  return loadCatalog(readSettings().labsDir ?? path.join(findProjectRoot(), 'labs'));
}
