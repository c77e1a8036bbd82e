import type { IncomingMessage, ServerResponse } from 'node:http';
import { noSuchResource, notAllowed, toApiError } from './api-errors.js';
import { authenticate } from './authenticate.js';
import { authorize } from './authorize.js';
import type { RequestContext, ResourceContext, ServerParts } from './context.js';
import { handleDelete, handleDeleteCollection } from './deleting.js';
import { verbsOf } from './discovery.js';
import type { Discovery } from './discovery.js';
import { negotiate } from './media-types.js';
import { handleMetrics, isMetrics } from './metrics.js';
import { sendHealth, sendKeys, sendPaths, sendVersion } from './non-resources.js';
import { handlePatch } from './patching.js';
import { handleBinding, handleEviction, handleToken } from './pod-actions.js';
import { handleGet, handleList, notAcceptable } from './reading.js';
import { parseRequest } from './request-info.js';
import type { ResourcePath } from './request-info.js';
import { sendError, sendPlain } from './respond.js';
import type { Exchange } from './respond.js';
import { handleReview, isReview } from './reviews.js';
import { handleScale } from './scale.js';
import { serveOpenApi } from './serve-openapi.js';
import type { OpenApi } from './openapi.js';
import { handleWatch } from './watching.js';
import { handleCreate, handleUpdate } from './writing.js';

export interface HandlerParts extends ServerParts {
  discovery: Discovery;
  openApi: OpenApi;
  /** Rejects while nothing can be kept on disk. */
  writable(): Promise<void>;
  /** Subresources that are streams: log, exec, attach, portforward, proxy. Undefined for any other. */
  stream(context: ResourceContext): Promise<void> | undefined;
}

const READ_VERBS: readonly string[] = ['get', 'list', 'watch'];

/** Answers one request from beginning to end. Never rejects. */
export async function handleRequest(
  req: IncomingMessage,
  res: ServerResponse,
  parts: HandlerParts,
): Promise<void> {
  const info = parseRequest(req.method ?? 'GET', req.url ?? '/');
  const exchange: Exchange = { req, res, query: info.query, warnings: [] };
  try {
    const user = authenticate(req, parts);
    authorize(info, user, parts.rbac);
    const context: RequestContext = { ...exchange, info, user, server: parts };
    if (info.resource === undefined) serveOther(context, parts);
    else await serveResource(context, info.resource, parts);
  } catch (error) {
    sendError(exchange, toApiError(error, parts, info.path));
  }
}

async function serveResource(
  request: RequestContext,
  target: ResourcePath,
  parts: HandlerParts,
): Promise<void> {
  const served = parts.api.registry.findServed(target.group, target.version, target.plural);
  if (served === undefined) {
    if (parts.discovery.hasGroupVersion(target.group, target.version)) throw noSuchResource();
    sendPlain(request, 404, '404 page not found\n');
    return;
  }
  const { definition } = served;
  if (definition.deprecation !== undefined) request.warnings.push(definition.deprecation);
  // While the disk refuses, nothing more is changed in memory.
  if (!READ_VERBS.includes(target.verb)) await parts.writable();
  if (definition.namespaced && target.namespace === undefined && !spansNamespaces(target)) {
    throw target.verb === 'create' ? notAllowed() : noSuchResource();
  }
  if (!definition.namespaced && target.namespace !== undefined) throw noSuchResource();
  const representation = negotiate(request.req.headers.accept);
  const context: ResourceContext = {
    ...request,
    target,
    served,
    representation: representation ?? { format: 'json', as: 'object', version: '' },
  };
  if (target.subresource !== '') {
    await serveSubresource(context, parts);
    return;
  }
  if (representation === undefined) throw notAcceptable();
  if (!verbsOf(definition).includes(target.verb)) throw notAllowed();
  if (isReview(target.group, target.plural)) await handleReview(context);
  else if (target.group === '' && target.plural === 'bindings') await handleBinding(context);
  else if (isMetrics(target.group)) await handleMetrics(context);
  else await serveVerb(context);
}

async function serveVerb(context: ResourceContext): Promise<void> {
  const item = context.target.name !== '';
  switch (context.target.verb) {
    case 'get':
      handleGet(context);
      return;
    case 'list':
      handleList(context);
      return;
    case 'watch':
      handleWatch(context);
      return;
    case 'create':
      if (item) throw notAllowed();
      await handleCreate(context);
      return;
    case 'update':
      if (!item) throw notAllowed();
      await handleUpdate(context);
      return;
    case 'patch':
      if (!item) throw notAllowed();
      await handlePatch(context);
      return;
    case 'delete':
      await handleDelete(context);
      return;
    case 'deletecollection':
      await handleDeleteCollection(context);
      return;
    default:
      throw notAllowed();
  }
}

async function serveSubresource(context: ResourceContext, parts: HandlerParts): Promise<void> {
  const { target, served } = context;
  const subresource = served.definition.subresources.find(
    ({ name }) => name === target.subresource,
  );
  if (subresource === undefined) throw noSuchResource();
  if (!subresource.verbs.includes(target.verb)) throw notAllowed();
  const stream = parts.stream(context);
  if (stream !== undefined) {
    await stream;
    return;
  }
  switch (target.subresource) {
    case 'scale':
      await handleScale(context);
      return;
    case 'eviction':
      await handleEviction(context);
      return;
    case 'binding':
      await handleBinding(context);
      return;
    case 'token':
      await handleToken(context);
      return;
    default:
      // status, ephemeralcontainers, finalize, approval: the object itself, of which one part may change.
      await serveVerb(context);
  }
}

function serveOther(context: RequestContext, parts: HandlerParts): void {
  const { path } = context.info;
  const { req, res } = context;
  if (serveOpenApi(context, parts)) return;
  if (
    path === '/api' ||
    path === '/apis' ||
    path.startsWith('/api/') ||
    path.startsWith('/apis/')
  ) {
    const document = parts.discovery.find(path, req.headers.accept);
    if (document === undefined) {
      sendPlain(context, 404, '404 page not found\n');
      return;
    }
    const headers = {
      'Content-Type': document.contentType,
      'Cache-Control': document.etag === undefined ? 'no-cache, private' : 'public',
      ...(document.etag !== undefined && { ETag: document.etag, Vary: 'Accept' }),
    };
    if (document.etag !== undefined && req.headers['if-none-match'] === document.etag) {
      res.writeHead(304, headers).end();
      return;
    }
    const payload = Buffer.from(document.text);
    res.writeHead(200, { ...headers, 'Content-Length': payload.length }).end(payload);
    return;
  }
  if (path === '/version' || path === '/version/') sendVersion(context);
  else if (/^\/(healthz|livez|readyz)(\/|$)/.test(path)) sendHealth(context);
  else if (path === '/openid/v1/jwks' || path === '/.well-known/openid-configuration')
    sendKeys(context);
  else if (path === '/') sendPaths(context, parts.discovery.groupVersions());
  else sendPlain(context, 404, '404 page not found\n');
}

function spansNamespaces(target: ResourcePath): boolean {
  return (
    (target.verb === 'list' || target.verb === 'watch' || target.verb === 'deletecollection') &&
    target.name === ''
  );
}
