import { GatehouseError, messageOf } from '../../../common/errors.js';
import type { Logger } from '../../../common/logger.js';
import { VERSION } from '../../../common/project.js';
import type { ClusterInfo, ClusterTrouble } from '../../provider.js';
import { damaged } from '../../trouble.js';
import {
  clusterFolder,
  clusterNames,
  removeClusterFolder,
  readRecord,
  type StoredSpec,
} from './cluster/cluster-folder.js';
import type { ClusterContext } from './cluster/cluster-context.js';
import { EmbeddedCluster } from './cluster/embedded-cluster.js';
import { infoOf } from './cluster/info.js';
import { PROTOCOL, REQUESTS, type HostInfo, type RequestName } from './protocol.js';
import type { RequestContext } from './rpc-server.js';
import { sweepCluster } from './cluster/sweep.js';

export interface ClusterHostOptions extends ClusterContext {
  build: string;
  logger: Logger;
  /** Called when there was no cluster for so long that the host may go; or when it was asked to. */
  onEnd(): void;
  idleMs: number;
}

/** Users that clusters' namespaces belong to, where the host is root. */
const FIRST_UID = 700_000;
const UIDS = 5000;

/** All clusters of one state directory. */
export class ClusterHost {
  readonly #options: ClusterHostOptions;
  readonly #clusters = new Map<string, EmbeddedCluster>();
  /** Names whose creation or deletion is under way. */
  readonly #busy = new Map<string, { info: ClusterInfo; done: Promise<unknown> }>();
  readonly #uids = new Set<number>();
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: ClusterHostOptions) {
    this.#options = options;
  }

  /** Takes over what an earlier host left: clusters whole, and pieces of clusters away. */
  async recover(): Promise<void> {
    const { stateDir, logger } = this.#options;
    await Promise.all(
      clusterNames(stateDir).map(async (name) => {
        const folder = clusterFolder(stateDir, name);
        try {
          const record = readRecord(folder);
          if (record?.isComplete !== true) {
            await sweepCluster(folder);
            return;
          }
          if (record.uid !== undefined) this.#uids.add(record.uid);
          this.#clusters.set(name, await EmbeddedCluster.recover(this.#options, record));
        } catch (error) {
          // It stays as it is, so that whoever looks after the machine can see why.
          logger.error('a cluster could not be taken over', { name, error: messageOf(error) });
          this.#broken.set(name, messageOf(error));
        }
      }),
    );
    this.#watchIdle();
  }

  readonly #broken = new Map<string, string>();

  async handle(method: RequestName, params: unknown, context: RequestContext): Promise<unknown> {
    switch (method) {
      case 'hello':
        return this.#hello();
      case 'create':
        return this.#create(REQUESTS.create.parse(params).spec, context);
      case 'list':
        return this.#list();
      case 'kubeconfig': {
        const { name, role } = REQUESTS.kubeconfig.parse(params);
        return this.#get(name).kubeconfig(role);
      }
      case 'shell': {
        const { name, target } = REQUESTS.shell.parse(params);
        return this.#get(name).shell(target);
      }
      case 'probe': {
        const { name, requests } = REQUESTS.probe.parse(params);
        return this.#get(name).probe(requests);
      }
      case 'flows': {
        const { name, follow } = REQUESTS.flows.parse(params);
        return this.#get(name).flows(follow, context);
      }
      case 'trouble':
        return this.#trouble(REQUESTS.trouble.parse(params).name);
      case 'snapshot': {
        const { name, known } = REQUESTS.snapshot.parse(params);
        return this.#get(name).snapshot(known);
      }
      case 'apply': {
        const { name, objects } = REQUESTS.apply.parse(params);
        await this.#get(name).apply(objects);
        return null;
      }
      case 'run': {
        const { name, script, timeoutMs } = REQUESTS.run.parse(params);
        return this.#get(name).run(script, {
          signal: context.signal,
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        });
      }
      case 'reset':
        await this.#get(REQUESTS.reset.parse(params).name).reset(context);
        return null;
      case 'delete':
        await this.#delete(REQUESTS.delete.parse(params).name);
        return null;
      case 'settle':
        await this.#get(REQUESTS.settle.parse(params).name).settled();
        return null;
      case 'shutdown':
        setImmediate(() => {
          this.#options.onEnd();
        });
        return null;
    }
  }

  /** Lets go of all clusters; they live on under their agents for their grace. */
  async stop(): Promise<void> {
    clearTimeout(this.#idleTimer);
    await Promise.allSettled([...this.#busy.values()].map(({ done }) => done));
    await Promise.allSettled([...this.#clusters.values()].map((cluster) => cluster.stop()));
    this.#clusters.clear();
  }

  #hello(): HostInfo {
    const { build } = this.#options;
    const clusters = this.#clusters.size + this.#busy.size + this.#broken.size;
    return { pid: process.pid, build, version: VERSION, protocol: PROTOCOL, clusters };
  }

  #list(): ClusterInfo[] {
    return [
      ...[...this.#clusters.values()].map((cluster) => cluster.info()),
      ...[...this.#busy.values()].map(({ info }) => info),
      ...[...this.#broken.keys()].flatMap((name) => this.#brokenInfo(name)),
    ].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #brokenInfo(name: string): ClusterInfo[] {
    try {
      const record = readRecord(clusterFolder(this.#options.stateDir, name));
      if (record === undefined) return [];
      const { spec, createdAt } = record;
      return [infoOf(spec, { state: 'broken', createdAt })];
    } catch {
      return [];
    }
  }

  #trouble(name: string): ClusterTrouble | null {
    const why = this.#broken.get(name);
    if (why !== undefined) return damaged(`It could not be taken over: ${why}.`);
    return this.#get(name).trouble() ?? null;
  }

  #get(name: string): EmbeddedCluster {
    const cluster = this.#clusters.get(name);
    if (cluster !== undefined) return cluster;
    const why = this.#broken.get(name);
    if (why !== undefined) {
      throw new GatehouseError(
        'CLUSTER_FAILED',
        `cluster "${name}" could not be taken over: ${why}`,
        {
          fix: 'delete it and create it again',
        },
      );
    }
    const names = [...this.#clusters.keys()].sort();
    const exist = names.length === 0 ? 'there are none' : `there are: ${names.join(', ')}`;
    throw new GatehouseError('CLUSTER_NOT_FOUND', `there is no cluster "${name}"; ${exist}`);
  }

  async #create(spec: StoredSpec, context: RequestContext): Promise<ClusterInfo> {
    const { name } = spec;
    if (this.#clusters.has(name) || this.#busy.has(name) || this.#broken.has(name)) {
      throw new GatehouseError('CLUSTER_EXISTS', `there is a cluster "${name}" already`, {
        fix: 'choose another name, or delete that one',
      });
    }
    if (context.signal.aborted) throw new GatehouseError('CANCELLED', 'the creation was cancelled');
    clearTimeout(this.#idleTimer);
    const uid = this.#takeUid();
    const createdAt = new Date().toISOString();
    const making = EmbeddedCluster.create(this.#options, { spec, uid, createdAt }, context);
    this.#busy.set(name, { info: infoOf(spec, { state: 'creating', createdAt }), done: making });
    try {
      const cluster = await making;
      this.#clusters.set(name, cluster);
      return cluster.info();
    } catch (error) {
      if (uid !== undefined) this.#uids.delete(uid);
      throw error;
    } finally {
      this.#busy.delete(name);
      this.#watchIdle();
    }
  }

  async #delete(name: string): Promise<void> {
    const under = this.#busy.get(name);
    if (under !== undefined) await under.done.catch(() => undefined);
    const cluster = this.#clusters.get(name);
    if (cluster === undefined) {
      if (!this.#broken.has(name)) return;
      await sweepCluster(clusterFolder(this.#options.stateDir, name));
      this.#broken.delete(name);
      this.#watchIdle();
      return;
    }
    this.#clusters.delete(name);
    const info: ClusterInfo = { ...cluster.info(), state: 'deleting' };
    const deleting = this.#remove(name, cluster);
    this.#busy.set(name, { info, done: deleting });
    try {
      await deleting;
    } finally {
      this.#busy.delete(name);
      this.#watchIdle();
    }
  }

  async #remove(name: string, cluster: EmbeddedCluster): Promise<void> {
    await cluster.remove();
    const folder = clusterFolder(this.#options.stateDir, name);
    await removeClusterFolder(folder);
    if (cluster.uid !== undefined) this.#uids.delete(cluster.uid);
  }

  #takeUid(): number | undefined {
    if (process.getuid?.() !== 0) return undefined;
    for (let i = 0; i < UIDS; i++) {
      const uid = FIRST_UID + i;
      if (this.#uids.has(uid)) continue;
      this.#uids.add(uid);
      return uid;
    }
    throw new GatehouseError('LIMIT_REACHED', 'there is no user left for another cluster');
  }

  #watchIdle(): void {
    clearTimeout(this.#idleTimer);
    if (this.#clusters.size + this.#busy.size + this.#broken.size > 0) return;
    this.#idleTimer = setTimeout(() => {
      this.#options.onEnd();
    }, this.#options.idleMs);
  }
}
