import type { Logger } from '../../../common/logger.js';
import type { Agent } from '../agent/agent.js';
import type { ClusterApi } from '../api/cluster-api.js';
import { ROUTER, isLoadBalancerAddress, nodeNetns } from './addresses.js';
import { Coalescer } from './coalescer.js';
import { HealthChecks } from './health-checks.js';
import { keepObjects } from './keep-objects.js';
import { EMPTY_CONTENT, diffTable, type TableContent } from './nft-table.js';
import type { EndpointSliceObject, ServiceObject } from './objects.js';
import { externalAddresses, servicePorts, usable, type ServicePort } from './service-ports.js';
import { staleRoutes } from './stale-connections.js';
import { SERVICE_TABLE, serviceContent, serviceTableSetup } from './services.js';

export interface ServiceProxyOptions {
  agent: Agent;
  api: ClusterApi;
  nodes: readonly { name: string; address: string }[];
  logger: Logger;
  /** A folder for sockets that the agent may connect to, and its user where that is another than ours. */
  sockets: string;
  uid: number | undefined;
}

/** kube-proxy of every node, with its health checks, and the load balancer of the LAN: Services as nftables, event by event. */
export class ServiceProxy {
  readonly #options: ServiceProxyOptions;
  readonly #services = new Map<string, ServiceObject>();
  readonly #slices = new Map<string, EndpointSliceObject>();
  /** What is in force by node; undefined: the table has to be made anew. */
  readonly #inForce = new Map<string, TableContent>();
  /** The ports that a node's table was last made of. */
  readonly #portsInForce = new Map<string, readonly ServicePort[]>();
  readonly #routes = new Map<string, string>();
  readonly #health: HealthChecks;
  readonly #work: Coalescer;
  readonly #stops: (() => void)[] = [];

  constructor(options: ServiceProxyOptions) {
    this.#options = options;
    this.#health = new HealthChecks(options);
    this.#work = new Coalescer(() => this.#apply(), options.logger);
    const { api } = options;
    const onChange = (): void => {
      this.#work.request();
    };
    this.#stops.push(
      keepObjects(api, 'services', { objects: this.#services, onChange }),
      keepObjects(api, 'endpointslices.discovery.k8s.io', { objects: this.#slices, onChange }),
    );
    this.#work.request();
  }

  settled(): Promise<void> {
    return this.#work.settled();
  }

  stop(): void {
    this.#work.stop();
    this.#health.stop();
    for (const stop of this.#stops.splice(0)) stop();
  }

  async #apply(): Promise<void> {
    const ports = servicePorts(this.#services.values(), this.#slices.values());
    await Promise.all([
      ...this.#options.nodes.map((node) => this.#applyTo(node, ports)),
      this.#routeLoadBalancers(ports),
      this.#health.update(this.#services.values(), ports),
    ]);
  }

  async #applyTo(
    node: { name: string; address: string },
    ports: readonly ServicePort[],
  ): Promise<void> {
    const next = serviceContent(ports, node.name);
    const before = this.#inForce.get(node.name);
    const changes = diffTable(SERVICE_TABLE, before ?? EMPTY_CONTENT, next);
    if (before !== undefined && changes === '') {
      this.#portsInForce.set(node.name, ports);
      return;
    }
    const script =
      before === undefined
        ? [
            `add table ${SERVICE_TABLE}`,
            `delete table ${SERVICE_TABLE}`,
            serviceTableSetup([node.address]),
            changes,
          ].join('\n')
        : changes;
    // Until it has worked, what is in force is not known.
    this.#inForce.delete(node.name);
    await this.#options.agent.nft(nodeNetns(node.name), script);
    this.#inForce.set(node.name, next);
    await this.#forgetConnections(node, ports);
  }

  /** What is translated anew starts with the next packet; the kernel knows the connections of before. */
  async #forgetConnections(
    node: { name: string; address: string },
    ports: readonly ServicePort[],
  ): Promise<void> {
    const stale = staleRoutes(this.#portsInForce.get(node.name) ?? [], ports, node.address);
    this.#portsInForce.set(node.name, ports);
    if (stale.length === 0) return;
    const { agent, logger } = this.#options;
    try {
      await agent.forgetConnections(nodeNetns(node.name), stale);
    } catch (error) {
      logger.warn('old UDP connections stay with their pods', { node: node.name, error });
    }
  }

  /** The LAN's router sends a load balancer's address to a node that may take it. */
  async #routeLoadBalancers(ports: readonly ServicePort[]): Promise<void> {
    const wanted = balancerRoutes(ports, this.#options.nodes);
    const { agent } = this.#options;
    const operations = [];
    for (const [ip, via] of wanted) {
      if (this.#routes.get(ip) === via) continue;
      operations.push({ op: 'route' as const, netns: ROUTER, cidr: `${ip}/32`, via });
      this.#routes.set(ip, via);
    }
    for (const ip of [...this.#routes.keys()]) {
      if (wanted.has(ip)) continue;
      operations.push({ op: 'route-delete' as const, netns: ROUTER, cidr: `${ip}/32` });
      this.#routes.delete(ip);
    }
    await agent.network(operations);
  }
}

/** By address: the node it is routed to, with the Local policy one that has an endpoint of any of its ports. */
function balancerRoutes(
  ports: readonly ServicePort[],
  nodes: readonly { name: string; address: string }[],
): Map<string, string> {
  const routes = new Map<string, string>();
  for (const { service, endpoints } of ports) {
    const isLocal = service.spec.externalTrafficPolicy === 'Local';
    const host = isLocal
      ? usable(endpoints).find(({ node }) => node !== undefined)?.node
      : undefined;
    const node = nodes.find(({ name }) => name === host) ?? nodes.at(-1);
    // A status can be written by hand: it must not lead other addresses of the LAN astray.
    for (const ip of externalAddresses(service).balancer.filter(isLoadBalancerAddress)) {
      if (node !== undefined && (host !== undefined || !routes.has(ip)))
        routes.set(ip, node.address);
    }
  }
  return routes;
}
