import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { GatehouseError } from '../../common/errors.js';
import { SILENT, type Logger } from '../../common/logger.js';
import type { Cluster, ClusterProvider } from '../provider.js';
import { doctor } from './doctor/doctor.js';
import { embeddedCluster } from './cluster-client.js';
import { HostLink } from './host-link.js';

export interface EmbeddedProviderOptions {
  /** Where clusters live; see `defaultStateDir`. */
  stateDir: string;
  /** The built host, `dist/host.js`. */
  hostEntry: string;
  /** The built C programs, `dist/native`. */
  nativeDir: string;
  /** Where to look for kubectl; the usual folders unless given. */
  programPaths?: readonly string[];
  /** How long a host without clusters stays. */
  idleMs?: number;
  /** How long clusters live on without a host. */
  graceMs?: number;
  readyTimeoutMs?: number;
  logger?: Logger;
}

const PROGRAM_PATHS = ['/usr/local/bin', '/usr/bin', '/bin', '/snap/bin'];

/** Clusters of our own on this machine: see the README beside. The host is started when first needed. */
export function createEmbeddedProvider(options: EmbeddedProviderOptions): ClusterProvider {
  const { stateDir, nativeDir, programPaths = PROGRAM_PATHS } = options;
  const link = new HostLink({
    entry: options.hostEntry,
    logger: options.logger ?? SILENT,
    options: {
      stateDir,
      nativeDir,
      programPaths: [...programPaths],
      build: buildOf(options.hostEntry),
      ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
      ...(options.graceMs === undefined ? {} : { graceMs: options.graceMs }),
      ...(options.readyTimeoutMs === undefined ? {} : { readyTimeoutMs: options.readyTimeoutMs }),
    },
  });
  return {
    name: 'embedded',
    async create(spec, { signal, onPhase } = {}): Promise<Cluster> {
      if (signal?.aborted === true) {
        throw new GatehouseError(
          'CANCELLED',
          `the creation of cluster "${spec.name}" was cancelled`,
        );
      }
      const info = await link.request(
        'create',
        {
          spec: {
            ...spec,
            manifests: [...spec.manifests],
            labels: { ...spec.labels },
            files: spec.files === undefined ? undefined : [...spec.files],
          },
        },
        {
          ...(signal === undefined ? {} : { signal }),
          ...(onPhase === undefined ? {} : { onPhase }),
        },
      );
      return embeddedCluster(link, info);
    },
    list: () => link.requestIfRunning('list', {}, []),
    async open(name): Promise<Cluster> {
      const all = await link.requestIfRunning('list', {}, []);
      const info = all.find((cluster) => cluster.name === name);
      if (info !== undefined) return embeddedCluster(link, info);
      const names = all.map((cluster) => cluster.name);
      const exist = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
      throw new GatehouseError('CLUSTER_NOT_FOUND', `there is no cluster "${name}"; ${exist}`);
    },
    doctor: () => doctor({ nativeDir, programPaths, stateDir }),
    [Symbol.asyncDispose](): Promise<void> {
      link[Symbol.dispose]();
      return Promise.resolve();
    },
  };
}

/** Where clusters live unless told otherwise: the machine's for root, the user's own else. */
export function defaultStateDir(user: {
  isRoot: boolean;
  home: string;
  xdgStateHome?: string;
}): string {
  if (user.isRoot) return '/var/lib/gatehouse';
  const { xdgStateHome } = user;
  const base =
    xdgStateHome === undefined || xdgStateHome === '' ? `${user.home}/.local/state` : xdgStateHome;
  return `${base}/gatehouse`;
}

/** The built files carry hashes in their names: the entry alone tells builds apart. */
function buildOf(entry: string): string {
  return createHash('sha256').update(readFileSync(entry)).digest('hex').slice(0, 12);
}
