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
