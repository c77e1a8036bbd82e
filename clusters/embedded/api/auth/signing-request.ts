import { createPublicKey, verify } from 'node:crypto';
import { readDer, readObjectIdentifier } from './der-reader.js';
import type { DerValue } from './der-reader.js';

/** What somebody asks to be certified (PKCS #10), with the parts that go into the certificate as they are. */
export interface SigningRequest {
  commonName: string;
  organizations: readonly string[];
  subject: Buffer;
  publicKey: Buffer;
  /** The value of the extension for further names; undefined where none are asked for. */
  alternativeNames: Buffer | undefined;
}

const PEM =
  /-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----/;
const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
const ALTERNATIVE_NAMES = '2.5.29.17';
/** How requests are signed: object identifier -> the hash; Ed25519 has its own. */
const HASHES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};

/** Throws where the text is no request, or not signed with the key that it is about. */
export function parseSigningRequest(pem: string): SigningRequest {
  const base64 = PEM.exec(pem)?.[1];
  if (base64 === undefined) throw new Error('PEM block type must be CERTIFICATE REQUEST');
  const [outer] = readDer(Buffer.from(base64, 'base64'));
  const [info, algorithm, signature] = childrenOf(outer);
  const [, subject, publicKey, attributes] = childrenOf(info);
  const [method] = childrenOf(algorithm);
  if (info === undefined || subject === undefined || publicKey === undefined) {
    throw new Error('asn1: structure error: no certificate request');
  }
  const hash = HASHES[readObjectIdentifier(method?.content ?? Buffer.alloc(1))];
  if (hash === undefined) throw new Error('x509: cannot verify signature: algorithm unimplemented');
  const key = createPublicKey({ key: publicKey.whole, type: 'spki', format: 'der' });
  // The first byte of a bit string counts unused bits.
  const bits = signature?.content.subarray(1) ?? Buffer.alloc(0);
  if (!verify(hash, info.whole, key, bits)) throw new Error('x509: signature does not match');
  const names = namesIn(subject);
  return {
    commonName: names.find(({ type }) => type === COMMON_NAME)?.text ?? '',
    organizations: names.filter(({ type }) => type === ORGANIZATION).map(({ text }) => text),
    subject: subject.whole,
    publicKey: publicKey.whole,
    alternativeNames: alternativeNamesIn(attributes),
  };
}

function namesIn(subject: DerValue): { type: string; text: string }[] {
  return childrenOf(subject).flatMap((relative) =>
    childrenOf(relative).map((pair) => {
      const [type, value] = childrenOf(pair);
      return {
        type: readObjectIdentifier(type?.content ?? Buffer.alloc(1)),
        text: value?.content.toString('utf8') ?? '',
      };
    }),
  );
}

function alternativeNamesIn(attributes: DerValue | undefined): Buffer | undefined {
  for (const attribute of childrenOf(attributes)) {
    const [type, values] = childrenOf(attribute);
    if (readObjectIdentifier(type?.content ?? Buffer.alloc(1)) !== EXTENSION_REQUEST) continue;
    for (const extension of childrenOf(values).flatMap(childrenOf)) {
      const parts = childrenOf(extension);
      const [id] = parts;
      if (readObjectIdentifier(id?.content ?? Buffer.alloc(1)) !== ALTERNATIVE_NAMES) continue;
      return parts.at(-1)?.content;
    }
  }
  return undefined;
}

function childrenOf(value: DerValue | undefined): DerValue[] {
  return value === undefined ? [] : readDer(value.content);
}
