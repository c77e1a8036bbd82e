import compression from 'compression';
import express, { type Application } from 'express';
import { GatehouseError } from '../common/errors.js';
import { serveCheck } from './api/check/routes.js';
import { serveFiles } from './api/files/routes.js';
import { serveHints } from './api/hints/routes.js';
import { serveFlows } from './api/flows/routes.js';
import { serveLabSession } from './api/lab-session/routes.js';
import { serveTerminals } from './api/terminals/routes.js';
import { createGate, type Gate } from './access/gate.js';
import type { ServerContext } from './context.js';
import type { Assets } from './http/assets.js';
import { EventStreams } from './http/event-stream.js';
import { createOriginPolicy } from './http/origin.js';
import { securityHeaders } from './http/security-headers.js';
import { serveHomePage } from './pages/home/page.js';
import { serveInstructorPage } from './pages/instructor/page.js';
import { serveJoinPage } from './pages/join/page.js';
import { serveLabPage } from './pages/labs-lab/page.js';
import { serveStepPage } from './pages/labs-step/page.js';
import { serveSignInPage } from './pages/sign-in/page.js';
import { renderErrors, renderNotFound } from './render-error.js';

/** Everything over HTTP, made of the routes of the access table and of nothing else. */
export function createApp(parts: Omit<ServerContext, 'serve' | 'streams'> & { assets: Assets }): {
  app: Application;
  gate: Gate;
  context: ServerContext;
} {
  const { assets, settings, identity, pages, logger } = parts;
  const app = express();
  app.disable('x-powered-by');
  // The only proxy that is believed is one on this machine.
  if (settings.publicUrl !== undefined) app.set('trust proxy', 'loopback');
  app.use(securityHeaders({ isHttps: settings.publicUrl?.startsWith('https:') === true }));
  app.use(compression({ filter: isCompressible }));
  app.use(express.urlencoded({ extended: false, limit: '64kb', parameterLimit: 200 }));

  const gate = createGate(app, { identity, origins: createOriginPolicy(settings.publicUrl) });
  const context: ServerContext = {
    ...parts,
    serve: gate.serve,
    streams: new EventStreams(),
  };
  serveOurOwn(context, assets);
  serveSignInPage(context);
  serveJoinPage(context);
  serveHomePage(context);
  serveInstructorPage(context);
  serveLabPage(context);
  serveStepPage(context);
  serveLabSession(context);
  serveFlows(context);
  serveCheck(context);
  serveHints(context);
  serveFiles(context);
  serveTerminals(context);
  app.use(renderNotFound);
  app.use(renderErrors(pages, logger));
  return { app, gate, context };
}

function serveOurOwn({ serve, sessions, progress }: ServerContext, assets: Assets): void {
  serve('GET /healthz', ({ response }) => {
    response.json({
      status: 'ok',
      labs: sessions.list().length,
      gradesWaitingForDisk: progress.waiting,
    });
  });
  serve('GET /assets/*file', async ({ request, response, params }) => {
    const name = params['file'];
    if (name === undefined) throw new GatehouseError('NOT_FOUND', 'there is no such file');
    await assets.send({ request, response }, name);
  });
  serve('GET /favicon.svg', ({ response }) => {
    response.type('svg').set('Cache-Control', 'public, max-age=86400').send(FAVICON);
  });
}

/** Events must leave at once, not when a block is full. */
const isCompressible: compression.CompressionFilter = (request, response) =>
  response.getHeader('Content-Type') !== 'text/event-stream; charset=utf-8' &&
  compression.filter(request, response);

const FAVICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><rect width="24" height="24" rx="5" fill="#0b6e5f"/>' +
  '<path d="M6 19v-8.500l3-1.500V6h6v3l3 1.500V19M10 19v-4a2 2 0 0 1 4 0v4M9 9h6" fill="none" stroke="#fff" stroke-width="1.600" stroke-linecap="round" stroke-linejoin="round"/></svg>';
