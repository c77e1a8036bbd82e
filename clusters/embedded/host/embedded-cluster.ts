import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { GatehouseError, messageOf } from '../../../common/errors.js';
import type { JsonObject } from '../../../common/json.js';
import type { Logger } from '../../../common/logger.js';
import type { Phase } from '../../../common/progress.js';
import type { ObservedFlow } from '../../../common/flow.js';
import type { ProbeRequest, ProbeResult } from '../../../common/probe.js';
import type {
  ClusterInfo,
  ClusterTrouble,
  ClusterState,
  RunResult,
  ShellCommand,
  ShellTarget,
} from '../../provider.js';
import { away, damaged, missingSystem, SYSTEM_PARTS } from '../../trouble.js';
import type { Agent } from '../agent/agent.js';
import { KubeApi } from '../../client/kube-api.js';
import { joinCommand } from '../agent/join-command.js';
import { ApiError } from '../api/api-error.js';
import { createApiServer, type ApiServer } from '../api/create-api-server.js';
import {
  WORKSTATION_ID,
  homeFiles,
  startWorkstation,
  workstationShell,
  nodeShell,
} from '../kubelet/workstation.js';
import { nodeAddress, nodeNames, nodeNetns } from '../network/addresses.js';
import { pluginManifest } from '../plugins/index.js';
import { OUTSIDE_ID, startOutsideServer } from '../kubelet/outside-server.js';
import { createAll, flatten } from './apply-baseline.js';
import { applyObjects } from './apply-objects.js';
import { dnsObjects } from './cluster-dns.js';
import {
  clusterFolder,
  makeClusterFolder,
  removeClusterFolder,
  setAside,
  writeRecord,
  type ClusterFolder,
  type ClusterRecord,
  type StoredSpec,
} from './cluster-folder.js';
import type { HostParts } from './host-parts.js';
import { infoOf } from './info.js';
import { registerNodes } from './node-objects.js';
import { runInWorkstation } from './run-script.js';
import type { Share } from './shared-folder.js';
import { SnapshotSource, type KnownSnapshot, type SnapshotAnswer } from './snapshot.js';
import { endAgents, sweepCluster } from './sweep.js';
import { missingForReadiness, NotReadyError, waitReady } from './wait-ready.js';
import {
  API_PORT,
  World,
  breakGround,
  findGround,
  type Ground,
  type WorldOptions,
} from './world.js';
import { podShell } from './pod-shell.js';
import { asApplied, finderOf, metadataOf } from './manifests.js';
import { giveTo } from './owned.js';
import { VolatileFolder } from './volatile-folder.js';

/** What every cluster of a host is given. */
export interface ClusterContext extends HostParts {
  stateDir: string;
  share: Share;
  graceMs: number;
  readyTimeoutMs: number;
  logger: Logger;
}

export interface Progress {
  signal: AbortSignal;
  onPhase: (phase: Phase) => void;
}

const NEVER: Progress = { signal: new AbortController().signal, onPhase: () => undefined };
/** What a create took lately, for the estimate that a phase carries. */
const USUAL_MS = 300;

/** One cluster: its API server, its world, and what the host remembers of it. */
export class EmbeddedCluster {
  readonly #context: ClusterContext;
  #folder: ClusterFolder;
  readonly #nodes: readonly string[];
  readonly #snapshots = new SnapshotSource();
  #record: ClusterRecord;
  #server: ApiServer | undefined;
  #world: World | undefined;
  /** What runs while no world stands on it yet, or no more. */
  #bareAgent: Agent | undefined;
  /** The way in for what the platform applies: past no check that a client's request meets. */
  #platform: Promise<KubeApi> | undefined;
  #volatile: VolatileFolder | undefined;
  #state: ClusterState = 'creating';
  /** When it was last built again after a breakdown, on the clock of this process. */
  #rebuiltAt = -Infinity;
  /** What a reset replaced, on its way out. */
  #leaving: Promise<void> = Promise.resolve();
  /** Creations, resets and deletions of one cluster come one after the other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(context: ClusterContext, record: ClusterRecord) {
    this.#context = context;
    this.#record = record;
    this.#folder = clusterFolder(context.stateDir, record.spec.name, record.generation);
    this.#nodes = nodeNames(record.spec.nodes);
  }

  get uid(): number | undefined {
    return this.#record.uid;
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
    try {
      // Pieces of a cluster that a crash left under this name.
      await sweepCluster(made.#folder);
      makeClusterFolder(made.#folder, uid);
      await made.#build(progress);
      made.#remember({ isComplete: true });
      made.#state = 'ready';
      return made;
    } catch (error) {
      await made.#dismantle();
      await removeClusterFolder(made.#folder);
      throw explain(error, spec.name, progress.signal);
    }
  }

  /** Takes over what an earlier host left: running where it runs, built again where its agent is gone. */
  static async recover(context: ClusterContext, record: ClusterRecord): Promise<EmbeddedCluster> {
    const cluster = new EmbeddedCluster(context, record);
    await cluster.#takeOver();
    return cluster;
  }

