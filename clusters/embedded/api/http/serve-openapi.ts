import type { RequestContext, ServerParts } from './context.js';
import type { OpenApi } from './openapi.js';
import { sendJson, sendPlain } from './respond.js';

/** Answers `/openapi/…`; false where the path is another. */
export function serveOpenApi(
  context: RequestContext,
  parts: ServerParts & { openApi: OpenApi },
): boolean {
  const { path } = context.info;
  if (!path.startsWith('/openapi/')) return false;
  if (path === '/openapi/v3' || path === '/openapi/v3/')
    sendJson(context, 200, parts.openApi.index());
  else if (path.startsWith('/openapi/v3/')) sendDocument(context, parts.openApi);
  else if (path === '/openapi/v2') sendV2(context, parts.openApi);
  else sendPlain(context, 404, '404 page not found\n');
  return true;
}

// With a dot where the client's Accept has @, which is no media type to its own parser.
const V2_BINARY = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** kubectl before 1.29 asks for v2, and takes it in binary form only. */
function sendV2(context: RequestContext, openApi: OpenApi): void {
  if (context.req.headers.accept?.includes('proto-openapi.spec.v2') !== true) {
    sendJson(context, 200, openApi.documentV2());
    return;
  }
  const parts = openApi.binaryV2();
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const headers = { 'Content-Type': V2_BINARY, 'Content-Length': length, Vary: 'Accept' };
  context.res.writeHead(200, headers);
  for (const part of parts) context.res.write(part);
  context.res.end();
}

function sendDocument(context: RequestContext, openApi: OpenApi): void {
  const path = context.info.path.slice('/openapi/v3/'.length);
  const document = openApi.document(path);
  if (document === undefined) {
    sendPlain(context, 404, '404 page not found\n');
    return;
  }
  const hash = openApi.hash(path);
  const asked = context.query.get('hash');
  if (asked !== null && asked !== hash) {
    context.res.writeHead(301, { Location: `/openapi/v3/${path}?hash=${hash}` }).end();
    return;
  }
  const etag = `"${hash}"`;
  const headers = {
    'Content-Type': 'application/json',
    ETag: etag,
    Vary: 'Accept',
    // The hash is in the address: what is there never changes.
    'Cache-Control': asked === null ? 'no-cache, private' : 'public, immutable',
  };
  if (context.req.headers['if-none-match'] === etag) context.res.writeHead(304, headers).end();
  else {
    context.res.writeHead(200, { ...headers, 'Content-Length': document.length }).end(document);
  }
}
