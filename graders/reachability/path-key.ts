import type { ProbeRequest } from '../../common/probe.js';

/** The same for every probe of one path. */
export function pathKey({ from, to, port, protocol }: ProbeRequest): string {
  return JSON.stringify([from, to, port, protocol]);
}
