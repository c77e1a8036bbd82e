import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { GatehouseError, messageOf } from '../../../../common/errors.js';
import type { ObservedFlow } from '../../../../common/flow.js';
import type { JsonObject } from '../../../../common/json.js';
import type { ProbeRequest, ProbeResult } from '../../../../common/probe.js';
import type {
  ClusterInfo,
  ClusterState,
  ClusterTrouble,
  RunResult,
  ShellCommand,
  ShellTarget,
} from '../../../provider.js';
import type { Agent } from '../../agent/agent.js';
import type { ApiServer } from '../../api/create-api-server.js';
import { flatten } from './apply-baseline.js';
import { applyObjects } from './apply-objects.js';
import { buildCluster } from './build-cluster.js';
import { UNWATCHED, type ClusterContext, type Progress } from './cluster-context.js';
import {
  makeClusterFolder,
  removeClusterFolder,
  setAside,
  type ClusterRecord,
  type StoredSpec,
} from './cluster-folder.js';
import { clusterShell } from './cluster-shell.js';
import { troubleOf } from './cluster-trouble.js';
import { creationFailure } from './creation-failure.js';
import { infoOf } from './info.js';
import { KeptRecord } from './kept-record.js';
import { runInWorkstation } from './run-script.js';
import { RunningCluster } from './running-cluster.js';
import { SnapshotSource, type KnownSnapshot, type SnapshotAnswer } from './snapshot.js';
import { endAgents, sweepCluster } from './sweep.js';
import { takeOverCluster } from './take-over-cluster.js';
import type { World } from './world.js';

/** One cluster under its name, port and keys: through resets, breakdowns and restarts of the host. */
export class EmbeddedCluster {
  readonly #context: ClusterContext;
  readonly #record: KeptRecord;
  readonly #snapshots = new SnapshotSource();
  #running: RunningCluster;
  #state: ClusterState = 'creating';
  /** When it was last built again after a breakdown, on the clock of this process. */
  #rebuiltAt = -Infinity;
  /** What a reset replaced, on its way out. */
  #leaving: Promise<void> = Promise.resolve();
  /** Resets, rebuilds and deletions of one cluster come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(context: ClusterContext, record: ClusterRecord) {
    this.#context = context;
    this.#record = new KeptRecord(context.stateDir, record);
    this.#running = this.#newRunning();
  }

  get uid(): number | undefined {
    return this.#record.now.uid;
  }

  /** Rejects with CANCELLED or CLUSTER_FAILED, and then nothing of it is left. */
  static async create(
    context: ClusterContext,
    cluster: { spec: StoredSpec; uid: number | undefined; createdAt: string },
    progress: Progress,
  ): Promise<EmbeddedCluster> {
    const { spec, uid, createdAt } = cluster;
    const made = new EmbeddedCluster(context, {
      spec,
      createdAt,
      port: 0,
      isComplete: false,
      generation: 0,
      ...(uid === undefined ? {} : { uid }),
    });
    const { folder } = made.#record;
    try {
      // Pieces of a cluster that a crash left under this name.
      await sweepCluster(folder);
      makeClusterFolder(folder, uid);
      await made.#build(progress);
      made.#record.change({ isComplete: true });
      made.#state = 'ready';
      return made;
    } catch (error) {
      await made.#running.dismantle();
      await removeClusterFolder(folder);
      throw creationFailure(error, spec.name, progress.signal);
    }
  }

  /** Takes over what an earlier host left: running where it runs, built again where its agent is gone. */
  static async recover(context: ClusterContext, record: ClusterRecord): Promise<EmbeddedCluster> {
    const cluster = new EmbeddedCluster(context, record);
    await cluster.#takeOver();
    return cluster;
  }

  info(): ClusterInfo {
    const { spec, createdAt, port } = this.#record.now;
    return infoOf(spec, {
      state: this.#state,
      createdAt,
      ...(port === 0 ? {} : { server: `https://127.0.0.1:${port}` }),
    });
  }

  kubeconfig(role: 'learner' | 'platform'): string {
    const { port } = this.#record.now;
    const user = role === 'learner' ? 'admin' : 'platform';
    return this.#server().kubeconfig(user, `https://127.0.0.1:${port}`);
  }

  shell(target: ShellTarget): ShellCommand {
    return clusterShell(target, {
      world: this.#world(),
      folder: this.#running.folder,
      record: this.#record,
      share: this.#context.share,
    });
  }

  probe(requests: readonly ProbeRequest[]): Promise<ProbeResult[]> {
    return this.#world().network.probe(requests);
  }

  /** Flows seen lately; with `follow`, told one by one from then on until the signal or a reset. */
  async flows(
    follow: boolean,
    context: { signal: AbortSignal; onFlow: (flow: ObservedFlow) => void },
  ): Promise<ObservedFlow[]> {
    const { flows } = this.#world().network;
    if (!follow) return flows.recent();
    for (const flow of flows.recent()) context.onFlow(flow);
    await flows.follow(context.onFlow, context.signal);
    return [];
  }

