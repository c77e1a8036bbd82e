import type { Cluster, ClusterTrouble } from '../../clusters/provider.js';
import { GatehouseError, messageOf } from '../../common/errors.js';
import { valueAt } from '../../common/json.js';
import type { Lab } from '../../common/lab.js';
import { TROUBLE_TITLES, type LabPageState, type PagePhase } from '../../common/page-events.js';
import type { CheckResult } from '../../common/verdict.js';
import type { StoredAttempt } from '../progress/progress.js';
import type { Phase } from '../../common/progress.js';
import type { Clock } from './clock.js';
import type { Terminals } from './terminals.js';
import { Topic } from './topic.js';

export type LiveLabEvent =
  | { type: 'changed' }
  | { type: 'result'; step: string; result: CheckResult }
  | { type: 'checked'; step: string; attempt: StoredAttempt }
  | { type: 'check-failed'; step: string; message: string };

export type LiveLabState = Exclude<LabPageState['cluster'], 'none'>;

/** One learner's running lab: its cluster, terminals and clock, and what its pages are told. */
export class LiveLab {
  readonly id: string;
  readonly userId: string;
  readonly userName: string;
  readonly lab: Lab;
  readonly clusterName: string;
  readonly createdAt: string;
  readonly clock: Clock;
  readonly terminals: Terminals;
  readonly events = new Topic<LiveLabEvent>();
  /** Ends everything that is under way for this lab: creating, resetting, checking. */
  readonly abort = new AbortController();
  /** Said above the first prompt. */
  greeting: string | undefined;
  step: string;
  checking: string | undefined;
  /** Nodes with root shells, where the lab asks for them; known as soon as the cluster is ready. */
  nodes: string[] = [];
  #state: LiveLabState;
  #phases: (PagePhase & { startedAt: number })[] = [];
  #fraction = 0;
  #failure: { message: string; fix?: string } | undefined;
  #trouble: ClusterTrouble | undefined;
  #cluster: Promise<Cluster> | undefined;
  #isTelling = false;

  constructor(options: {
    id: string;
    userId: string;
    userName: string;
    lab: Lab;
    clusterName: string;
    createdAt: string;
    step: string;
    state: LiveLabState;
    clock: Clock;
    createTerminals(live: LiveLab): Terminals;
  }) {
    this.id = options.id;
    this.userId = options.userId;
    this.userName = options.userName;
    this.lab = options.lab;
    this.clusterName = options.clusterName;
    this.createdAt = options.createdAt;
    this.step = options.step;
    this.#state = options.state;
    this.clock = options.clock;
    this.terminals = options.createTerminals(this);
  }

  get state(): LiveLabState {
    return this.#state;
  }

  get failure(): { message: string; fix?: string } | undefined {
    return this.#failure;
  }

  /** What ails its cluster, as far as it was asked. */
  get trouble(): ClusterTrouble | undefined {
    return this.#trouble;
  }

  isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Tells pages and terminals where it is news. */
  setTrouble(trouble: ClusterTrouble | undefined): void {
    const before = this.#trouble;
    if (before?.state === trouble?.state && before?.message === trouble?.message) return;
    this.#trouble = trouble;
    this.terminals.say(
      trouble === undefined
        ? 'Your cluster is well again.'
        : `${TROUBLE_TITLES[trouble.state]}. ${trouble.message} ${trouble.fix}`,
    );
    this.changed();
  }

  get phases(): { phases: PagePhase[]; fraction: number } {
    const phases = this.#phases.map(({ startedAt: _, ...phase }) => phase);
    return { phases, fraction: this.#fraction };
  }

  /** The cluster, once it is there. Rejects while it is not, saying why. */
  async cluster(): Promise<Cluster> {
    if (this.#cluster !== undefined && this.#state === 'ready') return this.#cluster;
    throw new GatehouseError(
      'NOT_AVAILABLE',
      this.#state === 'creating' || this.#state === 'resetting'
        ? 'the cluster of this lab is not ready yet'
        : 'this lab has no running cluster',
      { fix: 'Wait a moment, or start the lab again from its first page.' },
    );
  }

  /** Follows work that makes or remakes the cluster, and tells the pages phase by phase. */
  async follow(
    state: 'creating' | 'resetting',
    work: (onPhase: (phase: Phase) => void) => Promise<Cluster>,
  ): Promise<void> {
    const title = state === 'creating' ? 'Asking for a cluster' : 'Asking for the reset';
    this.#phases = [{ id: 'asking', title, startedAt: performance.now() }];
    this.#fraction = 0;
    this.#failure = undefined;
    this.#trouble = undefined;
    this.setState(state);
    const cluster = work((phase) => {
      this.#endPhase();
      this.#phases.push({ id: phase.id, title: phase.title, startedAt: performance.now() });
      this.#fraction = phase.fraction;
      this.changed();
    });
    this.#cluster = cluster;
    try {
      await this.#findNodes(await cluster);
      this.#endPhase();
      this.#fraction = 1;
      this.setState('ready');
    } catch (error) {
      this.#cluster = undefined;
      this.#failure = {
        message: messageOf(error),
        ...(error instanceof GatehouseError && error.fix !== undefined ? { fix: error.fix } : {}),
      };
      this.setState('failed');
      throw error;
    }
  }

  /** A cluster that was there before this process. */
  adopt(open: () => Promise<Cluster>): void {
    this.greeting = 'The server was restarted. Your cluster went on; this is a new shell in it.';
    this.#cluster = open();
    // Looked at again when it is used; until then a failure is nobody's.
    this.#cluster
      .then((cluster) => this.#findNodes(cluster))
      .then(
        () => {
          this.changed();
        },
        () => undefined,
      );
    this.setState('ready');
  }

  setState(state: LiveLabState): void {
    this.#state = state;
    this.changed();
  }

  /** Tells the pages, once for all changes of this turn of the event loop. */
  changed(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      this.events.publish({ type: 'changed' });
    });
  }

  async #findNodes(cluster: Cluster): Promise<void> {
    if (!this.lab.definition.needs.nodeShell) return;
    const { objects } = await cluster.snapshot();
    this.nodes = objects
      .filter(({ kind }) => kind === 'Node')
      .map((node) => String(valueAt(node, ['metadata', 'name'])))
      .sort();
  }

  #endPhase(): void {
    const last = this.#phases.at(-1);
    if (last !== undefined) last.tookMs ??= Math.round(performance.now() - last.startedAt);
  }
}
