import type { Agent } from '../agent/agent.js';
import { OUTSIDE_HOSTS, outsideNetns } from './addresses.js';
import { outsideHostOperations } from './topology.js';

/**
 * The hosts behind the LAN's router. Until packets have to start at one, it is only an address of the router,
 * which costs nothing; then it gets a namespace of its own.
 */
export class OutsideWorld {
  readonly #agent: Agent;
  readonly #made = new Map<string, Promise<string>>();
  readonly #moved: (host: string) => Promise<void>;

  /** `moved` is told when a host has left the router, so that its servers can follow. */
  constructor(agent: Agent, moved: (host: string) => Promise<void>) {
    this.#agent = agent;
    this.#moved = moved;
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
    const address = OUTSIDE_HOSTS[host];
    if (address === undefined) throw new Error(`there is no outside host ${host}`);
    await this.#agent.network(outsideHostOperations(host, address));
    await this.#moved(host);
    return outsideNetns(host);
  }
}
