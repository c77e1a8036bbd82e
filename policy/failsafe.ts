/** Ports that stay open at a host endpoint whatever policies say, so that nobody locks himself out. */
import type { Direction } from './normal-form.js';
import { PROTOCOL } from './protocols.js';

interface FailsafePort {
  protocol: number;
  port: number;
}

const tcp = (...ports: number[]): FailsafePort[] =>
  ports.map((port) => ({ protocol: PROTOCOL.TCP, port }));
const udp = (...ports: number[]): FailsafePort[] =>
  ports.map((port) => ({ protocol: PROTOCOL.UDP, port }));

const STORES = [179, 2379, 2380, 5473, 6443, 6666, 6667];

/** Calico's defaults: remote login, addresses, routes, and the stores and servers that it needs itself. */
export const FAILSAFE: Readonly<Record<Direction, readonly FailsafePort[]>> = {
  ingress: [...tcp(22), ...udp(68), ...tcp(...STORES)],
  egress: [...udp(53, 67), ...tcp(...STORES)],
};

export const isFailsafe = (direction: Direction, asked: FailsafePort): boolean =>
  FAILSAFE[direction].some(
    ({ protocol, port }) => protocol === asked.protocol && port === asked.port,
  );
