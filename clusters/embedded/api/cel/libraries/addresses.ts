import type { Environment } from '@marcbachmann/cel-js';
import ipaddr from 'ipaddr.js';
import { CelValue } from '../values.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

class CelIp extends CelValue {
  readonly address: Address;

  constructor(address: Address) {
    super();
    this.address = address;
  }

  override toString(): string {
    return canonical(this.address);
  }
}

class CelCidr extends CelValue {
  readonly address: Address;
  readonly bits: number;

  constructor(address: Address, bits: number) {
    super();
    this.address = address;
    this.bits = bits;
  }

  override toString(): string {
    return `${canonical(this.address)}/${this.bits}`;
  }
}

/** `ip("10.0.0.1")` and `cidr("10.0.0.0/8").containsIP(…)`. */
export function addAddresses(env: Environment): void {
  env.registerType('IpAddress', { ctor: CelIp, fields: {} });
  env.registerType('CidrRange', { ctor: CelCidr, fields: {} });
  env.registerFunction('isIP(string): bool', (text: string) => parseIp(text) !== undefined);
  env.registerFunction('ip(string): IpAddress', (text: string) => new CelIp(getIp(text)));
  env.registerFunction('isCIDR(string): bool', (text: string) => parseCidr(text) !== undefined);
  env.registerFunction('cidr(string): CidrRange', (text: string) => getCidr(text));
  env.registerFunction('string(IpAddress): string', String);
  env.registerFunction('string(CidrRange): string', String);
  addIpFunctions(env);
  addCidrFunctions(env);
}

function addIpFunctions(env: Environment): void {
  const is = (name: string, ranges: readonly string[]): void => {
    env.registerFunction(`IpAddress.${name}(): bool`, ({ address }: CelIp) =>
      ranges.includes(address.range()),
    );
  };
  env.registerFunction('IpAddress.family(): int', ({ address }: CelIp) =>
    address.kind() === 'ipv4' ? 4n : 6n,
  );
  is('isUnspecified', ['unspecified']);
  is('isLoopback', ['loopback']);
  is('isLinkLocalUnicast', ['linkLocal']);
  env.registerFunction('IpAddress.isLinkLocalMulticast(): bool', ({ address }: CelIp) =>
    address.kind() === 'ipv4'
      ? contains(getCidr('224.0.0.0/24'), address)
      : contains(getCidr('ff02::/16'), address),
  );
  env.registerFunction(
    'IpAddress.isGlobalUnicast(): bool',
    ({ address }: CelIp) =>
      !['unspecified', 'loopback', 'linkLocal', 'multicast', 'broadcast'].includes(address.range()),
  );
  env.registerOperator('IpAddress == IpAddress', (a: CelIp, b: CelIp) => String(a) === String(b));
}

function addCidrFunctions(env: Environment): void {
  env.registerFunction('CidrRange.containsIP(string): bool', (range: CelCidr, text: string) =>
    contains(range, getIp(text)),
  );
  env.registerFunction('CidrRange.containsIP(IpAddress): bool', (range: CelCidr, ip: CelIp) =>
    contains(range, ip.address),
  );
  const holds = (range: CelCidr, other: CelCidr): boolean =>
    other.bits >= range.bits && contains(range, other.address);
  env.registerFunction('CidrRange.containsCIDR(string): bool', (range: CelCidr, text: string) =>
    holds(range, getCidr(text)),
  );
  env.registerFunction('CidrRange.containsCIDR(CidrRange): bool', holds);
  env.registerFunction('CidrRange.ip(): IpAddress', ({ address }: CelCidr) => new CelIp(address));
  env.registerFunction('CidrRange.masked(): CidrRange', ({ address, bits }: CelCidr) => {
    const bytes = address.toByteArray();
    const masked = bytes.map(
      (byte, index) => byte & (0xff << clampBits(8 - (bits - index * 8))) & 0xff,
    );
    return new CelCidr(ipaddr.fromByteArray(masked), bits);
  });
  env.registerFunction('CidrRange.prefixLength(): int', ({ bits }: CelCidr) => BigInt(bits));
  env.registerOperator(
    'CidrRange == CidrRange',
    (a: CelCidr, b: CelCidr) => String(a) === String(b),
  );
}

function clampBits(bits: number): number {
  return Math.max(0, Math.min(8, bits));
}

function contains({ address, bits }: CelCidr, other: Address): boolean {
  if (address instanceof ipaddr.IPv4)
    return other instanceof ipaddr.IPv4 && other.match(address, bits);
  return other instanceof ipaddr.IPv6 && other.match(address, bits);
}

/** Go's rules: four parts without leading zeros, no zones, no IPv4 in IPv6. */
function parseIp(text: string): Address | undefined {
  const isFour = ipaddr.IPv4.isValidFourPartDecimal(text) && !/(^|\.)0\d/.test(text);
  if (isFour) return ipaddr.IPv4.parse(text);
  if (!ipaddr.IPv6.isValid(text) || text.includes('%') || text.includes('.')) return undefined;
  return ipaddr.IPv6.parse(text);
}

function getIp(text: string): Address {
  const address = parseIp(text);
  if (address === undefined) {
    throw new Error(`IP Address ${JSON.stringify(text)} parse error during conversion from string`);
  }
  return address;
}

function parseCidr(text: string): CelCidr | undefined {
  const [, ip = '', bits = ''] = /^(.*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  const address = parseIp(ip);
  if (address === undefined) return undefined;
  const most = address.kind() === 'ipv4' ? 32 : 128;
  return Number(bits) <= most ? new CelCidr(address, Number(bits)) : undefined;
}

function getCidr(text: string): CelCidr {
  const range = parseCidr(text);
  if (range === undefined) {
    throw new Error(
      `network address parse error during conversion from string: ${JSON.stringify(text)}`,
    );
  }
  return range;
}

function canonical(address: Address): string {
  return address instanceof ipaddr.IPv4 ? address.toString() : address.toRFC5952String();
}
