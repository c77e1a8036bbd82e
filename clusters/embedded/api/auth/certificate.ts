import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { isIP, isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.js';
import type { SigningRequest } from './signing-request.js';

/**
 * X.509 certificates with elliptic curve keys, made synchronously in a fraction of a millisecond: starting a
 * cluster needs four of them, and the libraries at hand are asynchronous and slow to load.
 */
export interface Credentials {
  certPem: string;
  keyPem: string;
}

export interface CertificateSubject {
  commonName: string;
  organizations?: readonly string[];
}

export interface LeafRequest {
  subject: CertificateSubject;
  usage: 'server' | 'client';
  /** Host names and addresses, for servers. */
  names?: readonly string[];
  now: number;
}

const YEARS_MS = 365.25 * 86_400_000;
const CLOCK_SKEW_MS = 300_000;
const ECDSA_WITH_SHA256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const USAGE = { server: '1.3.6.1.5.5.7.3.1', client: '1.3.6.1.5.5.7.3.2' } as const;

export function createAuthority(commonName: string, now: number): Credentials {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const name = distinguishedName({ commonName });
  const certPem = certify({
    issuer: name,
    subject: name,
    spki,
    now,
    until: now + 10 * YEARS_MS,
    signer: privateKey,
    extensions: [
      extension('2.5.29.15', bitString(Buffer.from([0xa4]), 2), true),
      extension('2.5.29.19', sequence(boolean(true)), true),
      extension('2.5.29.14', octetString(keyIdentifier(spki))),
      extension('2.5.29.17', sequence(implicit(2, Buffer.from(commonName, 'ascii')))),
    ],
  });
  return { certPem, keyPem: exportKey(privateKey) };
}

/** An authority with its key at hand, to sign several certificates. */
export interface Issuer {
  name: Buffer;
  key: KeyObject;
  keyIdentifier: Buffer;
}

export function issuerOf(authority: Credentials, commonName: string): Issuer {
  const key = createPrivateKey(authority.keyPem);
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { name: distinguishedName({ commonName }), key, keyIdentifier: keyIdentifier(spki) };
}

/** A certificate for a server or a client, signed by the authority. */
export function issueCertificate(issuer: Issuer, request: LeafRequest): Credentials {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = request.names ?? [];
  const certPem = certify({
    issuer: issuer.name,
    subject: distinguishedName(request.subject),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    now: request.now,
    until: request.now + 10 * YEARS_MS,
    signer: issuer.key,
    extensions: [
      extension('2.5.29.15', bitString(Buffer.from([0xa0]), 5), true),
      extension('2.5.29.37', sequence(objectIdentifier(USAGE[request.usage]))),
      extension('2.5.29.19', sequence(), true),
      extension('2.5.29.35', sequence(implicit(0, issuer.keyIdentifier))),
      ...(names.length > 0 ? [extension('2.5.29.17', sequence(...names.map(generalName)))] : []),
    ],
  });
  return { certPem, keyPem: exportKey(privateKey) };
}

/** A certificate for a key that is not ours, whose names are those of the request. */
export function signRequest(
  issuer: Issuer,
  options: {
    request: SigningRequest;
    usages: readonly ('server' | 'client')[];
    now: number;
    until: number;
  },
): string {
  const { request, usages, now, until } = options;
  const { alternativeNames } = request;
  return certify({
    issuer: issuer.name,
    subject: request.subject,
    spki: request.publicKey,
    now,
    until,
    signer: issuer.key,
    extensions: [
      extension('2.5.29.15', bitString(Buffer.from([0xa0]), 5), true),
      extension('2.5.29.37', sequence(...usages.map((usage) => objectIdentifier(USAGE[usage])))),
      extension('2.5.29.19', sequence(), true),
      extension('2.5.29.35', sequence(implicit(0, issuer.keyIdentifier))),
      ...(alternativeNames === undefined ? [] : [extension('2.5.29.17', alternativeNames)]),
    ],
  });
}

function certify(request: {
  issuer: Buffer;
  subject: Buffer;
  spki: Buffer;
  now: number;
  until: number;
  signer: KeyObject;
  extensions: Buffer[];
}): string {
  const serial = randomBytes(8);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x01;
  const toSign = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(serial),
    ECDSA_WITH_SHA256,
    request.issuer,
    sequence(time(new Date(request.now - CLOCK_SKEW_MS)), time(new Date(request.until))),
    request.subject,
    request.spki,
    explicit(3, sequence(...request.extensions)),
  );
  const signature = sign('sha256', toSign, request.signer);
  const der = sequence(toSign, ECDSA_WITH_SHA256, bitString(signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function distinguishedName(subject: CertificateSubject): Buffer {
  const part = (oid: string, text: string): Buffer =>
    set(sequence(objectIdentifier(oid), utf8String(text)));
  return sequence(
    ...(subject.organizations ?? []).map((name) => part('2.5.4.10', name)),
    part('2.5.4.3', subject.commonName),
  );
}

function extension(oid: string, value: Buffer, critical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(critical ? [boolean(true)] : []), octetString(value));
}

function generalName(name: string): Buffer {
  if (isIPv4(name)) return implicit(7, Buffer.from(name.split('.').map(Number)));
  if (isIP(name) === 6) return implicit(7, ipv6Bytes(name));
  return implicit(2, Buffer.from(name, 'ascii'));
}

function ipv6Bytes(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const groups = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => parseInt(group, 16));
  const before = groups(head);
  const after = groups(tail);
  const gap = address.includes('::') ? 8 - before.length - after.length : 0;
  const all = [...before, ...Array.from({ length: gap }, () => 0), ...after];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function keyIdentifier(spki: Buffer): Buffer {
  return createHash('sha1').update(spki).digest();
}

function exportKey(key: KeyObject): string {
  return key.export({ type: 'sec1', format: 'pem' }).toString();
}
