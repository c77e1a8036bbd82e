import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { ClusterSpec, CreateOptions } from '../provider.js';
import { filesOf, type KindContext } from './context.js';
import { createCluster, handOver } from './create-cluster.js';
import { readEstimates } from './estimates.js';
import { imagesOfSpec, loadImages } from './images.js';
import { newMaker } from '../../system/maker.js';
import { LABEL, estimatesFile, workstationName } from './names.js';
import { PhaseTracker } from './phases.js';
import { findClusters, type Found } from './records.js';
import { noteDoing, removeCluster, removeContainers } from './remove-cluster.js';
import { createRecord } from './workstation.js';

/** What a node takes, as measured on an idle one with Calico. */
const NODE_MIB = 800;
const REFILL_MS = 30_000;

/**
 * Ready clusters in stock. Docker is the stock list: a record with a pool label. Taking one is renaming its record, which
 * Docker lets happen once. Refilled one at a time, only while nobody waits for a cluster and memory is to spare.
 */
export class WarmPool implements AsyncDisposable {
  readonly #context: KindContext;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #filling: Promise<void> | undefined;
  #waiting = 0;

  constructor(context: KindContext) {
    this.#context = context;
  }

  start(): void {
    if (this.#context.settings.warmPool.shapes.length === 0 || this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      this.#fill();
    }, REFILL_MS).unref();
    this.#fill();
  }

  /** Turns a cluster in stock into the wanted one. False where none fits; then nothing has happened. */
  async take(spec: ClusterSpec, options: CreateOptions): Promise<boolean> {
    if (this.#context.settings.warmPool.shapes.length === 0) return false;
    this.#waiting += 1;
    try {
      const shape = shapeOf(spec);
      const all = await findClusters(this.#context, options.signal);
      if (all.some(({ name, isLeftover }) => name === spec.name && !isLeftover)) return false;
      for (const found of all) {
        if (found.record?.labels[LABEL.pool] !== shape || found.info.state !== 'ready') continue;
        const claimed = await this.#claim(found);
        if (claimed === undefined) continue;
        await this.#adopt(found, { claimed, spec, options });
        return true;
      }
      return false;
    } finally {
      this.#waiting -= 1;
    }
  }

  /** Only one of several that try at once succeeds. */
  async #claim({ name }: Found): Promise<string | undefined> {
    const claimed = `${workstationName(name)}-${randomBytes(4).toString('hex')}`;
    const args = ['rename', workstationName(name), claimed];
    const result = await this.#context.programs.try('docker', args);
    return result.exitCode === 0 ? claimed : undefined;
  }

  async #adopt(
    found: Found,
    taking: { claimed: string; spec: ClusterSpec; options: CreateOptions },
  ): Promise<void> {
    const context = this.#context;
    const { claimed, spec, options } = taking;
    const { kindName } = found;
    const signal = options.signal ?? new AbortController().signal;
    const files = filesOf(context, spec.name);
    try {
      await noteDoing(context, found.name, 'creating');
      await createRecord(context, spec, {
        kindName,
        maker: newMaker(),
        createdAt: new Date().toISOString(),
      });
    } catch (error) {
      // Somebody else has the name: the cluster goes back into stock.
      await context.programs.try('docker', ['rename', claimed, workstationName(found.name)]);
      await rm(filesOf(context, found.name).doing, { force: true });
      throw error;
    }
    try {
      await rename(filesOf(context, found.name).dir, files.dir);
      await writeFile(files.spec, JSON.stringify(spec), { mode: 0o600 });
      await removeContainers(context, [claimed]);
      const estimates = await readEstimates(estimatesFile(context.stateDir), shapeOf(spec));
      const { onPhase } = options;
      const phases = new PhaseTracker(['images', 'workstation', 'workloads', 'baseline'], {
        estimates,
        ...(onPhase === undefined ? {} : { tell: onPhase }),
      });
      phases.begin('images');
      await loadImages(context, { kindName, images: imagesOfSpec(spec), signal });
      await handOver({ context, spec, kindName, phases, signal });
      await rm(files.doing, { force: true });
      context.containers.forget();
      phases.end();
    } catch (error) {
      await removeContainers(context, [claimed]);
      await removeCluster(context, { name: spec.name, kindName });
      await rm(filesOf(context, found.name).dir, { recursive: true, force: true });
      if (options.signal?.aborted === true) {
        throw new GatehouseError(
          'CANCELLED',
          `the creation of cluster "${spec.name}" was cancelled`,
        );
      }
      if (error instanceof GatehouseError && error.code === 'BAD_REQUEST') {
        throw new GatehouseError('CLUSTER_FAILED', error.message, { cause: error });
      }
      throw error;
    } finally {
      this.#fill();
    }
  }

  #fill(): void {
    if (this.#abort.signal.aborted) return;
    this.#filling ??= this.#fillOne()
      .catch((error: unknown) => {
        this.#context.logger.warn('no cluster could be put in stock', { reason: messageOf(error) });
      })
      .finally(() => {
        this.#filling = undefined;
      });
  }

  async #fillOne(): Promise<void> {
    const { shapes, spareMemoryMiB } = this.#context.settings.warmPool;
    if (this.#waiting > 0) return;
    const all = await findClusters(this.#context);
    for (const found of all) {
      const isStock = found.record?.labels[LABEL.pool] !== undefined;
      if (isStock && found.info.state === 'broken') await removeCluster(this.#context, found);
    }
    for (const { nodes, cni, count } of shapes) {
      const shape = shapeOf({ nodes, cni });
      const stock = all.filter(
        ({ record, info }) => record?.labels[LABEL.pool] === shape && info.state !== 'broken',
      );
      if (stock.length >= count) continue;
      if (availableMiB() - nodes * NODE_MIB < spareMemoryMiB) return;
      await createCluster(
        this.#context,
        {
          name: `stock-${randomBytes(4).toString('hex')}`,
          nodes,
          cni,
          manifests: [],
          nodeShell: false,
          labels: {},
        },
        { signal: this.#abort.signal, pool: shape },
      );
      return;
    }
  }

  /** Ends what is being made; the stock itself stays for the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#abort.abort();
    await this.#filling;
  }
}

function shapeOf({ nodes, cni }: Pick<ClusterSpec, 'nodes' | 'cni'>): string {
  return `${nodes}-${cni}`;
}

/** What the kernel could hand out now; without /proc nothing is put in stock. */
function availableMiB(): number {
  try {
    const kib = /^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return Math.floor(Number(kib ?? 0) / 1024);
  } catch {
    return 0;
  }
}