  info(): ClusterInfo {
    const { spec, createdAt, port } = this.#record;
    return infoOf(spec, {
      state: this.#state,
      createdAt,
      ...(port === 0 ? {} : { server: `https://127.0.0.1:${port}` }),
    });
  }

  kubeconfig(role: 'learner' | 'platform'): string {
    return this.#kubeconfigFor(role, `https://127.0.0.1:${this.#record.port}`);
  }

  shell(target: ShellTarget): ShellCommand {
    const { share } = this.#context;
    const world = this.#need();
    const where = { socketPath: this.#folder.agentSocket, joinPath: share.joinPath };
    switch (target.type) {
      case 'workstation':
        return { ...joinCommand(workstationShell(['bash'], this.#nodes.length), where), env: {} };
      case 'node': {
        this.#checkNode(target.name);
        const spec = nodeShell(
          {
            shared: share,
            folder: path.join(this.#folder.run, 'shells'),
            root: this.#volatile?.nodeHome(target.name) ?? '',
          },
          target.name,
        );
        return { ...joinCommand(spec, where), env: {} };
      }
      case 'pod':
        return { ...joinCommand(podShell(world.kubelet, target), where), env: {} };
    }
  }

  probe(requests: readonly ProbeRequest[]): Promise<ProbeResult[]> {
    return this.#need().network.probe(requests);
  }

  /** Flows seen lately; with `follow`, told one by one from then on until the signal or a reset. */
  async flows(
    follow: boolean,
    context: { signal: AbortSignal; onFlow: (flow: ObservedFlow) => void },
  ): Promise<ObservedFlow[]> {
    const { flows } = this.#need().network;
    if (!follow) return flows.recent();
    for (const flow of flows.recent()) context.onFlow(flow);
    await flows.follow(context.onFlow, context.signal);
    return [];
  }

  trouble(): ClusterTrouble | undefined {
    if (this.#state === 'broken') return damaged('It broke down and could not be built again.');
    if (this.#server === undefined || this.#world === undefined)
      return away('It broke down and is being built again from its objects.');
    const { api } = this.#server;
    const damage = missingSystem(
      SYSTEM_PARTS.filter(({ group, plural, name }) => {
        const resource = group === '' ? plural : `${plural}.${group}`;
        return api.get(resource, name, 'kube-system') === undefined;
      }),
    );
    return damage ?? restartedAt(this.#rebuiltAt);
  }

  snapshot(known?: KnownSnapshot): SnapshotAnswer {
    return this.#snapshots.take(this.#api().api, known);
  }

  async apply(objects: readonly JsonObject[]): Promise<void> {
    const { registry } = this.#api().api;
    this.#platform ??= KubeApi.connect(this.kubeconfig('platform'));
    await applyObjects(flatten(objects), { api: await this.#platform, registry });
  }

  run(script: string, options: { signal: AbortSignal; timeoutMs?: number }): Promise<RunResult> {
    const { agent } = this.#need();
    return runInWorkstation({ agent, nodes: this.#nodes.length }, script, options);
  }

  settled(): Promise<void> {
    return this.#need().network.settled();
  }

  /** A new world under the same name, port and keys. Rejects with CLUSTER_FAILED; the cluster is broken then. */
  reset(progress: Progress): Promise<void> {
    return this.#inTurn(async () => {
      this.#state = 'resetting';
      // Half a reset would be no cluster: a host that comes after a crash brings it to its end.
      this.#remember({ isResetting: true });
      try {
        await this.#startAgain(progress);
      } catch (error) {
        this.#state = 'broken';
        throw explain(error, this.#record.spec.name, NEVER.signal);
      }
    });
  }

  async #startAgain(progress: Progress): Promise<void> {
    this.#rebuiltAt = -Infinity;
    await this.#leaving;
    const old = this.#leaveWorld();
    const oldFolders = setAside(this.#folder);
    const { stateDir } = this.#context;
    this.#remember({ generation: this.#record.generation + 1 });
    this.#folder = clusterFolder(stateDir, this.#record.spec.name, this.#record.generation);
    const killed = old?.killAll().catch(() => undefined); // an agent that is gone took all with it
    await this.#closeServer();
    // Keys stay in the private folder, objects go.
    rmSync(path.join(this.#folder.private, 'api', 'journal'), { recursive: true, force: true });
    makeClusterFolder(this.#folder, this.#record.uid);
    await killed;
    try {
      await this.#build({ ...progress, signal: NEVER.signal });
    } finally {
      // Taking namespaces apart holds up whoever makes new ones, so it comes last, and nobody waits for it.
      this.#leaving = leave(old, oldFolders);
    }
    this.#remember({ isResetting: false });
    this.#state = 'ready';
  }

  async #takeOver(): Promise<void> {
    if (this.#record.isResetting === true) {
      await endAgents(this.#folder);
      await this.#startAgain(NEVER);
      return;
    }
    const found = await findGround(this.#folder);
    await endAgents(this.#folder, found?.agent.pid);
    if (found === undefined) {
      rmSync(this.#folder.run, { recursive: true, force: true });
      makeClusterFolder(this.#folder, this.#record.uid);
    }
    const server = await this.#openServer();
    const ground = found ?? (await breakGround(this.#worldOptions()));
    this.#bareAgent = ground.agent;
    const volatile = this.#openVolatile(ground, server);
    this.#world = this.#startWorld({ ground, server, volatile });
    await this.#afterStart(ground, volatile);
    this.#state = 'ready';
  }

  #startWorld(parts: { ground: Ground; server: ApiServer; volatile: VolatileFolder }): World {
    const world = World.start(parts, this.#worldOptions());
    this.#bareAgent = undefined;
    parts.ground.agent.on('end', () => {
      if (this.#world === world && this.#state === 'ready') this.#agentLost(world);
    });
    return world;
  }

  /** The agent went without our doing (killed, out of memory): the cluster is built again from its objects. */
  #agentLost(world: World): void {
    const { name } = this.#record.spec;
    this.#context.logger.error('the agent of a cluster is gone; the cluster is built again', {
      name,
    });
    this.#inTurn(async () => {
      if (this.#world !== world) return;
      this.#state = 'resetting';
      await this.#dismantle();
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

  #remember(change: Partial<ClusterRecord>): void {
    this.#record = { ...this.#record, ...change };
    writeRecord(this.#folder, this.#record);
  }

  /** Ends everything; the folder is the caller's to remove. */
  remove(): Promise<void> {
    return this.#inTurn(async () => {
      this.#state = 'deleting';
      await Promise.all([this.#leaving, this.#dismantle()]);
      await sweepCluster(this.#folder);
    });
  }

  /** For a host that ends: the agent and its processes live on for their grace. */
  async stop(): Promise<void> {
    await this.#turn.catch(() => undefined);
    await this.#leaving;
    this.#leaveWorld()?.disconnect();
    await this.#closeServer();
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#turn.then(work, work);
    this.#turn = next.catch(() => undefined);
    return next;
  }

  async #build({ signal, onPhase }: Progress): Promise<void> {
    const { spec } = this.#record;
    const startedAt = performance.now();
    const phase = (id: string, title: string, fraction: number): void => {
      signal.throwIfAborted();
      const remainingMs = Math.max(0, USUAL_MS - (performance.now() - startedAt));
      onPhase({ id, title, fraction, remainingMs: Math.round(remainingMs) });
    };
    phase('network', `Wiring ${spec.nodes} ${spec.nodes === 1 ? 'node' : 'nodes'}`, 0);
    const options = this.#worldOptions();
    const [grounded, opened] = await Promise.allSettled([breakGround(options), this.#openServer()]);
    // What came to be must be known, so that it can be undone.
    if (grounded.status === 'rejected') throw grounded.reason;
    const ground = grounded.value;
    this.#bareAgent = ground.agent;
    if (opened.status === 'rejected') throw opened.reason;
    const server = opened.value;
    phase('nodes', 'Starting the API server and the nodes', 0.3);
    registerNodes(server.api.as(''), this.#nodes);
    const volatile = this.#openVolatile(ground, server);
    this.#world = this.#startWorld({ ground, server, volatile });
    const api = server.api.as('');
    const kubectl = server.api.as('kubectl-client-side-apply');
    phase('workloads', 'Starting the workloads', 0.5);
    const started = this.#afterStart(ground, volatile);
    started.catch(() => undefined);
    const finder = finderOf(server);
    for (const { resource, object } of dnsObjects(1)) api.create(resource, object);
    await createAll(api, pluginManifest(spec.cni), finder);
    const manifests = flatten(spec.manifests);
    await createAll(kubectl, manifests.map(asApplied), finder);
    await started;
    phase('ready', 'Waiting until all is ready', 0.7);
    const scope = { nodesOnly: spec.cni === 'none', barePods: barePodsOf(manifests) };
    await waitReady(server.api, () => missingForReadiness(server.api, scope), {
      timeoutMs: this.#context.readyTimeoutMs,
      signal,
    });
    await this.#world.network.settled();
    signal.throwIfAborted();
  }

  /** The workstation, and the way from the LAN to the API server. */
  async #afterStart(ground: Ground, volatile: VolatileFolder): Promise<void> {
    const { agent, found } = ground;
    const { share } = this.#context;
    const logsFolder = this.#folder.logs;
    // What an earlier host started may still run, or have ended meanwhile.
    const startMissing = async (id: string, start: () => Promise<void>): Promise<void> => {
      const kept = found?.processes.find((process) => process.id === id);
      if (kept !== undefined && kept.exit === undefined) return;
      if (kept !== undefined) await agent.forget(id);
      await start();
    };
    await Promise.all([
      this.#relay(ground),
      startMissing(OUTSIDE_ID, () => startOutsideServer({ agent, shared: share, logsFolder })),
      startMissing(WORKSTATION_ID, async () => {
        await volatile.ready;
        await startWorkstation({
          agent,
          shared: share,
          programs: share.workstationPrograms,
          nodes: this.#nodes,
          folder: path.join(this.#folder.run, 'workstation'),
          home: volatile.home,
          logsFolder,
        });
      }),
    ]);
  }

  /** Homes and empty volumes: mounted anew with a new agent, as they are with one that lived on. */
  #openVolatile({ agent, found }: Ground, server: ApiServer): VolatileFolder {
    const { spec, uid } = this.#record;
    const folder = new VolatileFolder({ agent, folder: this.#folder, nodes: this.#nodes, uid });
    const kubeconfig = server.kubeconfig('admin', `https://${nodeAddress(0)}:${API_PORT}`);
    if (found === undefined) folder.mount(homeFiles(kubeconfig, spec.files ?? []));
    this.#volatile = folder;
    return folder;
  }

  async #relay({ agent, found }: Ground): Promise<void> {
    // An agent that lived on still listens for us.
    if (found !== undefined) return;
    const [first = ''] = this.#nodes;
    await agent.relay(nodeNetns(first), {
      address: '0.0.0.0',
      port: API_PORT,
      unixPath: this.#folder.apiSocket,
    });
  }

  async #openServer(): Promise<ApiServer> {
    const { resources, catalogue, logger } = this.#context;
    const { spec, port, uid } = this.#record;
    rmSync(this.#folder.apiSocket, { force: true });
    const server = await createApiServer({
      name: spec.name,
      stateDir: path.join(this.#folder.private, 'api'),
      unixPath: this.#folder.apiSocket,
      resources,
      catalogue,
      addresses: [nodeAddress(0), this.#nodes[0] ?? '', '127.0.0.1', 'localhost'],
      logger,
    });
    this.#server = server;
    giveTo(this.#folder.apiSocket, uid);
    const listening = await server.listenLocal(port).catch(() => server.listenLocal());
    this.#remember({ port: listening.port });
    return server;
  }

  /** Ends everything that runs. Safe at any stage, and twice. */
  async #dismantle(): Promise<void> {
    await Promise.allSettled([this.#leaveWorld()?.[Symbol.asyncDispose](), this.#closeServer()]);
  }

  /** Nothing more is done in the world; the agent that was under it is the caller's to end or to leave. */
  #leaveWorld(): Agent | undefined {
    const agent = this.#world?.agent ?? this.#bareAgent;
    this.#world?.[Symbol.dispose]();
    this.#world = undefined;
    this.#bareAgent = undefined;
    return agent;
  }

  async #closeServer(): Promise<void> {
    const server = this.#server;
    const platform = this.#platform;
    this.#server = undefined;
    this.#platform = undefined;
    (await platform)?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  }

  #worldOptions(): WorldOptions {
    const { share, images, graceMs, logger } = this.#context;
    return {
      folder: this.#folder,
      uid: this.#record.uid,
      nodes: this.#nodes,
      share,
      images,
      graceMs,
      logger,
    };
  }

  #kubeconfigFor(role: 'learner' | 'platform', serverUrl: string): string {
    return this.#api().kubeconfig(role === 'learner' ? 'admin' : 'platform', serverUrl);
  }

  #api(): ApiServer {
    if (this.#server === undefined) throw this.#notNow();
    return this.#server;
  }

  #need(): World {
    if (this.#world === undefined) throw this.#notNow();
    return this.#world;
  }

  #notNow(): GatehouseError {
    return new GatehouseError(
      'CLUSTER_UNREACHABLE',
      `cluster "${this.#record.spec.name}" is ${this.#state} just now`,
      { fix: this.#state === 'broken' ? 'reset it or delete it' : 'try again in a moment' },
    );
  }

  #checkNode(name: string): void {
    if (!this.#record.spec.nodeShell) {
      throw new GatehouseError('FORBIDDEN', 'node shells are switched off for this cluster');
    }
    if (!this.#nodes.includes(name)) {
      throw new GatehouseError(
        'NOT_FOUND',
        `there is no node "${name}"; there are: ${this.#nodes.join(', ')}`,
      );
    }
  }
}

/** Ends an agent that was replaced, and removes its folders. Never rejects: what stays is swept by the next host. */
async function leave(agent: Agent | undefined, folders: readonly string[]): Promise<void> {
  await agent?.[Symbol.asyncDispose]();
  await Promise.allSettled(folders.map((folder) => rm(folder, { recursive: true, force: true })));
}

function explain(error: unknown, name: string, signal: AbortSignal): Error {
  if (signal.aborted) {
    return new GatehouseError('CANCELLED', `the creation of cluster "${name}" was cancelled`);
  }
  if (error instanceof GatehouseError) return error;
  if (error instanceof NotReadyError) {
    return new GatehouseError('CLUSTER_FAILED', `cluster "${name}" is ${error.message}`, {
      cause: error,
      fix: 'look at the manifests: what does not become available keeps a cluster from being ready; annotate it with gatehouse.dev/wait: "false" where that is meant',
    });
  }
  const what =
    error instanceof ApiError ? `a manifest was refused: ${error.message}` : messageOf(error);
  return new GatehouseError('CLUSTER_FAILED', `cluster "${name}" could not be made: ${what}`, {
    cause: error,
  });
}

function barePodsOf(manifests: readonly JsonObject[]): { namespace: string; name: string }[] {
  return manifests.flatMap((object) => {
    if (object['kind'] !== 'Pod') return [];
    const { name, namespace } = metadataOf(object);
    return name === undefined ? [] : [{ name, namespace: namespace ?? 'default' }];
  });
}

/** How long a breakdown is news. */
const NEWS_MS = 60_000;

function restartedAt(at: number): ClusterTrouble | undefined {
  if (performance.now() - at > NEWS_MS) return undefined;
  return {
    state: 'restarted',
    message: 'It broke down and was built again from its objects; pods and shells are new ones.',
    fix: 'Open a new shell and go on. What you made in the cluster is there; files in your home are as at the start.',
  };
}
