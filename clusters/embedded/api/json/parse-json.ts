import { isTooDeepJson } from './depth.js';
import { goJsonError } from './go-json.js';

/** A text that is no JSON, or nested too deep; the message is Go's. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

/** Reads JSON that comes from outside. Throws JsonTextError. */
export function parseJson(text: string): unknown {
  // First of all: what walks over the value, the search for the fault included, walks by recursion.
  if (isTooDeepJson(text)) throw new JsonTextError('exceeded max depth');
  try {
    return JSON.parse(text);
  } catch {
    throw new JsonTextError(goJsonError(text));
  }
}

/** The value, or undefined where there is none. */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
