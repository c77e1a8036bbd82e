import { rmSync } from 'node:fs';
import path from 'node:path';
import { KubeApi } from '../../../client/kube-api.js';
import type { Agent } from '../../agent/agent.js';
import { createApiServer, type ApiServer } from '../../api/create-api-server.js';
import { homeFiles } from '../../kubelet/workstation.js';
import { nodeAddress } from '../../network/addresses.js';
import type { ClusterContext } from './cluster-context.js';
import type { ClusterFolder } from './cluster-folder.js';
import type { KeptRecord } from './kept-record.js';
import { giveTo } from './owned.js';
import { startSurroundings } from './surroundings.js';
import { VolatileFolder } from './volatile-folder.js';
import { API_PORT, World, breakGround, type Ground, type WorldOptions } from './world.js';

/**
 * What runs of a cluster from one start to the next reset or breakdown: its API server, its agent, and the world between
 * them. Each part is known as soon as it is there, so that `dismantle` ends it at any stage.
 */
export class RunningCluster {
  readonly folder: ClusterFolder;
  readonly #context: ClusterContext;
  readonly #record: KeptRecord;
  readonly #onAgentLost: (lost: RunningCluster) => void;
  #server: ApiServer | undefined;
  #world: World | undefined;
  /** What runs while no world stands on it yet. */
  #bareAgent: Agent | undefined;
  /** The way in for what the platform applies: past no check that a client's request meets. */
  #platform: Promise<KubeApi> | undefined;

  constructor(
    context: ClusterContext,
    record: KeptRecord,
    /** Called when the agent goes without our doing: killed, or out of memory. */
    onAgentLost: (lost: RunningCluster) => void,
  ) {
    this.#context = context;
    this.#record = record;
    this.#onAgentLost = onAgentLost;
    this.folder = record.folder;
  }

  /** Undefined before it is open and after it is closed. */
  get server(): ApiServer | undefined {
    return this.#server;
  }

  /** Undefined before it is started and after it was left. */
  get world(): World | undefined {
    return this.#world;
  }

  async openServer(): Promise<ApiServer> {
    const { resources, catalogue, logger } = this.#context;
    const { spec, port, uid } = this.#record.now;
    rmSync(this.folder.apiSocket, { force: true });
    const server = await createApiServer({
      name: spec.name,
      stateDir: path.join(this.folder.private, 'api'),
      unixPath: this.folder.apiSocket,
      resources,
      catalogue,
      addresses: [nodeAddress(0), this.#record.nodes[0] ?? '', '127.0.0.1', 'localhost'],
      logger,
    });
    this.#server = server;
    giveTo(this.folder.apiSocket, uid);
    const listening = await server.listenLocal(port).catch(() => server.listenLocal());
    this.#record.change({ port: listening.port });
    return server;
  }

  /** A new agent, where no earlier host left one. */
  async breakGround(): Promise<Ground> {
    const ground = await breakGround(this.#worldOptions());
    this.#bareAgent = ground.agent;
    return ground;
  }

  /** Sets everything in motion over what the API server holds and the agent has. */
  startWorld(ground: Ground, server: ApiServer): World {
    this.#bareAgent = ground.agent;
    const volatile = this.#openVolatile(ground, server);
    const world = World.start({ ground, server, volatile }, this.#worldOptions());
    this.#world = world;
    this.#bareAgent = undefined;
    ground.agent.on('end', () => {
      if (this.#world === world) this.#onAgentLost(this);
    });
    return world;
  }

  /** Resolves when the API server is reached from the LAN and the learner's workstation runs. */
  startSurroundings(ground: Ground, { volatile }: World): Promise<void> {
    const { folder } = this;
    const { share } = this.#context;
    return startSurroundings(ground, { folder, share, volatile, nodes: this.#record.nodes });
  }

  /** A connection to the API server with the platform's rights, made once. */
  platform(kubeconfig: () => string): Promise<KubeApi> {
    this.#platform ??= KubeApi.connect(kubeconfig());
    return this.#platform;
  }

  /** Ends everything. Safe at any stage, and twice. */
  async dismantle(): Promise<void> {
    await Promise.allSettled([this.leaveWorld()?.[Symbol.asyncDispose](), this.closeServer()]);
  }

  /** Nothing more is done in the world; the agent that was under it is the caller's to end or to leave. */
  leaveWorld(): Agent | undefined {
    const agent = this.#world?.agent ?? this.#bareAgent;
    this.#world?.[Symbol.dispose]();
    this.#world = undefined;
    this.#bareAgent = undefined;
    return agent;
  }

  async closeServer(): Promise<void> {
    const server = this.#server;
    const platform = this.#platform;
    this.#server = undefined;
    this.#platform = undefined;
    (await platform)?.[Symbol.dispose]();
    await server?.[Symbol.asyncDispose]();
  }

  /** Homes and empty volumes: mounted with a new agent, kept with one that lived on. */
  #openVolatile({ agent, found }: Ground, server: ApiServer): VolatileFolder {
    const { spec, uid } = this.#record.now;
    const { folder } = this;
    const volatile = new VolatileFolder({ agent, folder, nodes: this.#record.nodes, uid });
    const kubeconfig = server.kubeconfig('admin', `https://${nodeAddress(0)}:${API_PORT}`);
    if (found === undefined) volatile.mount(homeFiles(kubeconfig, spec.files ?? []));
    return volatile;
  }

  #worldOptions(): WorldOptions {
    const { share, images, graceMs, logger } = this.#context;
    const { nodes, now } = this.#record;
    return { folder: this.folder, uid: now.uid, nodes, share, images, graceMs, logger };
  }
}
