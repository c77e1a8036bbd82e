import type { IncomingMessage } from 'node:http';
import { gzip } from 'node:zlib';

/** Smaller answers are not worth it; the real server's bound. */
const WORTH_BYTES = 128 * 1024;
/** As the real server's: most of the gain for the least time. */
const LEVEL = 1;

/** Whether an answer of this size is to be compressed: large, read, and the client takes it. */
export function wantsGzip(req: IncomingMessage, bytes: number): boolean {
  if (bytes < WORTH_BYTES || req.method !== 'GET') return false;
  const accepted = req.headers['accept-encoding'] ?? '';
  return accepted.split(',').some((part) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$).*)?$/i.test(part));
}

/** Compresses away from the main thread, then calls back; with the payload itself should it fail. */
export function compressed(
  payload: Buffer,
  done: (result: { payload: Buffer; encoding: 'gzip' | undefined }) => void,
): void {
  gzip(payload, { level: LEVEL }, (error, zipped) => {
    if (error === null) done({ payload: zipped, encoding: 'gzip' });
    else done({ payload, encoding: undefined });
  });
}
