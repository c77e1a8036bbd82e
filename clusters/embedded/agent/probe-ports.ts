/** The source ports of probes, as `native/probe.c` gives them out: never those that a kernel gives programs. */
export const PROBE_PORTS = [
  [10_000, 29_999],
  [61_000, 65_535],
] as const;

/** What kernels give to programs that ask for no port of their own: the default of `ip_local_port_range`. */
const PROGRAM_PORTS = [32_768, 60_999] as const;

/**
 * Whether a packet is one of the platform's probes, or an answer to one. A program that chose its source port
 * among those of probes is taken for one.
 */
export function isProbePacket(packet: { sourcePort: number; destinationPort: number }): boolean {
  const { sourcePort, destinationPort } = packet;
  if (isProbePort(sourcePort)) return true;
  return isProbePort(destinationPort) && !isBetween(sourcePort, PROGRAM_PORTS) && sourcePort !== 0;
}

function isProbePort(port: number): boolean {
  return PROBE_PORTS.some((range) => isBetween(port, range));
}

function isBetween(port: number, [first, last]: readonly [number, number]): boolean {
  return port >= first && port <= last;
}
