import { timingSafeEqual } from 'node:crypto';
import { hashToken } from '../identity/tokens.js';

/** What forms of a signed-in browser carry. Made from its secret cookie, so nobody else can know it. */
export function csrfTokenOf(sessionToken: string): string {
  return hashToken(`form ${sessionToken}`).slice(0, 43);
}

export function isCsrfToken(given: unknown, sessionToken: string): boolean {
  if (typeof given !== 'string') return false;
  const wanted = Buffer.from(csrfTokenOf(sessionToken));
  const bytes = Buffer.from(given);
  return bytes.length === wanted.length && timingSafeEqual(bytes, wanted);
}
