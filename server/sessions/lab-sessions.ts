import type { ClusterInfo, ClusterProvider } from '../../clusters/provider.js';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { Lab } from '../../common/lab.js';
import type { Logger } from '../../common/logger.js';
import { clusterSpecOf } from '../../graders/grade-lab.js';
import type { Settings } from '../config.js';
import type { Database } from '../database/open-database.js';
import type { User } from '../identity/roles.js';
import { createId } from '../identity/tokens.js';
import { BackgroundWork } from './background-work.js';
import { Caretaker } from './caretaker.js';
import { Clock } from './clock.js';
import { deleteCluster } from './delete-cluster.js';
import { FairShare } from './fair-share.js';
import { LiveLab, type LiveLabState } from './live-lab.js';
import { SessionStore, type SessionRow } from './session-store.js';
import { refuseTooMany } from './session-limits.js';
import { Terminals } from './terminals.js';
import { Topic } from './topic.js';

export interface LabSessionsOptions {
  provider: () => Promise<ClusterProvider>;
  /** With this learner's values. */
  findLab(id: string, userId: string): Promise<Lab | undefined>;
  database: Database;
  settings: Settings;
  logger: Logger;
}

const TICK_MS = 5000;
/** How stale the time of the last activity may be in the database. */
const SAVE_ACTIVITY_MS = 60_000;

