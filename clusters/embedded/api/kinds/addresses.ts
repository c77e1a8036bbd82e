import { isIP } from 'node:net';
import type { FieldError } from '../resource-definition.js';
import { invalid } from './field-errors.js';

/** Addresses as Kubernetes reads them by default: leading zeros in an octet are still accepted. */

const CIDR_FAULT = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';
const IP_FAULT = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

export interface Cidr {
  family: 4 | 6;
  /** The address as a number, host bits kept. */
  address: bigint;
  prefix: number;
}

export function isAddress(text: string): boolean {
  return parseAddress(text) !== undefined;
}

export function addressFamily(text: string): 'IPv4' | 'IPv6' | undefined {
  const parsed = parseAddress(text);
  return parsed === undefined ? undefined : parsed.family === 4 ? 'IPv4' : 'IPv6';
}

export function parseAddress(text: string): { family: 4 | 6; address: bigint } | undefined {
  const octets = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(text);
  if (octets !== null) {
    const numbers = octets.slice(1).map(Number);
    if (numbers.some((octet) => octet > 255)) return undefined;
    return { family: 4, address: numbers.reduce((sum, octet) => sum * 256n + BigInt(octet), 0n) };
  }
  return isIP(text) === 6 && !text.includes('%')
    ? { family: 6, address: parseIpv6(text) }
    : undefined;
}

export function parseCidr(text: string): Cidr | undefined {
  const [ip = '', length, ...rest] = text.split('/');
  const parsed = parseAddress(ip);
  if (parsed === undefined || length === undefined || rest.length > 0) return undefined;
  if (!/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  return prefix <= (parsed.family === 4 ? 32 : 128) ? { ...parsed, prefix } : undefined;
}

/** Whether `inner` lies within `outer` and is smaller. */
export function isStrictSubset(inner: Cidr, outer: Cidr): boolean {
  if (inner.family !== outer.family || inner.prefix <= outer.prefix) return false;
  return contains(outer, inner.address);
}

export function contains(cidr: Cidr, address: bigint): boolean {
  const shift = BigInt((cidr.family === 4 ? 32 : 128) - cidr.prefix);
  return address >> shift === cidr.address >> shift;
}

export function formatIpv4(address: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((address >> shift) & 255n)).join('.');
}

export function validCidr(path: string, text: string): FieldError[] {
  return parseCidr(text) === undefined ? [invalid(path, text, CIDR_FAULT)] : [];
}

export function validIp(path: string, text: string): FieldError[] {
  return isAddress(text) ? [] : [invalid(path, text, IP_FAULT)];
}

/** Addresses that mean the node itself, nobody or everybody. */
export function specialAddress(path: string, text: string): FieldError[] {
  const parsed = parseAddress(text);
  if (parsed?.family !== 4) return [];
  const { address } = parsed;
  const fault =
    address === 0n
      ? 'may not be unspecified (0.0.0.0 or ::)'
      : address >> 24n === 127n
        ? 'may not be in the loopback range (127.0.0.0/8, ::1/128)'
        : address >> 16n === 0xa9fen
          ? 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'
          : address >> 8n === 0xe00000n
            ? 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'
            : '';
  return fault === '' ? [] : [invalid(path, text, fault)];
}

function parseIpv6(text: string): bigint {
  let source = text;
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  if (dotted !== null) {
    const v4 = parseAddress(dotted[2] ?? '')?.address ?? 0n;
    source = `${dotted[1] ?? ''}${(v4 >> 16n).toString(16)}:${(v4 & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = source.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const middle = new Array<string>(tail === undefined ? 0 : 8 - left.length - right.length).fill(
    '0',
  );
  return [...left, ...middle, ...right].reduce(
    (sum, part) => sum * 65536n + BigInt(`0x${part}`),
    0n,
  );
}
