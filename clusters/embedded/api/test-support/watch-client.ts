import type { TestServer } from './api-client.js';

export interface WatchedEvent {
  type: string;
  object: Record<string, unknown> & { metadata: Record<string, unknown> };
}

function parseEvent(line: string): WatchedEvent {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- a test that reads something else fails where it looks
  return JSON.parse(line) as WatchedEvent;
}

/** Reads a watch to its end (`timeoutSeconds` in the path ends it). */
export async function readWatch(
  server: TestServer,
  path: string,
  headers: Record<string, string> = {},
): Promise<WatchedEvent[]> {
  const answer = await server.call('GET', path, { headers });
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseEvent);
}
