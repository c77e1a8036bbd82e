import { setTimeout as delay } from 'node:timers/promises';
import path from 'node:path';
import type { Container, EphemeralContainer, LifecycleHandler } from 'kubernetes-types/core/v1.js';
import type { ProcessExit } from '../agent/agent.js';
import { ContainerProbes, type ProbeKind } from './container-probes.js';
import { containerSpecs, type ContainerRecord } from './container-record.js';
import { reasonOf, startErrorOf, terminationMessage } from './container-exit.js';
import { podFolder, surroundingsOf, type Surroundings } from './container-starter.js';
import { containerIdOf, timeText } from './pod-status.js';
import type { PodScope } from './pod-scope.js';
import { probeOnce, type ProbeTarget } from './prober.js';

type Spec = Container | EphemeralContainer;

const SIGTERM = 15;
export const SIGKILL = 9;

/** What goes on with the containers of one pod while they run, and how they end: probes, hooks, signals, exits. */
export class RunningContainers {
  readonly #scope: PodScope;
  readonly #surroundings = new Map<string, Surroundings>();
  readonly #probes = new Map<string, ContainerProbes>();

  constructor(scope: PodScope) {
    this.#scope = scope;
  }

  /** What a program that joins the container finds; also for containers that an earlier host started. */
  surroundings(container: string): Surroundings | undefined {
    const known = this.#surroundings.get(container);
    const spec = containerSpecs(this.#scope.pod).find((one) => one.spec.name === container)?.spec;
    const image = this.#scope.context.images.find(spec?.image ?? '');
    const sandbox = this.#scope.sandbox;
    if (known !== undefined || spec === undefined || image === undefined || sandbox === undefined) {
      return known;
    }
    try {
      const hostIP = this.#scope.node.address;
      const found = surroundingsOf(this.#scope.context, {
        pod: this.#scope.pod,
        container: spec,
        image,
        sandbox,
        hostIP,
      });
      this.#surroundings.set(container, found);
      return found;
    } catch {
      // What its variables came from is gone by now: it runs without them.
      return undefined;
    }
  }

  /** A process has started: its hook, then its probes. */
  async begun(spec: Spec, record: ContainerRecord, surroundings: Surroundings): Promise<void> {
    this.#surroundings.set(spec.name, surroundings);
    if (record.state.running === undefined) return;
    await this.#postStart(spec, record);
    if (record.role === 'init' || record.role === 'ephemeral') record.started = true;
    else this.watchHealth(spec, record);
  }

  exited(exit: ProcessExit): void {
    const record = [...this.#scope.records.values()].find(({ process }) => process === exit.id);
    if (record?.state.running === undefined) return;
    this.#probes.get(record.name)?.[Symbol.dispose]();
    this.#probes.delete(record.name);
    this.#scope.timers.clear(`kill/${record.name}`);
    delete record.killing;
    record.ready = false;
    record.started = false;
    const { startedAt } = record.state.running;
    const startError = startErrorOf(exit, this.#scope.logFile(record));
    const message = startError ?? terminationMessage(exit, this.#messageFiles(record));
    record.state = {
      terminated: {
        exitCode: startError === undefined ? exit.exitCode : 128,
        reason: reasonOf(exit, startError),
        ...(message === '' ? {} : { message }),
        ...(startedAt === undefined ? {} : { startedAt }),
        finishedAt: timeText(Date.parse(exit.finishedAt)),
        containerID: containerIdOf(record.process),
      },
    };
    if (startError !== undefined) this.#scope.event('Warning', 'Failed', `Error: ${startError}`);
    this.#scope.sync();
  }

  watchHealth(spec: Spec, record: ContainerRecord): void {
    this.#probes.get(record.name)?.[Symbol.dispose]();
    const probes = new ContainerProbes(this.#probeTarget(spec, record), {
      started: () => {
        record.started = true;
        this.#scope.sync();
      },
      ready: (isReady) => {
        record.ready = isReady;
        this.#scope.sync();
      },
      failed: (kind, message) => {
        this.#scope.event('Warning', 'Unhealthy', `${kind} probe failed: ${message}`);
      },
      unhealthy: (kind, graceSeconds) => {
        this.#unhealthy(record, { kind, graceSeconds });
      },
    });
    this.#probes.set(record.name, probes);
  }

  #unhealthy(
    record: ContainerRecord,
    { kind, graceSeconds }: { kind: ProbeKind; graceSeconds: number | undefined },
  ): void {
    const words = kind === 'Startup' ? 'failed startup probe' : 'failed liveness probe';
    this.#scope.event('Normal', 'Killing', `Container ${record.name} ${words}, will be restarted`);
    this.#kill(record, graceSeconds ?? this.#scope.graceSeconds);
  }

  #probeTarget(spec: Spec, record: ContainerRecord): ProbeTarget {
    return {
      agent: this.#scope.context.agent,
      container: spec,
      process: record.process,
      env: this.surroundings(spec.name)?.env ?? {},
      podIP: this.#scope.sandbox?.address ?? '',
      nodeNetns: this.#scope.node.netns,
    };
  }

