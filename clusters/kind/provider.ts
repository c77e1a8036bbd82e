import { GatehouseError } from '../../common/errors.js';
import { SILENT, type Logger } from '../../common/logger.js';
import type { Cluster, ClusterProvider, CreateOptions } from '../provider.js';
import { createContext, type KindContext } from './context.js';
import { createCluster } from './create-cluster.js';
import { doctor } from './doctor.js';
import { loadImages, putImages } from './images.js';
import { installPlugin } from './install-plugin.js';
import { KindCluster } from './kind-cluster.js';
import { filesOf } from './context.js';
import { LABEL } from './names.js';
import { pauseIdle } from './pause.js';
import { pluginManifest } from './plugins.js';
import { Programs } from './programs.js';
import { clustersAmong, findClusters, type Found } from './records.js';
import { sweep } from './remove-cluster.js';
import { readKindSettings, type KindSettings } from './settings.js';
import { WarmPool } from './warm-pool.js';

export interface KindProviderOptions {
  stateDir: string;
  /** This process's PATH; where docker, kind and kubectl are looked for. */
  path?: string;
  /** Looked in before PATH. */
  programPaths?: readonly string[];
  /** Added to the programs' environment: `DOCKER_HOST` and the like. */
  environment?: Readonly<Record<string, string>>;
  /** Instead of `kind.yaml` in the state folder. */
  settings?: KindSettings;
  /** Whether people from elsewhere than this machine may ask for clusters. */
  servesOthers?: boolean;
  /** Told each command of kind, docker and kubectl before it runs; in the end, as a comment, where the time went. */
  onCommand?: (line: string) => void;
  logger?: Logger;
}

/** What only kind has, for the commands that people run by hand. */
export interface KindProvider extends ClusterProvider {
  /** Puts images that this machine has into a cluster's nodes; answers which. Rejects where one is not here. */
  loadImages(name: string, images: readonly string[]): Promise<string[]>;
  /** Builds a cluster anew from what it was asked to be, whatever state it is in. */
  rebuild(name: string, options?: CreateOptions): Promise<void>;
  installPlugin(name: string, cni: Parameters<typeof installPlugin>[2]['cni']): Promise<void>;
}

const PAUSE_LOOK_MS = 60_000;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin';

/** Real Kubernetes in Docker: see `docs/kind.md`. */
export function createKindProvider(options: KindProviderOptions): KindProvider {
  const { stateDir, logger = SILENT } = options;
  const settings = options.settings ?? readKindSettings(stateDir);
  const programs = new Programs({
    path: options.path ?? DEFAULT_PATH,
    ...(options.programPaths === undefined ? {} : { programPaths: options.programPaths }),
    ...(options.environment === undefined ? {} : { environment: options.environment }),
    ...(options.onCommand === undefined ? {} : { onCommand: options.onCommand }),
  });
  const context = createContext({ stateDir, programs, settings, logger });
  const pool = new WarmPool(context);
  const start = startOnce(context, pool);
  return {
    name: 'kind',
    async create(spec, createOptions = {}): Promise<Cluster> {
      refuseStrangers(options.servesOthers === true, settings);
      await start.ready();
      if (!(await pool.take(spec, createOptions)))
        await createCluster(context, spec, createOptions);
      return open(context, spec.name);
    },
    async list() {
      await start.ready();
      return visible(await findClusters(context)).map(({ info }) => info);
    },
    open: async (name) => {
      await start.ready();
      return open(context, name);
    },
    doctor: (wanted) => doctor(context, wanted),
    async loadImages(name, images) {
      const { kindName } = await find(context, name);
      // By hand, a missing image is an error and not a detour.
      await putImages(context, { kindName, images });
      return [...images];
    },
    async rebuild(name, rebuildOptions = {}) {
      const cluster = new KindCluster(context, await find(context, name));
      await cluster.reset({ ...rebuildOptions, depth: 'rebuild' });
    },
    async installPlugin(name, cni) {
      const { kindName } = await find(context, name);
      const { images } = await pluginManifest(context, cni);
      await loadImages(context, { kindName, images });
      await installPlugin(
        context,
        { kindName, kubeconfig: filesOf(context, name).platform },
        { cni },
      );
    },
    async [Symbol.asyncDispose]() {
      await start[Symbol.asyncDispose]();
      await pool[Symbol.asyncDispose]();
      await context[Symbol.asyncDispose]();
      const account = programs.account.toString();
      if (account !== '') options.onCommand?.(`# ${account}`);
    },
  };
}

/** Sweeping and the timers begin with the first use, so that a provider that only asks costs nothing. */
function startOnce(
  context: KindContext,
  pool: WarmPool,
): AsyncDisposable & { ready(): Promise<void> } {
  let swept: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<unknown> = Promise.resolve();
  return {
    ready() {
      swept ??= sweep(context).then(
        () => {
          pool.start();
          if (context.settings.pauseAfterMinutes === 0) return;
          timer = setInterval(() => {
            looking = pauseIdle(context).catch((error: unknown) => {
              context.logger.warn('idle clusters could not be paused', { error });
            });
          }, PAUSE_LOOK_MS).unref();
        },
        (error: unknown) => {
          swept = undefined;
          throw error;
        },
      );
      return swept;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
    },
  };
}

/** Clusters in stock are nobody's. */
function visible(all: readonly Found[]): Found[] {
  return all.filter(({ record }) => record?.labels[LABEL.pool] === undefined);
}

async function open(context: KindContext, name: string): Promise<Cluster> {
  return new KindCluster(context, await find(context, name));
}

async function find(context: KindContext, name: string): Promise<Found> {
  const known = await clustersAmong(context, await context.containers.list());
  const among = visible(known).find((one) => one.name === name);
  if (among?.info.state === 'ready') return among;
  // News may be on its way.
  context.containers.forget();
  const all = visible(await clustersAmong(context, await context.containers.list()));
  const found = all.find((one) => one.name === name);
  if (found !== undefined) return found;
  const names = all.map((one) => one.name);
  const exist = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
  throw new GatehouseError('CLUSTER_NOT_FOUND', `there is no cluster "${name}"; ${exist}`, {
    fix: 'scripts/gatehouse cluster list --provider kind',
  });
}

function refuseStrangers(servesOthers: boolean, { allowStrangers }: KindSettings): void {
  if (!servesOthers || allowStrangers) return;
  throw new GatehouseError(
    'FORBIDDEN',
    'kind nodes are privileged containers: a learner who is cluster-admin can reach this machine, so people from elsewhere get none',
    {
      fix: 'use --provider embedded; or, on a machine that holds nothing else, put "allowStrangers: true" into kind.yaml in the state folder',
    },
  );
}
