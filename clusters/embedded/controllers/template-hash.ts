/** Names of ours that come from a template's content: the same template always gives the same name. */

const SAFE_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** A short text of letters that form no words, from any JSON value; key order does not matter. */
export function hashOf(value: unknown, collisionCount = 0): string {
  const text = canonical(value) + (collisionCount > 0 ? `#${collisionCount}` : '');
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return safeEncode(String(hash));
}

/** JSON with sorted keys; fields without a value are left out. */
export function canonical(value: unknown): string {
  if (value === undefined) return 'null';
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${fields.join(',')}}`;
}

function safeEncode(text: string): string {
  let encoded = '';
  for (const letter of text) {
    encoded += SAFE_LETTERS[letter.charCodeAt(0) % SAFE_LETTERS.length] ?? '';
  }
  return encoded;
}
