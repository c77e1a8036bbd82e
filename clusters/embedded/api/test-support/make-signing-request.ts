import { sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import {
  bitString,
  explicit,
  integer,
  objectIdentifier,
  sequence,
  set,
  utf8String,
} from '../auth/der.js';

const NAMES = { CN: '2.5.4.3', O: '2.5.4.10' } as const;

/** A request for a certificate as `openssl req` makes it, with an Ed25519 or a P-256 key. */
export function makeSigningRequest(
  keys: { publicKey: KeyObject; privateKey: KeyObject },
  subject: readonly (readonly [keyof typeof NAMES, string])[],
): string {
  const isEd25519 = keys.publicKey.asymmetricKeyType === 'ed25519';
  const info = sequence(
    integer(Buffer.from([0])),
    sequence(
      ...subject.map(([type, text]) =>
        set(sequence(objectIdentifier(NAMES[type]), utf8String(text))),
      ),
    ),
    keys.publicKey.export({ type: 'spki', format: 'der' }),
    explicit(0, Buffer.alloc(0)),
  );
  const der = sequence(
    info,
    sequence(objectIdentifier(isEd25519 ? '1.3.101.112' : '1.2.840.10045.4.3.2')),
    bitString(sign(isEd25519 ? null : 'sha256', info, keys.privateKey)),
  );
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE REQUEST-----\n${lines.join('\n')}\n-----END CERTIFICATE REQUEST-----\n`;
}
