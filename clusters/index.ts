import path from 'node:path';
import { GatehouseError } from '../common/errors.js';
import { nearestNames } from '../common/nearest.js';
import type { Logger } from '../common/logger.js';
import type { ClusterProvider } from './provider.js';
import { createEmbeddedProvider } from './embedded/provider.js';
import { createExistingProvider } from './existing/provider.js';
import { kindEnvironment } from './kind/environment.js';
import { createKindProvider } from './kind/provider.js';

/** What providers are given, as values: the one place that knows them all. */
export interface ProviderSettings {
  /** Where embedded clusters live: `defaultStateDir(…)` or a folder of the caller's. */
  stateDir: string;
  /** The built product: `dist`. */
  distDir: string;
  /** Folders in which kubectl is looked for. */
  programPaths?: readonly string[];
  logger?: Logger;
  /** Whether people from elsewhere than this machine may ask for clusters. */
  servesOthers?: boolean;
  /** This process's environment, for providers that drive other programs: where they are, how Docker is reached. */
  environment?: Readonly<Record<string, string | undefined>>;
  /** Told each command of another program before it runs, as it can be pasted. */
  onCommand?: (line: string) => void;
}

const FACTORIES: Readonly<Record<string, (settings: ProviderSettings) => ClusterProvider>> = {
  embedded: ({ distDir, ...settings }) =>
    createEmbeddedProvider({
      ...settings,
      hostEntry: path.join(distDir, 'host.js'),
      nativeDir: path.join(distDir, 'native'),
    }),
  kind: ({ stateDir, logger, servesOthers, environment = {}, onCommand }) =>
    createKindProvider({
      stateDir,
      ...kindEnvironment(environment),
      ...(logger === undefined ? {} : { logger }),
      ...(servesOthers === undefined ? {} : { servesOthers }),
      ...(onCommand === undefined ? {} : { onCommand }),
    }),
  existing: ({ stateDir, logger, servesOthers, environment = {}, onCommand }) =>
    createExistingProvider({
      stateDir,
      environment: definedIn(environment),
      ...(logger === undefined ? {} : { logger }),
      ...(servesOthers === undefined ? {} : { servesOthers }),
      ...(onCommand === undefined ? {} : { onCommand }),
    }),
};

export const PROVIDERS: readonly string[] = Object.keys(FACTORIES);

/** Throws PROVIDER_NOT_FOUND for an unknown name. */
export function createProvider(name: string, settings: ProviderSettings): ClusterProvider {
  const factory = Object.hasOwn(FACTORIES, name) ? FACTORIES[name] : undefined;
  if (factory === undefined) {
    throw new GatehouseError('PROVIDER_NOT_FOUND', `there is no provider "${name}"`, {
      fix: `${didYouMean(name)}Choose one of: ${PROVIDERS.join(', ')}.`,
    });
  }
  return factory(settings);
}

function didYouMean(name: string): string {
  const [nearest] = nearestNames(name, PROVIDERS);
  return nearest === undefined ? '' : `Did you mean "${nearest}"? `;
}

/** An environment without what is not set. */
export function definedIn(
  all: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
