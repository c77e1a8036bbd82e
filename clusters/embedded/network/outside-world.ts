import type { Agent } from '../agent/agent.js';
import { OUTSIDE_HOSTS, SERVING_HOSTS, outsideNetns } from './addresses.js';
import { outsideHostOperations } from './topology.js';

/**
 * The hosts behind the LAN's router. Those that serve have a namespace from the start; any other is only an address
 * of the router, which costs nothing, until packets have to start there.
 */
export class OutsideWorld {
  readonly #agent: Agent;
  readonly #made = new Map<string, Promise<string>>();

  constructor(agent: Agent) {
    this.#agent = agent;
    for (const host of SERVING_HOSTS) this.#made.set(host, Promise.resolve(outsideNetns(host)));
  }

  /** What an earlier run of the host made. */
  adopt(namespaces: ReadonlySet<string>): void {
    for (const host of Object.keys(OUTSIDE_HOSTS)) {
      if (namespaces.has(outsideNetns(host)))
        this.#made.set(host, Promise.resolve(outsideNetns(host)));
    }
  }

  addressOf(host: string): string | undefined {
    return OUTSIDE_HOSTS[host];
  }

  hostOf(address: string): string | undefined {
    return Object.entries(OUTSIDE_HOSTS).find(([, own]) => own === address)?.[0];
  }

  /** The host's own namespace, made when first asked for. */
  namespaceOf(host: string): Promise<string> {
    const known = this.#made.get(host);
    if (known !== undefined) return known;
    const making = this.#make(host);
    this.#made.set(host, making);
    making.catch(() => this.#made.delete(host));
    return making;
  }

  async #make(host: string): Promise<string> {
    if (OUTSIDE_HOSTS[host] === undefined) throw new Error(`there is no outside host ${host}`);
    await this.#agent.network(outsideHostOperations(host));
    return outsideNetns(host);
  }
}
