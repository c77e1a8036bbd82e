import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProvider } from '../clusters/provider.js';
import { errorCodeOf, GatehouseError } from '../common/errors.js';
import type { Logger } from '../common/logger.js';
import { openSigningKey } from '../graders/signing/signing-key.js';
import { findLab } from '../labs/catalog.js';
import { Cleanup } from '../system/cleanup.js';
import { findPortOwner } from '../system/port-owner.js';
import { findProjectRoot } from '../system/project-root.js';
import { serveTerminalSockets } from './api/terminals/socket.js';
import { createApp } from './app.js';
import type { ServerContext } from './context.js';
import { createCatalogSource } from './catalog-source.js';
import type { Settings } from './config.js';
import { openDatabase } from './database/open-database.js';
import { EvidenceKeeper } from './evidence/evidence-keeper.js';
import { evidenceLimits } from './evidence/which-to-remove.js';
import { createAssets } from './http/assets.js';
import { Identity } from './identity/identity.js';
import { createPages } from './pages/pages.js';
import { createFileLogger } from './log.js';
import { openStateFolder } from './state-folder.js';
import { Hints } from './progress/hints.js';
import { Progress } from './progress/progress.js';
import { Checker } from './sessions/check-step.js';
import { LearnerLabs } from './sessions/learner-labs.js';
import { LabSessions } from './sessions/lab-sessions.js';

export interface RunningServer extends AsyncDisposable {
  /** `http://127.0.0.1:8080`, or the public address. */
  readonly url: string;
  readonly port: number;
  /** Works once: whoever opens it first owns this installation. */
  readonly signInLink: string;
  /** Another link for the owner; earlier unused ones stop working. */
  createOwnerLink(): Promise<string>;
}

export interface StartOptions {
  /** Default: `server.log` in the state folder. */
  logger?: Logger;
  /** Tests bring their own; the server disposes of it only if it made it. */
  provider?: ClusterProvider;
}

/** A cluster host that hangs must not keep the pages from coming up. */
const MOST_RESTORE_MS = 5000;

/**
 * Starts the whole product and resolves when it answers. Rejects with PORT_TAKEN, or with what is wrong with the state
 * folder. Disposal lets requests end, hangs up terminals and leaves clusters alone: the next server finds them.
 */