/** Every running lab of this server. Clusters outlive the server: after a restart they are found again. */
export class LabSessions implements AsyncDisposable {
  /** A lab started, ended or changed its state. */
  readonly changes = new Topic<undefined>();
  readonly #options: LabSessionsOptions;
  readonly #store: SessionStore;
  readonly #fairShare = new FairShare();
  readonly #caretaker = new Caretaker();
  readonly #live = new Map<string, LiveLab>();
  readonly #background: BackgroundWork;
  /** Labs that ran before this server started and were not found yet. */
  #unrestored: SessionRow[] = [];
  #restoring: Promise<void> | undefined;
  readonly #savedActivity = new Map<string, number>();
  readonly #starting = new Map<string, Promise<LiveLab>>();
  readonly #warned = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: LabSessionsOptions) {
    this.#options = options;
    this.#store = new SessionStore(options.database);
    this.#background = new BackgroundWork(options.logger);
  }

  list(): LiveLab[] {
    return [...this.#live.values()];
  }

  find(userId: string, labId: string): LiveLab | undefined {
    return this.list().find((live) => live.userId === userId && live.lab.id === labId);
  }

  /** Throws NOT_FOUND where the learner has not started this lab. */
  get(userId: string, labId: string): LiveLab {
    const live = this.find(userId, labId);
    if (live === undefined) throw notRunning();
    return live;
  }

  getById(id: string): LiveLab {
    const live = this.#live.get(id);
    if (live === undefined) throw notRunning();
    return live;
  }

  /** The learner's lab; started where it does not run. Resolves before its cluster is ready. */
  async start(user: User, lab: Lab): Promise<LiveLab> {
    const key = `${user.id} ${lab.id}`;
    // Two quick clicks are one start.
    const starting = this.#starting.get(key) ?? this.#start(user, lab);
    this.#starting.set(key, starting);
    try {
      return await starting;
    } finally {
      this.#starting.delete(key);
    }
  }

  /** Back to the lab's start. Scores stay. Resolves before the cluster is ready again. */
  async reset(live: LiveLab): Promise<void> {
    const cluster = await live.cluster();
    live.clock.touch();
    this.#background.start('reset', live, async () => {
      await live.follow('resetting', async (onPhase) => {
        await cluster.reset({ signal: live.abort.signal, onPhase });
        return cluster;
      });
      await live.terminals.restartAll('The lab was reset; this is a new shell.');
    });
  }

  /** Ends a lab and its cluster. Progress stays. Safe to call twice. */
  async end(live: LiveLab, reason: EndReason): Promise<void> {
    if (!this.#live.delete(live.id)) return;
    live.abort.abort();
    const shellsEnd = live.terminals[Symbol.asyncDispose]();
    live.setState('ended');
    this.#savedActivity.delete(live.id);
    this.#warned.delete(live.id);
    await this.#store.end(live.id, reason);
    this.changes.publish(undefined);
    this.#background.start('delete', live, async () => {
      await shellsEnd;
      const provider = await this.#options.provider();
      await deleteCluster(provider, live.clusterName);
    });
  }

  /** Remembers where the learner is; also a sign of life. */
  async visit(live: LiveLab, step: string): Promise<void> {
    live.clock.touch();
    if (live.step === step) return;
    live.step = step;
    this.changes.publish(undefined);
    await this.#store.visit(live.id, step).catch(ignoreDiskFull);
  }

  /**
   * Finds the clusters of labs that ran before this server started, ends labs whose cluster is gone, and deletes
   * clusters of ours that no lab knows. Where clusters cannot be asked for now, it is tried again until they can.
   */
  async restore(): Promise<void> {
    this.#unrestored = await this.#store.running();
    await this.#restoreRest().catch((error: unknown) => {
      this.#options.logger.error('running labs could not be looked for', {
        error: messageOf(error),
      });
    });
    if (this.#isClosed) return;
    this.#timer = setInterval(() => {
      void this.#tick();
    }, TICK_MS);
    this.#timer.unref();
  }

  /** Lets go of everything but the clusters, which go on: the next server finds them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    const shellsEnd = this.list().map((live) => live.terminals[Symbol.asyncDispose]());
    for (const live of this.list()) {
      // A cluster that is half made belongs to nobody after us; a ready one is left alone.
      if (live.state !== 'ready') live.abort.abort();
    }
    await Promise.allSettled([...shellsEnd, this.#background.ended()]);
    await this.#saveActivity(0).catch(ignoreDiskFull);
    this.#live.clear();
  }

  /** Rejects where the provider cannot be asked. Those who ask together wait for one and the same answer. */
  async #restoreRest(): Promise<void> {
    if (this.#unrestored.length === 0 && this.#restoring === undefined) return;
    this.#restoring ??= this.#restoreNow().finally(() => {
      this.#restoring = undefined;
    });
    await this.#restoring;
  }

  async #restoreNow(): Promise<void> {
    const provider = await this.#options.provider();
    const clusters = new Map((await provider.list()).map((info) => [info.name, info]));
    for (let row = this.#unrestored[0]; row !== undefined; row = this.#unrestored[0]) {
      const lab = await this.#options.findLab(row.lab, row.userId);
      const userName = await this.#store.userName(row.userId);
      const info = clusters.get(row.cluster);
      this.#unrestored.shift();
      if (lab === undefined || info?.state !== 'ready') {
        await this.#store.end(row.id, 'lost').catch(ignoreDiskFull);
        continue;
      }
      const { cluster } = row;
      const live = this.#createLive(row, { userName, lab, state: 'ready' });
      live.adopt(() => provider.open(cluster));
    }
    await this.#sweep(provider, [...clusters.values()]);
  }

  async #sweep(provider: ClusterProvider, clusters: ClusterInfo[]): Promise<void> {
    const installation = await this.#store.installation();
    const known = new Set(this.list().map((live) => live.clusterName));
    for (const { name, labels } of clusters) {
      if (labels['installation'] !== installation || known.has(name)) continue;
      this.#options.logger.warn('a cluster without a lab is deleted', { cluster: name });
      await deleteCluster(provider, name);
    }
  }

  #createLive(
    row: SessionRow,
    { userName, lab, state }: { userName: string; lab: Lab; state: LiveLabState },
  ): LiveLab {
    const { idleMinutes, idleWarningMinutes, maxHours, maxTerminalsPerSession } =
      this.#options.settings;
    const live = new LiveLab({
      id: row.id,
      userId: row.userId,
      userName,
      lab,
      clusterName: row.cluster,
      createdAt: new Date(row.createdAt).toISOString(),
      step: row.step,
      state,
      clock: new Clock({
        createdAt: row.createdAt,
        lastActiveAt: row.lastActiveAt,
        idleMs: idleMinutes * 60_000,
        warningMs: idleWarningMinutes * 60_000,
        mostMs: maxHours * 3_600_000,
      }),
      createTerminals: (owner) =>
        new Terminals({
          openShell: async (target) => (await owner.cluster()).shell(target),
          fairShare: this.#fairShare,
          most: maxTerminalsPerSession,
          onInput: () => {
            this.touch(owner);
          },
          onChange: () => {
            owner.changed();
          },
          onEnd: () => {
            void this.lookAfter(owner);
          },
        }),
    });
    this.#live.set(live.id, live);
    live.events.subscribe((event) => {
      if (event.type === 'changed') this.changes.publish(undefined);
    });
    this.changes.publish(undefined);
    return live;
  }

  /** Asks how its cluster is, and tells its pages where that is news. Never rejects. */
  async lookAfter(live: LiveLab): Promise<void> {
    await this.#caretaker.look(live).catch((error: unknown) => {
      this.#options.logger.error('a cluster could not be asked how it is', {
        cluster: live.clusterName,
        error: messageOf(error),
      });
    });
  }

  /** A sign of life; takes back a warning that was given. */
  touch(live: LiveLab): void {
    live.clock.touch();
    if (this.#warned.delete(live.id)) live.changed();
  }

  async #start(user: User, lab: Lab): Promise<LiveLab> {
    // The lab may be one that ran before and could not be found yet.
    await this.#restoreRest();
    const before = this.find(user.id, lab.id);
    if (before !== undefined && before.state !== 'failed') return before;
    if (before !== undefined) await this.end(before, 'failed');
    refuseTooMany(user, this.list(), this.#options.settings);
    const id = createId();
    const row: SessionRow = {
      id,
      userId: user.id,
      lab: lab.id,
      cluster: `lab-${id}`,
      step: lab.steps[0]?.id ?? '',
      createdAt: Date.now(),
      lastActiveAt: Date.now(),
    };
    await this.#store.add(row);
    const live = this.#createLive(row, { userName: user.name, lab, state: 'creating' });
    this.#background.start('create', live, () =>
      live.follow('creating', async (onPhase) =>
        (await this.#options.provider()).create(
          clusterSpecOf(lab, { name: row.cluster, labels: await this.#labels(row) }),
          { signal: live.abort.signal, onPhase },
        ),
      ),
    );
    return live;
  }

  async #labels(row: SessionRow): Promise<Record<string, string>> {
    return {
      session: row.id,
      owner: row.userId,
      installation: await this.#store.installation(),
    };
  }

  async #tick(): Promise<void> {
    await this.#restoreRest().catch(() => undefined);
    for (const live of this.list()) {
      void this.lookAfter(live);
      const state = live.clock.state();
      if (state === 'over') {
        await this.end(live, 'idle').catch(ignoreDiskFull);
      } else if (state === 'warning' && !this.#warned.has(live.id)) {
        this.#warned.add(live.id);
        live.changed();
      }
    }
    await this.#saveActivity(SAVE_ACTIVITY_MS).catch(ignoreDiskFull);
  }

  async #saveActivity(staleMs: number): Promise<void> {
    for (const live of this.list()) {
      const { lastActiveAt } = live.clock;
      if (lastActiveAt - (this.#savedActivity.get(live.id) ?? 0) <= staleMs) continue;
      this.#savedActivity.set(live.id, lastActiveAt);
      await this.#store.touch(live.id, lastActiveAt);
    }
  }
}

export type EndReason = 'learner' | 'instructor' | 'idle' | 'failed' | 'lost';

function notRunning(): GatehouseError {
  return new GatehouseError('NOT_FOUND', 'this lab is not running', {
    fix: 'Start it from its first page; your progress is kept.',
  });
}

function ignoreDiskFull(error: unknown): void {
  // Where the learner is and when the last key was pressed can be lost; grades go another way.
  if (error instanceof GatehouseError && error.code === 'DISK_FULL') return;
  throw error;
}
