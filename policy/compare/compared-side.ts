import type { Address } from '../address-range.js';
import type { HostEndpoint } from '../calico/resources.js';
import type { FailsafePorts } from '../failsafe.js';
import type { NormalPolicies } from '../normal-form.js';

/** One of the two sets of policies, read. */
export interface ComparedSide {
  /** The addresses of network sets and host endpoints are written out in them. */
  policies: NormalPolicies;
  hosts: readonly HostEndpoint[];
  failsafeOf: (node: string) => FailsafePorts;
  /** Ports that host endpoints name, wherever they have an address. */
  hostPorts: readonly HostPort[];
  /** Objects that this reasoning does not know. */
  unknown: number;
}

export interface HostPort {
  address: Address;
  name: string;
  protocol: number;
  port: number;
}

/** A namespace that exists, with exactly these labels. */
export interface KnownNamespace {
  name: string;
  labels: Readonly<Record<string, string>>;
}
