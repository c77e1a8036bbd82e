import { chmodSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../../common/errors.js';
import { ClusterHost } from './cluster-host.js';
import { HostOptions, hostPaths } from './host-options.js';
import { takeLock } from '../../../system/lock-file.js';
import { createLogFile } from './log-file.js';
import { serveRequests } from './rpc-server.js';
import { leaveRunFolder, makeRunFolder } from './run-folder.js';
import { findProgram, prepareShare } from './shared-folder.js';
import { loadHostParts } from './host-parts.js';

/**
 * The cluster host: one process with all embedded clusters of a state directory. Started by the provider with its
 * options as the only argument; ends when it was idle for long, when asked, or by a signal. Its clusters live on
 * under their agents for a while and are taken over by the next one.
 */
async function main(): Promise<void> {
  // Folders and files are made with the modes they say; what is private lies in private folders.
  process.umask(0);
  const options = HostOptions.parse(JSON.parse(process.argv[2] ?? '{}'));
  const paths = hostPaths(options.stateDir);
  openToClusters(options.stateDir);
  mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
  mkdirSync(path.join(options.stateDir, 'clusters'), { recursive: true, mode: 0o711 });
  const logger = createLogFile(paths.log, { maxBytes: options.logBytes, debug: options.debug });
  using lock = takeLock(paths.lock);
  if (lock === undefined) {
    logger.info('another host holds this state directory', { stateDir: options.stateDir });
    return;
  }
  const fatal = (error: unknown): void => {
    logger.error('the host ends by a fault of its own', {
      error: error instanceof Error ? error.stack : messageOf(error),
    });
    rmSync(paths.lock, { force: true });
    process.exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', (reason) => {
    logger.error('a promise was rejected and nobody looked', {
      error: reason instanceof Error ? reason.stack : messageOf(reason),
    });
  });
  const startedAt = performance.now();
  const ended = new Ending();
  const share = await prepareShare({
    stateDir: options.stateDir,
    nativeDir: options.nativeDir,
    kubectl: findProgram('kubectl', options.programPaths),
  });
  const host = new ClusterHost({
    ...loadHostParts(),
    stateDir: options.stateDir,
    share,
    graceMs: options.graceMs,
    readyTimeoutMs: options.readyTimeoutMs,
    build: options.build,
    idleMs: options.idleMs,
    logger,
    onEnd: () => {
      ended.resolve('nothing to do');
    },
  });
  await host.recover();
  rmSync(paths.socket, { force: true });
  const server = await serveRequests(
    paths.socket,
    (method, params, context) => host.handle(method, params, context),
    logger,
  );
  logger.info('the host is ready', {
    pid: process.pid,
    tookMs: Math.round(performance.now() - startedAt),
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      ended.resolve(signal);
    });
  }
  const why = await ended.promise;
  logger.info('the host ends', { why });
  await server[Symbol.asyncDispose]();
  await host.stop();
  rmSync(paths.socket, { force: true });
  leaveRunFolder(options.stateDir);
}

/**
 * Clusters' users must be able to pass through the state directory, but see nothing of what else lies there.
 * Rejects a folder whose path leaves no room for sockets.
 */
function openToClusters(stateDir: string): void {
  if (stateDir.length > 80) {
    throw new Error(`the path of the state directory is longer than 80 characters: ${stateDir}`);
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o711 });
  makeRunFolder(stateDir);
  if (process.getuid?.() !== 0) return;
  for (const entry of readdirSync(stateDir, { withFileTypes: true })) {
    if (entry.isFile()) chmodSync(path.join(stateDir, entry.name), 0o600);
  }
  chmodSync(stateDir, 0o711);
}

/** The moment when the host is to end, and why. */
class Ending {
  readonly promise: Promise<string>;
  #resolve: ((why: string) => void) | undefined;

  constructor() {
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  resolve(why: string): void {
    this.#resolve?.(why);
  }
}

await main();
process.exit();