  trouble(): ClusterTrouble | undefined {
    return troubleOf(this.#running, { state: this.#state, rebuiltAt: this.#rebuiltAt });
  }

  snapshot(known?: KnownSnapshot): SnapshotAnswer {
    return this.#snapshots.take(this.#server().api, known);
  }

  async apply(objects: readonly JsonObject[]): Promise<void> {
    const { registry } = this.#server().api;
    const api = await this.#running.platform(() => this.kubeconfig('platform'));
    await applyObjects(flatten(objects), { api, registry });
  }

  run(script: string, options: { signal: AbortSignal; timeoutMs?: number }): Promise<RunResult> {
    const { agent } = this.#world();
    return runInWorkstation({ agent, nodes: this.#record.nodes.length }, script, options);
  }

  settled(): Promise<void> {
    return this.#world().network.settled();
  }

  /** A new world under the same name, port and keys. Rejects with CLUSTER_FAILED; the cluster is broken then. */
  reset(progress: Progress): Promise<void> {
    return this.#inTurn(async () => {
      this.#state = 'resetting';
      // Half a reset would be no cluster: a host that comes after a crash brings it to its end.
      this.#record.change({ isResetting: true });
      try {
        await this.#startAgain(progress);
      } catch (error) {
        this.#state = 'broken';
        throw creationFailure(error, this.#record.spec.name);
      }
    });
  }

  /** Ends everything and removes its folders. */
  remove(): Promise<void> {
    return this.#inTurn(async () => {
      this.#state = 'deleting';
      await Promise.all([this.#leaving, this.#running.dismantle()]);
      await sweepCluster(this.#running.folder);
    });
  }

  /** For a host that ends: the agent and its processes live on for their grace. */
  async stop(): Promise<void> {
    await this.#turn.catch(() => undefined);
    await this.#leaving;
    this.#running.leaveWorld()?.disconnect();
    await this.#running.closeServer();
  }

  async #startAgain(progress: Progress): Promise<void> {
    this.#rebuiltAt = -Infinity;
    await this.#leaving;
    const old = this.#running;
    const agent = old.leaveWorld();
    const oldFolders = setAside(old.folder);
    this.#record.nextGeneration();
    this.#running = this.#newRunning();
    const { folder } = this.#running;
    const killed = agent?.killAll().catch(() => undefined); // an agent that is gone took all with it
    await old.closeServer();
    // Keys stay in the private folder, objects go.
    rmSync(path.join(folder.private, 'api', 'journal'), { recursive: true, force: true });
    makeClusterFolder(folder, this.uid);
    await killed;
    try {
      await this.#build({ ...progress, signal: UNWATCHED.signal });
    } finally {
      // Taking namespaces apart holds up whoever makes new ones, so it comes last, and nobody waits for it.
      this.#leaving = leave(agent, oldFolders);
    }
    this.#record.change({ isResetting: false });
    this.#state = 'ready';
  }

  async #takeOver(): Promise<void> {
    if (this.#record.now.isResetting === true) {
      await endAgents(this.#running.folder);
      await this.#startAgain(UNWATCHED);
      return;
    }
    await takeOverCluster(this.#running, this.#record);
    this.#state = 'ready';
  }

  /** The agent went without our doing: the cluster is built again from its objects. */
  #rebuild(lost: RunningCluster): void {
    const { name } = this.#record.spec;
    this.#context.logger.error('the agent of a cluster is gone; the cluster is built again', {
      name,
    });
    this.#inTurn(async () => {
      // Meanwhile it may have been reset or deleted.
      if (lost.world === undefined) return;
      this.#state = 'resetting';
      await lost.dismantle();
      this.#running = this.#newRunning();
      await this.#takeOver();
      this.#rebuiltAt = performance.now();
    }).catch((error: unknown) => {
      this.#state = 'broken';
      this.#context.logger.error('a cluster could not be built again', {
        name,
        error: messageOf(error),
      });
    });
  }

  #newRunning(): RunningCluster {
    return new RunningCluster(this.#context, this.#record, (lost) => {
      if (this.#state === 'ready') this.#rebuild(lost);
    });
  }

  #build(progress: Progress): Promise<void> {
    const { readyTimeoutMs } = this.#context;
    return buildCluster(this.#running, { record: this.#record, readyTimeoutMs }, progress);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work, work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  #server(): ApiServer {
    return this.#running.server ?? this.#notNow();
  }

  #world(): World {
    return this.#running.world ?? this.#notNow();
  }

  #notNow(): never {
    throw new GatehouseError(
      'CLUSTER_UNREACHABLE',
      `cluster "${this.#record.spec.name}" is ${this.#state} just now`,
      { fix: this.#state === 'broken' ? 'reset it or delete it' : 'try again in a moment' },
    );
  }
}

/** Ends an agent that was replaced, and removes its folders. Never rejects: what stays is swept by the next host. */
async function leave(agent: Agent | undefined, folders: readonly string[]): Promise<void> {
  await agent?.[Symbol.asyncDispose]();
  await Promise.allSettled(folders.map((folder) => rm(folder, { recursive: true, force: true })));
}
