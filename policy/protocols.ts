/** Protocols of the Internet by the names that policies and people use. */

const NUMBERS = { ICMP: 1, TCP: 6, UDP: 17, ICMPv6: 58, SCTP: 132, UDPLite: 136 } as const;

export type ProtocolName = keyof typeof NUMBERS;

export const PROTOCOL: Readonly<Record<ProtocolName, number>> = NUMBERS;

/** The protocols that have ports and that policies name them with. */
export const WITH_PORTS = [PROTOCOL.TCP, PROTOCOL.UDP, PROTOCOL.SCTP] as const;

/** `TCP`, or `protocol 47` for one without a name here. */
export function protocolName(number: number): string {
  const found = Object.entries(NUMBERS).find(([, known]) => known === number);
  return found?.[0] ?? `protocol ${number}`;
}

/** By name in any case, or by number; undefined where it is neither. */
export function readProtocol(written: unknown): number | undefined {
  const number = typeof written === 'string' && /^\d+$/.test(written) ? Number(written) : written;
  if (typeof number === 'number') {
    return Number.isInteger(number) && number >= 1 && number <= 255 ? number : undefined;
  }
  const found = Object.entries(PROTOCOL).find(
    ([name]) => typeof written === 'string' && name.toLowerCase() === written.toLowerCase(),
  );
  return found?.[1];
}

/** As nftables writes it. */
export function protocolWord(protocol: number): string {
  switch (protocol) {
    case PROTOCOL.TCP:
      return 'tcp';
    case PROTOCOL.UDP:
      return 'udp';
    case PROTOCOL.SCTP:
      return 'sctp';
    default:
      return `${protocol}`;
  }
}
