import { createHash } from 'node:crypto';
import { configure } from 'safe-stable-stringify';

/**
 * The one text that a JSON value has by RFC 8785: no blanks, members in order of their names, numbers and strings as
 * JavaScript writes them. Throws for what JSON cannot hold.
 */
export function canonicalJson(value: unknown): string {
  const text = write(value);
  if (text === undefined) throw new TypeError('there is no JSON for this value');
  return text;
}

/** `sha256:` and the hex digest over the canonical JSON of a value. */
export function digestOfJson(value: unknown): string {
  return digestOfText(canonicalJson(value));
}

export function digestOfText(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

const write = configure({ strict: true });
