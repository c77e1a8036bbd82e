import { LOAD_BALANCER_ADDRESSES, loadBalancerAddress } from './addresses.js';

/** The addresses that LoadBalancer Services of one cluster may have. */
export class LoadBalancerPool {
  readonly #taken = new Set<string>();

  /** A free address, the wanted one where it can be had; undefined where none is left. */
  allocate(wanted: string | undefined): string | undefined {
    const all = Array.from({ length: LOAD_BALANCER_ADDRESSES }, (_, i) => loadBalancerAddress(i));
    if (wanted !== undefined && wanted !== '' && !all.includes(wanted)) return undefined;
    const candidates = wanted === undefined || wanted === '' ? all : [wanted, ...all];
    const address = candidates.find((one) => !this.#taken.has(one));
    if (address !== undefined) this.#taken.add(address);
    return address;
  }

  release(address: string): void {
    this.#taken.delete(address);
  }
}
