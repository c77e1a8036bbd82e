/** Ports that stay open at a host endpoint whatever policies say, so that nobody locks himself out. */
import { contains, type Address, type AddressRange } from './address-range.js';
import type { Direction } from './normal-form.js';
import { PROTOCOL } from './protocols.js';

/** The port is the destination's. */
export interface FailsafePort {
  protocol: number;
  port: number;
  /** Of the far end; undefined for everybody. */
  net?: AddressRange;
}

export type FailsafePorts = Readonly<Record<Direction, readonly FailsafePort[]>>;

/** What FelixConfiguration says of them: undefined leaves the direction as it is without. */
export interface FailsafeSettings {
  /** Empty for the settings of all nodes. */
  node: string;
  ingress: readonly FailsafePort[] | undefined;
  egress: readonly FailsafePort[] | undefined;
}

const tcp = (...ports: number[]): FailsafePort[] =>
  ports.map((port) => ({ protocol: PROTOCOL.TCP, port }));
const udp = (...ports: number[]): FailsafePort[] =>
  ports.map((port) => ({ protocol: PROTOCOL.UDP, port }));

const STORES = [179, 2379, 2380, 5473, 6443, 6666, 6667];

/** Calico's defaults: remote login, addresses, routes, and the stores and servers that it needs itself. */
const DEFAULTS: FailsafePorts = {
  ingress: [...tcp(22), ...udp(68), ...tcp(...STORES)],
  egress: [...udp(53, 67), ...tcp(...STORES)],
};

/** A node's own settings count before those of all nodes. */
export function failsafePortsOf(
  settings: readonly FailsafeSettings[],
  node: string,
): FailsafePorts {
  const said = ['', node].map((name) => settings.find((one) => one.node === name));
  const [all, own] = said;
  const ports = (direction: Direction): readonly FailsafePort[] =>
    own?.[direction] ?? all?.[direction] ?? DEFAULTS[direction];
  return { ingress: ports('ingress'), egress: ports('egress') };
}

export const isFailsafe = (
  ports: readonly FailsafePort[],
  asked: { protocol: number; port: number; far: Address | undefined },
): boolean =>
  ports.some(
    ({ protocol, port, net }) =>
      protocol === asked.protocol &&
      port === asked.port &&
      (net === undefined || (asked.far !== undefined && contains([net], asked.far))),
  );
