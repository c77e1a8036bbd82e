import type { IncomingMessage } from 'node:http';
import { ApiError } from '../api-error.js';

/** As much as the real server accepts. */
const LIMIT = 3 * 1024 * 1024;

/** Reads a request body whole. Rejects with 413 past 3 MiB. */
export async function readBody(req: IncomingMessage): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > LIMIT) throw tooLarge(req);
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of req) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size > LIMIT) throw tooLarge(req);
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

function tooLarge(req: IncomingMessage): ApiError {
  // Without this a client that still sends would never read the answer.
  req.resume();
  return new ApiError(413, 'RequestEntityTooLarge', {
    message: `Request entity too large: limit is ${LIMIT}`,
  });
}
