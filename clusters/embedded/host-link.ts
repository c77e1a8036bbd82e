import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { VERSION } from '../../common/project.js';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { Logger } from '../../common/logger.js';
import { isProcessAlive, startDetached } from '../../system/start-process.js';
import { hostPaths, type HostOptions } from './host/host-options.js';
import { lockHolder } from '../../system/lock-file.js';
import {
  PROTOCOL,
  type RequestName,
  type RequestParams,
  type RequestResults,
} from './host/protocol.js';
import { HostConnection, type RequestOptions } from './host/rpc-client.js';

export interface HostLinkOptions {
  /** `dist/host.js`. */
  entry: string;
  options: Pick<HostOptions, 'stateDir' | 'nativeDir' | 'programPaths' | 'build'> &
    Partial<HostOptions>;
  logger: Logger;
}

const START_TIMEOUT_MS = 15_000;
/** One that ends at once has most often met another that was just starting or ending. */
const STARTS = 3;
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
};

/** The way to the cluster host of a state directory: found where one runs, started where none does. */
export class HostLink implements Disposable {
  readonly #settings: HostLinkOptions;
  #connection: Promise<HostConnection> | undefined;

  constructor(settings: HostLinkOptions) {
    this.#settings = settings;
  }

  async request<M extends RequestName>(
    method: M,
    params: RequestParams<M>,
    options: RequestOptions = {},
  ): Promise<RequestResults[M]> {
    const connection = await this.#connect();
    return connection.request(method, params, options);
  }

  /** Where no host runs and none has left anything, there is nothing to ask. */
  async requestIfRunning<M extends RequestName>(
    method: M,
    params: RequestParams<M>,
    otherwise: RequestResults[M],
  ): Promise<RequestResults[M]> {
    const { stateDir } = this.#settings.options;
    if (this.#connection === undefined && !(await hasAnything(stateDir))) return otherwise;
    return this.request(method, params);
  }

  [Symbol.dispose](): void {
    void this.#connection?.then(
      (connection) => {
        connection[Symbol.dispose]();
      },
      () => undefined,
    );
    this.#connection = undefined;
  }

  async #connect(): Promise<HostConnection> {
    const known = this.#connection;
    if (known !== undefined) {
      const connection = await known.catch(() => undefined);
      if (connection?.isOpen === true) return connection;
      if (this.#connection !== known) return this.#connect();
    }
    const opening = this.#open();
    this.#connection = opening;
    return opening;
  }

  async #open(): Promise<HostConnection> {
    const { stateDir } = this.#settings.options;
    const { socket } = hostPaths(stateDir);
    const startedAt = Date.now();
    let pid: number | undefined;
    let starts = 0;
    for (;;) {
      const connection = await HostConnection.open(socket).catch(() => undefined);
      if (connection !== undefined) {
        if (await this.#isOurs(connection)) return connection;
        continue;
      }
      // Several providers may start one at the same moment: the lock lets one of them live.
      if (pid === undefined && lockHolder(hostPaths(stateDir).lock) === undefined) {
        if (starts === STARTS) throw this.#notStarted();
        starts += 1;
        pid = await this.#start();
      }
      if (pid !== undefined && !isProcessAlive(pid)) pid = undefined;
      if (Date.now() - startedAt > START_TIMEOUT_MS) throw this.#notStarted();
      await sleep(5);
    }
  }

  /**
   * A host of another build is asked to go when nobody lives in it. With clusters it serves on if it speaks the
   * same protocol: an upgrade never ends a learner's cluster.
   */
  async #isOurs(connection: HostConnection): Promise<boolean> {
    const { build, stateDir } = this.#settings.options;
    const hello = await connection.request('hello', {});
    if (hello.build === build) return true;
    if (hello.clusters > 0 && hello.protocol === PROTOCOL) return true;
    if (hello.clusters > 0) {
      connection[Symbol.dispose]();
      throw new GatehouseError(
        'NOT_AVAILABLE',
        `the cluster host of ${stateDir} is of version ${hello.version}, speaks another protocol than this one, ${VERSION}, and serves ${hello.clusters} clusters`,
        {
          fix: `end those labs with the version that made them; or "kill ${hello.pid}" and let this version try to take them over`,
        },
      );
    }
    await connection.request('shutdown', {}).catch(() => undefined);
    connection[Symbol.dispose]();
    for (let i = 0; i < 1000 && isProcessAlive(hello.pid); i++) await sleep(5);
    return false;
  }

  async #start(): Promise<number> {
    const { entry, options, logger } = this.#settings;
    const paths = hostPaths(options.stateDir);
    try {
      mkdirSync(options.stateDir, { recursive: true, mode: 0o711 });
      mkdirSync(paths.folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new GatehouseError(
        'MACHINE_NOT_READY',
        `clusters cannot be kept in ${options.stateDir}: ${messageOf(error)}`,
        {
          cause: error,
          fix: 'choose another state directory, or give this user the right to write there',
        },
      );
    }
    const pid = await startDetached(
      process.execPath,
      ['--enable-source-maps', entry, JSON.stringify(options)],
      { env: ENVIRONMENT, outputFile: paths.errors, cwd: '/' },
    );
    logger.info('the cluster host was started', { pid, stateDir: options.stateDir });
    return pid;
  }

  #notStarted(): GatehouseError {
    const { log, errors } = hostPaths(this.#settings.options.stateDir);
    return new GatehouseError('MACHINE_NOT_READY', 'the cluster host did not start', {
      fix: `read ${errors} and ${log}`,
    });
  }
}

async function hasAnything(stateDir: string): Promise<boolean> {
  const clusters = await readdir(`${stateDir}/clusters`).catch(() => []);
  return clusters.length > 0 || lockHolder(hostPaths(stateDir).lock) !== undefined;
}
