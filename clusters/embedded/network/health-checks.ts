import { rm } from 'node:fs/promises';
import { chownSync } from 'node:fs';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import path from 'node:path';
import type { Logger } from '../../../common/logger.js';
import type { Agent } from '../agent/agent.js';
import { nodeNetns } from './addresses.js';
import { keyOf, type ServiceObject } from './objects.js';
import type { ServicePort } from './service-ports.js';

export interface HealthCheckOptions {
  agent: Agent;
  nodes: readonly { name: string; address: string }[];
  logger: Logger;
  /** A folder for sockets that the agent may connect to. */
  sockets: string;
  /** The agent's user, where that is another one than ours. */
  uid: number | undefined;
}

/** What stands behind a health check's port on one node. */
interface Health {
  namespace: string;
  name: string;
  localEndpoints: number;
}

interface Listener {
  node: string;
  server: Server;
  unixPath: string;
}

/**
 * Answers on every node at the `healthCheckNodePort` of Services whose traffic from outside stays on its node, as
 * kube-proxy does: load balancers ask there which nodes have a pod.
 */
export class HealthChecks {
  readonly #options: HealthCheckOptions;
  /** By node and port. */
  readonly #listeners = new Map<string, Listener>();
  #health = new Map<string, Health>();

  constructor(options: HealthCheckOptions) {
    this.#options = options;
  }

  async update(services: Iterable<ServiceObject>, ports: readonly ServicePort[]): Promise<void> {
    const health = new Map<string, Health>();
    const wanted: { key: string; node: string; port: number }[] = [];
    for (const service of services) {
      const port = healthPort(service);
      if (port === undefined) continue;
      for (const { name: node } of this.#options.nodes) {
        const key = `${node} ${port}`;
        wanted.push({ key, node, port });
        health.set(key, {
          namespace: service.metadata.namespace ?? '',
          name: service.metadata.name,
          localEndpoints: countReady(service, { ports, node }),
        });
      }
    }
    this.#health = health;
    for (const [key, listener] of this.#listeners) {
      if (!health.has(key)) await this.#close(key, listener);
    }
    for (const one of wanted) if (!this.#listeners.has(one.key)) await this.#listen(one);
  }

  stop(): void {
    for (const { server } of this.#listeners.values()) {
      server.close();
      server.closeAllConnections();
    }
    this.#listeners.clear();
  }

  async #listen({ key, node, port }: { key: string; node: string; port: number }): Promise<void> {
    const { agent, nodes, logger, sockets, uid } = this.#options;
    const index = nodes.findIndex(({ name }) => name === node);
    const unixPath = path.join(sockets, `health-${index}-${port}`);
    const server = createServer((_request, response) => {
      answer(response, this.#health.get(key));
    });
    server.maxConnections = MAX_CONNECTIONS;
    server.headersTimeout = IDLE_MS;
    server.requestTimeout = IDLE_MS;
    server.keepAliveTimeout = IDLE_MS;
    this.#listeners.set(key, { node, server, unixPath });
    try {
      // One that an earlier run of the host left.
      await rm(unixPath, { force: true });
      server.listen(unixPath);
      await once(server, 'listening');
      if (uid !== undefined) chownSync(unixPath, uid, uid);
      await agent.relay(nodeNetns(node), { address: '0.0.0.0', port, unixPath });
    } catch (error) {
      logger.warn('nobody answers health checks of a Service', { node, port, error });
    }
  }

  async #close(key: string, { node, server, unixPath }: Listener): Promise<void> {
    this.#listeners.delete(key);
    server.close();
    server.closeAllConnections();
    await this.#options.agent.closeRelay(nodeNetns(node), unixPath);
  }
}

const MAX_CONNECTIONS = 32;
const IDLE_MS = 10_000;

function healthPort({ spec }: ServiceObject): number | undefined {
  const port = spec.healthCheckNodePort ?? 0;
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local' && port > 0
    ? port
    : undefined;
}

/** Pods, whatever number of ports they serve; those that end do not count. */
function countReady(
  service: ServiceObject,
  { ports, node }: { ports: readonly ServicePort[]; node: string },
): number {
  const own = ports.filter((port) => keyOf(port.service) === keyOf(service));
  const ready = own.flatMap(({ endpoints }) =>
    endpoints.filter((one) => one.node === node && one.isReady).map(({ address }) => address),
  );
  return new Set(ready).size;
}

/** Line by line what kube-proxy writes. */
function answer(response: ServerResponse, health: Health | undefined): void {
  if (health === undefined) {
    response.writeHead(404).end();
    return;
  }
  const { namespace, name, localEndpoints } = health;
  response.writeHead(localEndpoints > 0 ? 200 : 503, {
    'Content-Type': 'application/json',
    'X-Content-Type-Options': 'nosniff',
    'X-Load-Balancing-Endpoint-Weight': String(localEndpoints),
  });
  const body = { service: { namespace, name }, localEndpoints, serviceProxyHealthy: true };
  response.end(JSON.stringify(body, undefined, '\t'));
}
