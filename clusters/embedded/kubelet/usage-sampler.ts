import type { Agent } from '../agent/agent.js';
import type { ContainerUsage, UsageReport, UsageSource } from '../api/usage-source.js';

/** An answer this young is given again. */
const FRESH_MS = 1000;
/** Processor time is counted in steps of 10 ms: less than this says little. */
const SHORTEST_WINDOW_MS = 250;
/** An older look says what was, not what is. */
const LONGEST_WINDOW_MS = 60_000;

interface Sample {
  at: number;
  processes: ReadonlyMap<string, { cpuMs: number; rssBytes: number }>;
}

/** Reads what containers use from their processes, when somebody asks and not otherwise. */
export class UsageSampler implements UsageSource {
  readonly #agent: Pick<Agent, 'usage'>;
  #last: Sample | undefined;
  #report: UsageReport | undefined;
  #pending: Promise<UsageReport> | undefined;

  constructor(agent: Pick<Agent, 'usage'>) {
    this.#agent = agent;
  }

  usage(): Promise<UsageReport> {
    if (this.#report !== undefined && Date.now() - this.#report.at < FRESH_MS) {
      return Promise.resolve(this.#report);
    }
    this.#pending ??= this.#measure().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #measure(): Promise<UsageReport> {
    let before = this.#last;
    if (before === undefined || Date.now() - before.at > LONGEST_WINDOW_MS) {
      before = await this.#look();
      await new Promise((resolve) => setTimeout(resolve, SHORTEST_WINDOW_MS));
    }
    const after = await this.#look();
    this.#last = after;
    this.#report = reportOf(before, after);
    return this.#report;
  }

  async #look(): Promise<Sample> {
    const usage = await this.#agent.usage();
    return { at: Date.now(), processes: new Map(usage.map((entry) => [entry.id, entry])) };
  }
}

function reportOf(before: Sample, after: Sample): UsageReport {
  const windowMs = Math.max(1, after.at - before.at);
  const pods = new Map<string, ContainerUsage[]>();
  for (const [id, { cpuMs, rssBytes }] of after.processes) {
    const [uid = '', name] = id.split('/');
    if (name === undefined) continue;
    // A child that ended took its time with it; a process that is new began with none.
    const spent = Math.max(0, cpuMs - (before.processes.get(id)?.cpuMs ?? 0));
    const usage = {
      name,
      nanocores: Math.round((spent / windowMs) * 1e9),
      memoryBytes: rssBytes,
    };
    pods.set(uid, [...(pods.get(uid) ?? []), usage]);
  }
  return { at: after.at, windowMs, pods };
}
