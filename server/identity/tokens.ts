import { createHash, randomBytes } from 'node:crypto';

/** 192 random bits, safe in an address. */
export function createToken(): string {
  return randomBytes(24).toString('base64url');
}

/** Short enough to type from a projector, long enough that nobody finds one by trying: 60 bits, no look-alikes. */
export function createClassCode(): string {
  const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789x';
  const letters = [...randomBytes(12)].map((byte) => alphabet.charAt(byte % 32));
  return [letters.slice(0, 4), letters.slice(4, 8), letters.slice(8)]
    .map((group) => group.join(''))
    .join('-');
}

export function createId(): string {
  return randomBytes(6).toString('hex');
}

/** What is stored of a token: enough to know it again, not enough to use it. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