  async #postStart(spec: Spec, record: ContainerRecord): Promise<void> {
    const handler = spec.lifecycle?.postStart;
    if (handler === undefined) return;
    const failure = await this.#runHandler(spec, record, handler);
    if (failure === undefined || record.state.running === undefined) return;
    this.#scope.event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${failure}`);
    this.#scope.event('Normal', 'Killing', 'FailedPostStartHook');
    this.#kill(record, this.#scope.graceSeconds);
  }

  async #runHandler(
    spec: Spec,
    record: ContainerRecord,
    handler: LifecycleHandler,
  ): Promise<string | undefined> {
    if (handler.sleep !== undefined) {
      await delay(handler.sleep.seconds * 1000);
      return undefined;
    }
    const outcome = await probeOnce(
      { ...handler, timeoutSeconds: this.#scope.graceSeconds },
      this.#probeTarget(spec, record),
    );
    return outcome.success ? undefined : outcome.message;
  }

  /** SIGTERM now, SIGKILL when the grace is over. */
  #kill(record: ContainerRecord, graceSeconds: number): void {
    if (record.state.running === undefined) return;
    const deadline = this.#scope.context.api.now() + graceSeconds * 1000;
    if (record.killing !== undefined && record.killing.deadline <= deadline) return;
    const isFirst = record.killing === undefined;
    record.killing = { deadline };
    const { process } = record;
    if (graceSeconds <= 0) {
      void this.#scope.context.agent.signal(process, SIGKILL);
      return;
    }
    if (isFirst) void this.#scope.context.agent.signal(process, SIGTERM);
    this.#scope.timers.after(`kill/${record.name}`, graceSeconds * 1000, () => {
      void this.#scope.context.agent.signal(process, SIGKILL);
    });
  }

  /** Asks what still runs to end, sidecars after the others; true while something does. */
  stopAll(graceSeconds: number): boolean {
    const specs = containerSpecs(this.#scope.pod).reverse();
    const runs = (role: string): Spec[] =>
      specs.flatMap(({ spec, role: own }) =>
        own === role && this.#scope.records.get(spec.name)?.state.running !== undefined
          ? [spec]
          : [],
      );
    const first = [...runs('ephemeral'), ...runs('app'), ...runs('init')];
    const next = first.length > 0 ? first : runs('sidecar').slice(0, 1);
    for (const spec of next) {
      const record = this.#scope.records.get(spec.name);
      if (record === undefined) continue;
      if (record.killing === undefined) {
        this.#scope.event('Normal', 'Killing', `Stopping container ${spec.name}`);
        if (spec.lifecycle?.preStop !== undefined && graceSeconds > 0) {
          this.#preStop(spec, record, graceSeconds);
          continue;
        }
      }
      this.#kill(record, graceSeconds);
    }
    return next.length > 0;
  }

  #preStop(spec: Spec, record: ContainerRecord, graceSeconds: number): void {
    const handler = spec.lifecycle?.preStop;
    if (handler === undefined) return;
    const deadline = this.#scope.context.api.now() + graceSeconds * 1000;
    record.killing = { deadline };
    this.#scope.timers.after(`kill/${record.name}`, graceSeconds * 1000, () => {
      void this.#scope.context.agent.signal(record.process, SIGKILL);
    });
    void this.#runHandler(spec, record, handler).then((failure) => {
      if (failure !== undefined) {
        this.#scope.event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${failure}`);
      }
      void this.#scope.context.agent.signal(record.process, SIGTERM);
    });
  }

  #messageFiles(record: ContainerRecord): Parameters<typeof terminationMessage>[1] {
    const spec = containerSpecs(this.#scope.pod).find((one) => one.spec.name === record.name)?.spec;
    return {
      message: path.join(podFolder(this.#scope.context, this.#scope.pod), `${record.name}.message`),
      log: this.#scope.logFile(record),
      policy: spec?.terminationMessagePolicy,
    };
  }

  /** No probe asks any more; processes live on. */
  [Symbol.dispose](): void {
    for (const probes of this.#probes.values()) probes[Symbol.dispose]();
  }
}