export async function startServer(
  settings: Settings,
  options: StartOptions = {},
): Promise<RunningServer> {
  await using cleanup = new Cleanup();
  const stateFolder = openStateFolder(settings.stateDir);
  cleanup.add('state folder', () => {
    stateFolder[Symbol.dispose]();
  });
  const logger = options.logger ?? (await createFileLogger(settings));
  const root = findProjectRoot();
  const provider = createLazyProvider(settings, { ...options, logger, root, cleanup });
  const catalog = createCatalogSource({
    folder: settings.labsDir ?? path.join(root, 'labs'),
    cacheFile: path.join(settings.stateDir, 'labs.cache'),
    dev: settings.dev,
    logger,
  });
  const database = await openDatabase(settings.stateDir);
  cleanup.add('database', () => database[Symbol.asyncDispose]());
  const identity = new Identity(database, settings);
  const evidence = new EvidenceKeeper(database, { limits: evidenceLimits(settings), logger });
  cleanup.add('evidence', () => evidence[Symbol.asyncDispose]());
  const progress = new Progress(database, {
    logger,
    onEvidence: (bytes) => {
      evidence.stored(bytes);
    },
  });
  const hints = new Hints(database);
  cleanup.add('progress', () => progress[Symbol.asyncDispose]());
  const learnerLabs = new LearnerLabs(database, catalog);
  const sessions = new LabSessions({
    provider,
    findLab: async (id, userId) => {
      const lab = (await catalog()).labs.find((each) => each.id === id);
      return lab && learnerLabs.of(lab, userId);
    },
    database,
    settings,
    logger,
  });
  cleanup.add('sessions', () => sessions[Symbol.asyncDispose]());
  const assets = createAssets(path.join(root, 'dist', 'web'), settings);
  const pages = createPages({
    root: path.join(root, 'server', 'pages'),
    assets,
    dev: settings.dev,
  });
  const checker = new Checker({
    sessions,
    progress,
    hints,
    logger,
    signingKey: openSigningKey(settings.stateDir),
    checksPerMinute: settings.checksPerMinute,
  });
  const getLab: ServerContext['getLab'] = async (params, user) => {
    const lab = findLab(await catalog(), `${params['chapter'] ?? ''}/${params['lab'] ?? ''}`);
    return learnerLabs.of(lab, user.id);
  };
  const { app, gate, context } = createApp({
    settings,
    logger,
    pages,
    catalog,
    getLab,
    identity,
    progress,
    hints,
    sessions,
    checker,
    assets,
  });
  const server = createServer(app);
  const sockets = serveTerminalSockets(server, { context, gate });
  // Before anybody can ask: a page must not hear that a lab is gone that is only not found yet.
  await Promise.race([sessions.restore(), sleep(MOST_RESTORE_MS, undefined, { ref: false })]);
  const port = await listen(server, settings);
  cleanup.add('http server', () => closeServer(server));
  // First: the server waits for its connections, and does not count these as ones it may end.
  cleanup.add('sockets', () => {
    sockets[Symbol.dispose]();
  });

  const url =
    settings.publicUrl?.replace(/\/$/, '') ?? `http://${displayHost(settings.host)}:${port}`;
  const createOwnerLink = async (): Promise<string> =>
    `${url}/sign-in?token=${await identity.createOwnerLink()}`;
  const signInLink = await createOwnerLink();
  const running = cleanup.move();
  return {
    url,
    port,
    signInLink,
    createOwnerLink,
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}

/** A sign-in link for the owner of an installation whose server may be running: for `gatehouse link`. */
export async function createOwnerLink(settings: Settings): Promise<string> {
  await using database = await openDatabase(settings.stateDir);
  const token = await new Identity(database, settings).createOwnerLink();
  const url =
    settings.publicUrl?.replace(/\/$/, '') ??
    `http://${displayHost(settings.host)}:${settings.port}`;
  return `${url}/sign-in?token=${token}`;
}

/** The provider is made when the first lab needs it: pages come before. */
function createLazyProvider(
  settings: Settings,
  {
    provider,
    logger,
    root,
    cleanup,
  }: StartOptions & { logger: Logger; root: string; cleanup: Cleanup },
): () => Promise<ClusterProvider> {
  if (provider !== undefined) return () => Promise.resolve(provider);
  let made: Promise<ClusterProvider> | undefined;
  cleanup.add('provider', async () => (await made)?.[Symbol.asyncDispose]());
  return () => {
    made ??= import('../clusters/index.js').then(({ createProvider }) =>
      createProvider(settings.provider, {
        stateDir: settings.stateDir,
        distDir: path.join(root, 'dist'),
        logger,
        environment: process.env,
        servesOthers:
          settings.publicUrl !== undefined || !/^(?:127\.|::1$|localhost$)/.test(settings.host),
      }),
    );
    return made;
  };
}

async function listen(server: Server, { host, port }: Settings): Promise<number> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'EADDRINUSE') throw await portTaken(port, error);
    if (code === 'EACCES') {
      throw new GatehouseError('PORT_TAKEN', `port ${port} is not for ordinary users`, {
        fix: 'Use one above 1023: --port 8080',
        cause: error,
      });
    }
    throw error;
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

async function portTaken(port: number, cause: unknown): Promise<GatehouseError> {
  const owner = await findPortOwner(port);
  const by = owner === undefined ? '' : ` by process ${owner.pid} (${owner.command})`;
  const other = port < 65_000 ? port + 1 : port - 1;
  return new GatehouseError('PORT_TAKEN', `port ${port} is already taken${by}`, {
    fix: `End that process, or use another port: --port ${other}`,
    cause,
  });
}

async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  // Event streams never end by themselves; what is still being answered gets a moment.
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, 500);
  await closed;
  clearTimeout(timer);
}

function displayHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
