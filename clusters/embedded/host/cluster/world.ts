import path from 'node:path';
import type { Logger } from '../../../../common/logger.js';
import type { Agent, KeptProcess } from '../../agent/agent.js';
import { connectAgent } from '../../agent/connect-agent.js';
import { createAgent } from '../../agent/create-agent.js';
import type { ApiServer } from '../../api/create-api-server.js';
import { startControllers } from '../../controllers/index.js';
import type { ImageSource, KubeletContext } from '../../kubelet/context.js';
import { Kubelet } from '../../kubelet/kubelet.js';
import { createContainerStreams } from '../../kubelet/streams.js';
import { UsageSampler } from '../../kubelet/usage-sampler.js';
import { API_SERVICE_ADDRESS, nodeAddress, nodeNetns } from '../../network/addresses.js';
import { ClusterNetwork } from '../../network/cluster-network.js';
import { DnsZone } from '../../network/dns-zone.js';
import { LoadBalancerPool } from '../../network/load-balancer-addresses.js';
import type { ClusterFolder } from './cluster-folder.js';
import { createPluginController } from '../../plugins/plugin-controller.js';
import type { VolatileFolder } from './volatile-folder.js';
import type { Share } from '../shared-folder.js';

export interface WorldOptions {
  folder: ClusterFolder;
  uid: number | undefined;
  nodes: readonly string[];
  share: Share;
  images: ImageSource;
  graceMs: number;
  logger: Logger;
}

/** The image of the cluster's DNS, and where it looks for its names. */
const DNS_IMAGE = 'registry.k8s.io/coredns/coredns';
const ZONE_FOLDER = '/var/lib/gatehouse/dns';
export const API_PORT = 6443;

/** The agent of a cluster, new or found alive. */
export interface Ground {
  agent: Agent;
  /** What ran already; undefined for a new agent. */
  found: { processes: readonly KeptProcess[]; namespaces: ReadonlySet<string> } | undefined;
}

/** A new agent with the LAN's wires and a place for volatile files. */
export async function breakGround(options: WorldOptions): Promise<Ground> {
  const { folder, uid, share, graceMs, nodes } = options;
  const agent = await createAgent({
    dir: folder.run,
    socketPath: folder.agentSocket,
    graceMs,
    agentPath: share.agentPath,
    ...(uid === undefined ? {} : { uid }),
  });
  try {
    await ClusterNetwork.lay(agent, nodes);
    return { agent, found: undefined };
  } catch (error) {
    await agent[Symbol.asyncDispose]();
    throw error;
  }
}

/** The agent that an earlier host left, or undefined where it is gone. */
export async function findGround(folder: ClusterFolder): Promise<Ground | undefined> {
  let agent: Agent;
  try {
    agent = await connectAgent(folder.agentSocket);
  } catch {
    return undefined;
  }
  const [processes, namespaces] = await Promise.all([agent.processes(), agent.namespaces()]);
  return { agent, found: { processes, namespaces: new Set(namespaces) } };
}

/** All that moves in a cluster: controllers, plugin, network, kubelets. */
export class World implements Disposable {
  readonly agent: Agent;
  readonly network: ClusterNetwork;
  readonly kubelet: Kubelet;
  readonly volatile: VolatileFolder;
  readonly #stops: readonly (() => void)[];

  private constructor(
    parts: { agent: Agent; network: ClusterNetwork; kubelet: Kubelet; volatile: VolatileFolder },
    stops: readonly (() => void)[],
  ) {
    this.agent = parts.agent;
    this.network = parts.network;
    this.kubelet = parts.kubelet;
    this.volatile = parts.volatile;
    this.#stops = stops;
  }

  /** Sets everything in motion over what the API server holds and the agent has. */
  static start(
    { ground, server, volatile }: { ground: Ground; server: ApiServer; volatile: VolatileFolder },
    options: WorldOptions,
  ): World {
    const { agent, found } = ground;
    const { folder, nodes, logger } = options;
    // Nobody has to know which fields the cluster's own machinery set: keeping that in step costs more than the writes.
    const api = server.api.as('');
    const parts: { kubelet?: Kubelet; network?: ClusterNetwork } = {};
    const plugins = createPluginController({
      api,
      logger,
      onPlugin: () => {
        // The kubelets look again once the routes are there.
        void parts.network?.pluginChanged().then(() => parts.kubelet?.nudge());
      },
    });
    const network = ClusterNetwork.start({
      agent,
      api,
      nodes,
      logger,
      sockets: folder.sockets,
      uid: options.uid,
      networkOf: (node) => plugins.networkOf(node),
      ...(found === undefined ? {} : { adopted: found.namespaces }),
    });
    const dns = DnsZone.start({ api, folder: path.join(folder.run, 'dns'), logger });
    const context: KubeletContext = {
      api,
      agent,
      network,
      logger,
      images: options.images,
      shared: options.share,
      nodes: new Map(
        nodes.map((name, i) => [name, { name, address: nodeAddress(i), netns: nodeNetns(name) }]),
      ),
      podsFolder: folder.pods,
      ownerUid: options.uid,
      serviceAccountToken: ({ pod, audience, expirationSeconds }) =>
        server.serviceAccountToken(
          pod.metadata.namespace ?? '',
          pod.spec.serviceAccountName ?? 'default',
          {
            seconds: expirationSeconds,
            pod: { name: pod.metadata.name, uid: pod.metadata.uid },
            ...(audience === undefined ? {} : { audience }),
          },
        ),
      scratch: volatile,
      extraMounts: (image) =>
        image.name === DNS_IMAGE
          ? [{ source: dns.folder, target: ZONE_FOLDER, readOnly: true }]
          : [],
    };
    server.setStreams(createContainerStreams({ context, kubelet: () => kubelet }));
    const usage = new UsageSampler(agent);
    server.setUsage(usage);
    const kubelet = Kubelet.start(context, found?.processes);
    Object.assign(parts, { kubelet, network });
    const pool = new LoadBalancerPool();
    const controllers = startControllers({
      api,
      resources: server.api.registry,
      server: server.api,
      createAsked: (user, resource, object) => server.createAsked(user, resource, object),
      caPem: server.caPem,
      usage,
      logger,
      apiServer: { clusterIp: API_SERVICE_ADDRESS, address: nodeAddress(0), port: API_PORT },
      loadBalancers: {
        allocate: (_service, wanted) => pool.allocate(wanted),
        release: (address) => {
          pool.release(address);
        },
      },
    });
    void network.pluginChanged();
    return new World({ agent, network, kubelet, volatile }, [
      () => {
        controllers[Symbol.dispose]();
      },
      () => {
        plugins[Symbol.dispose]();
      },
      () => {
        kubelet.stop();
      },
      () => {
        network.stop();
      },
      () => {
        dns.stop();
      },
    ]);
  }

  /** Stops all movement; the agent and its processes stay. */
  [Symbol.dispose](): void {
    for (const stop of this.#stops) stop();
  }
}
