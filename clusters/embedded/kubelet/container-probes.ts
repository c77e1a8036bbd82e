import type { Probe } from 'kubernetes-types/core/v1.js';
import { probeOnce, type ProbeTarget } from './prober.js';

export type ProbeKind = 'Startup' | 'Readiness' | 'Liveness';

export interface ProbeListener {
  started(): void;
  ready(isReady: boolean): void;
  /** The container has to be restarted. */
  unhealthy(kind: 'Startup' | 'Liveness', graceSeconds: number | undefined): void;
  /** One failed answer, for the event. */
  failed(kind: ProbeKind, message: string): void;
}

/** While a container comes up, its first answers are asked for sooner than the period says. */
const EAGER_MS = [10, 20, 40, 80, 150, 300, 600];

/** The timers of one running container's probes. Without probes there are none. */
export class ContainerProbes implements Disposable {
  readonly #target: ProbeTarget;
  readonly #listener: ProbeListener;
  readonly #timers = new Set<NodeJS.Timeout>();
  #ended = false;

  constructor(target: ProbeTarget, listener: ProbeListener) {
    this.#target = target;
    this.#listener = listener;
    const { startupProbe } = target.container;
    if (startupProbe === undefined) this.#afterStart();
    else this.#run('Startup', startupProbe);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #afterStart(): void {
    const { readinessProbe, livenessProbe } = this.#target.container;
    this.#listener.started();
    if (readinessProbe === undefined) this.#listener.ready(true);
    else this.#run('Readiness', readinessProbe);
    if (livenessProbe !== undefined) this.#run('Liveness', livenessProbe);
  }

  #run(kind: ProbeKind, probe: Probe): void {
    const periodMs = (probe.periodSeconds ?? 10) * 1000;
    const eager = kind === 'Liveness' ? [] : EAGER_MS.filter((ms) => ms < periodMs);
    let successes = 0;
    let failures = 0;
    let isPassing = kind === 'Liveness';
    const ask = async (): Promise<void> => {
      const { success, message } = await probeOnce(probe, this.#target);
      if (this.#ended) return;
      const soon = success || isPassing ? undefined : eager.shift();
      if (soon !== undefined) {
        this.#after(soon, ask);
        return;
      }
      if (success) {
        failures = 0;
        successes++;
        if (!isPassing && successes >= (probe.successThreshold ?? 1)) {
          isPassing = true;
          if (kind === 'Startup') {
            this.#afterStart();
            return;
          }
          this.#listener.ready(true);
        }
      } else {
        successes = 0;
        failures++;
        this.#listener.failed(kind, message);
        if (failures >= (probe.failureThreshold ?? 3)) {
          if (kind !== 'Readiness') {
            this.#listener.unhealthy(kind, probe.terminationGracePeriodSeconds);
            return;
          }
          if (isPassing) {
            isPassing = false;
            this.#listener.ready(false);
          }
        }
      }
      this.#after(periodMs, ask);
    };
    this.#after((probe.initialDelaySeconds ?? 0) * 1000, ask);
  }

  #after(ms: number, work: () => Promise<void>): void {
    if (this.#ended) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void work();
    }, ms);
    this.#timers.add(timer);
  }
}
