import { setImmediate } from 'node:timers/promises';
import { rmSync } from 'node:fs';
import path from 'node:path';
import type { Container, EphemeralContainer, LifecycleHandler } from 'kubernetes-types/core/v1.js';
import { messageOf } from '../../../common/errors.js';
import type { KeptProcess, ProcessExit } from '../agent/agent.js';
import type { PodObject } from '../network/objects.js';
import { isTerminated } from '../network/objects.js';
import { ContainerProbes, type ProbeKind } from './container-probes.js';
import {
  containerSpecs,
  newRecord,
  processId,
  recordFromStatus,
  type ContainerRecord,
} from './container-record.js';
import { reasonOf, startErrorOf, terminationMessage } from './container-exit.js';
import {
  describeStartFailure,
  logFile,
  podFolder,
  prepareContainer,
  surroundingsOf,
  type Prepared,
  type Surroundings,
} from './container-starter.js';
import type { KubeletContext, NodeIdentity, Sandbox } from './context.js';
import { ContainerConfigError } from './environment.js';
import { containerIdOf, fullImageName, podStatusOf, timeText } from './pod-status.js';
import { PodTimers } from './pod-timers.js';
import { PodVolumes } from './pod-volumes.js';
import { probeOnce, type ProbeTarget } from './prober.js';
import { FIRST_BACKOFF_S, LAST_BACKOFF_S, backOffText, isOver, mayRestart } from './restarts.js';
import { VolumeError, usesObject } from './volumes.js';

type Spec = Container | EphemeralContainer;

const SIGTERM = 15;
const SIGKILL = 9;

/**
 * One pod on its node, from the first look to the last: volumes, network, containers in their order,
 * restarts, status, and the end. Every change leads to `sync`, which brings things one step further and never
 * runs twice at a time.
 */
export class PodWorker {
  readonly #context: KubeletContext;
  readonly #node: NodeIdentity;
  readonly #records = new Map<string, ContainerRecord>();
  readonly #surroundings = new Map<string, Surroundings>();
  readonly #probes = new Map<string, ContainerProbes>();
  readonly #volumes: PodVolumes;
  readonly #timers = new PodTimers();
  #pod: PodObject;
  #sandbox: Sandbox | undefined;
  #startTime = '';
  #ended = false;
  #failure: { reason: string; message: string } | undefined;
  #running = false;
  #again = false;
  #lastStatus = '';
  #lastComplaint = '';
  /** The object is gone from the API: nothing is reported any more. */
  #orphaned = false;
  #gone: (() => void) | undefined;
  /** Ends when everything the pod had is gone. */
  readonly finished: Promise<void>;

  constructor(context: KubeletContext, node: NodeIdentity, pod: PodObject) {
    this.#context = context;
    this.#node = node;
    this.#pod = pod;
    this.#volumes = new PodVolumes(context, node);
    this.finished = new Promise((resolve) => {
      this.#gone = resolve;
    });
  }

  get pod(): PodObject {
    return this.#pod;
  }

  get sandbox(): Sandbox | undefined {
    return this.#sandbox;
  }

  record(container: string): ContainerRecord | undefined {
    return this.#records.get(container);
  }

  /** What a program that joins the container finds; also for containers that an earlier host started. */
  surroundings(container: string): Surroundings | undefined {
    const known = this.#surroundings.get(container);
    const spec = containerSpecs(this.#pod).find((one) => one.spec.name === container)?.spec;
    const image = this.#context.images.find(spec?.image ?? '');
    const sandbox = this.#sandbox;
    if (known !== undefined || spec === undefined || image === undefined || sandbox === undefined) {
      return known;
    }
    try {
      const hostIP = this.#node.address;
      const found = surroundingsOf(this.#context, {
        pod: this.#pod,
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

  /** Takes over what an earlier run of the host left: processes that the agent kept, and what the status says. */
  adopt(processes: ReadonlyMap<string, KeptProcess>): void {
    const pod = this.#pod;
    if (pod.status?.startTime === undefined) return;
    this.#startTime = pod.status.startTime;
    const isKept = [...processes.keys()].some((id) => id.startsWith(`${pod.metadata.uid}/`));
    this.#sandbox =
      isKept || pod.spec.hostNetwork === true ? this.#context.network.adopt(pod) : undefined;
    for (const { role, spec } of containerSpecs(pod)) {
      const record = recordFromStatus(pod, spec.name, role);
      this.#records.set(spec.name, record);
      // A process may have started just before the crash, and its record may never have been written.
      const next = processId(pod, spec.name, record.process === '' ? 0 : record.restartCount + 1);
      const id = processes.has(next) ? next : record.process;
      const process = processes.get(id);
      if (process !== undefined) this.#adoptProcess(spec, record, process);
      else if (record.state.running !== undefined) this.#lost(record);
    }
    if (this.#sandbox === undefined && !isTerminated(pod)) this.#rebuilt();
    if (isTerminated(pod)) this.#ended = true;
  }

  #adoptProcess(spec: Spec, record: ContainerRecord, kept: KeptProcess): void {
    if (kept.id !== record.process && record.process !== '') record.restartCount++;
    record.process = kept.id;
    const ended = kept.exit;
    if (ended !== undefined) {
      record.state = { running: { startedAt: timeText(Date.parse(kept.startedAt)) } };
      this.exited(ended);
      return;
    }
    record.state = { running: { startedAt: timeText(Date.parse(kept.startedAt)) } };
    if (record.role === 'app' || record.role === 'sidecar') this.#watchHealth(spec, record);
    else record.started = true;
  }

  #lost(record: ContainerRecord): void {
    const startedAt = record.state.running?.startedAt ?? this.#startTime;
    record.state = {
      terminated: {
        exitCode: 137,
        reason: 'ContainerStatusUnknown',
        message: 'The container could not be located when the pod was last checked',
        startedAt,
        finishedAt: this.#time(),
        containerID: containerIdOf(record.process),
      },
    };
    record.ready = false;
    record.started = false;
  }

  #rebuilt(): void {
    if (this.#records.size === 0) return;
    this.#event(
      'Normal',
      'SandboxChanged',
      'Pod sandbox changed, it will be killed and re-created.',
    );
    for (const record of this.#records.values()) {
      if (record.state.terminated === undefined) continue;
      // A node that comes back starts everything again that may run again.
      if (record.role === 'init' || mayRestart(this.#pod, record, 1)) this.#forRestart(record);
    }
  }

  update(pod: PodObject): void {
    const before = this.#pod;
    this.#pod = pod;
    if (pod.metadata.resourceVersion === before.metadata.resourceVersion) return;
    // Our own status writes come back to us too.
    if (
      pod.spec === before.spec &&
      pod.metadata.deletionTimestamp === before.metadata.deletionTimestamp &&
      pod.metadata.labels === before.metadata.labels &&
      pod.metadata.annotations === before.metadata.annotations
    ) {
      return;
    }
    this.#refreshVolumes();
    this.sync();
  }

  /** Something outside changed that the pod may wait for. */
  nudge(): void {
    if (!this.#ended) this.sync();
  }

  objectChanged(kind: 'configMap' | 'secret', name: string): void {
    if (this.#ended) return;
    if (usesObject(this.#pod, kind, name)) this.#refreshVolumes();
    this.sync();
  }

  /** The pod's object is gone: end everything at once. */
  removed(): Promise<void> {
    this.#orphaned = true;
    this.sync();
    return this.finished;
  }

  exited(exit: ProcessExit): void {
    const record = [...this.#records.values()].find(({ process }) => process === exit.id);
    if (record?.state.running === undefined) return;
    this.#probes.get(record.name)?.[Symbol.dispose]();
    this.#probes.delete(record.name);
    this.#timers.clear(`kill/${record.name}`);
    delete record.killing;
    record.ready = false;
    record.started = false;
    const { startedAt } = record.state.running;
    const startError = startErrorOf(exit, this.#logFile(record));
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
    if (startError !== undefined) this.#event('Warning', 'Failed', `Error: ${startError}`);
    this.sync();
  }

  sync(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    void this.#loop();
  }

  async #loop(): Promise<void> {
    for (;;) {
      this.#again = false;
      try {
        await this.#step();
      } catch (error) {
        this.#context.logger.error('a pod could not be brought further', {
          pod: this.#pod.metadata.name,
          error: messageOf(error),
        });
        this.#later('retry', 1000);
      }
      // What came while the step ran needs another one; whatever goes wrong, others get their turn first.
      if (!this.#isAskedAgain()) break;
      await setImmediate();
    }
    this.#running = false;
  }

  #isAskedAgain(): boolean {
    return this.#again;
  }

  async #step(): Promise<void> {
    const pod = this.#pod;
    if (this.#orphaned) return this.#end();
    if (this.#ended && pod.metadata.deletionTimestamp === undefined) return;
    if (this.#startTime === '') this.#begin();
    if (pod.metadata.deletionTimestamp !== undefined) return this.#terminate();
    this.#checkDeadline();
    if (this.#failure !== undefined) return this.#finishFailed();
    if (!(await this.#ready())) {
      this.#report();
      return;
    }
    // Once nothing else will run, sidecars are ended, not started again.
    if (!this.#isOver() && (await this.#initialize())) await this.#runApps();
    if (this.#isOver()) await this.#finish();
    this.#report();
    return;
  }

  #begin(): void {
    this.#startTime = this.#time();
    for (const { role, spec } of containerSpecs(this.#pod)) {
      if (!this.#records.has(spec.name))
        this.#records.set(spec.name, newRecord(this.#pod, spec.name, role));
    }
  }

  /** Volumes, then the network: what every container needs. */
  async #ready(): Promise<boolean> {
    const pod = this.#pod;
    for (const { role, spec } of containerSpecs(pod)) {
      if (!this.#records.has(spec.name))
        this.#records.set(spec.name, newRecord(pod, spec.name, role));
    }
    if (!(await this.#mountVolumes())) return false;
    if (this.#sandbox === undefined) {
      const hostNetwork = pod.spec.hostNetwork === true;
      const readiness = this.#context.network.readiness(this.#node.name);
      if (!hostNetwork && !readiness.ready) {
        const id = containerIdOf(pod.metadata.uid).replace(/^.*:\/\//, '');
        this.#complain(readiness.reason, readiness.message(id));
        return false;
      }
      this.#sandbox = hostNetwork
        ? { netns: this.#node.netns, address: this.#node.address }
        : await this.#context.network.setUp(pod);
      if (this.#orphaned || this.#pod.metadata.deletionTimestamp !== undefined) {
        this.#again = true;
        return false;
      }
    }
    return true;
  }

  async #mountVolumes(): Promise<boolean> {
    try {
      await this.#volumes.mount(this.#pod);
      return true;
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      this.#complain('FailedMount', error.message);
      this.#later('volumes', 2000);
      return false;
    }
  }

  #refreshVolumes(): void {
    this.#volumes.refresh(this.#pod, (message) => {
      this.#complain('FailedMount', message);
    });
  }

  /** Init containers one after the other; true when the app containers may run. */
  async #initialize(): Promise<boolean> {
    for (const { role, spec } of containerSpecs(this.#pod)) {
      const record = this.#records.get(spec.name);
      if (record === undefined) continue;
      if (role === 'init') {
        if (record.state.terminated?.exitCode === 0) continue;
        if (record.state.running !== undefined) return false;
        await this.#startOrRestart(spec, record);
        return false;
      }
      if (role === 'sidecar') {
        if (record.state.running === undefined) await this.#startOrRestart(spec, record);
        if (!record.started) return false;
      }
    }
    return true;
  }

  async #runApps(): Promise<void> {
    for (const { role, spec } of containerSpecs(this.#pod)) {
      const record = this.#records.get(spec.name);
      if (record === undefined || (role !== 'app' && role !== 'ephemeral')) continue;
      if (record.role === 'app' && record.state.waiting?.reason === 'PodInitializing') {
        record.state = { waiting: { reason: 'ContainerCreating' } };
      }
      if (record.state.running === undefined) await this.#startOrRestart(spec, record);
      if (this.#orphaned || this.#pod.metadata.deletionTimestamp !== undefined) return;
    }
  }

  async #startOrRestart(spec: Spec, record: ContainerRecord): Promise<void> {
    const exit = record.state.terminated;
    if (exit !== undefined) {
      if (!mayRestart(this.#pod, record, exit.exitCode)) return;
      const now = this.#context.api.now();
      const finished = Date.parse(exit.finishedAt ?? this.#time());
      // What never started has not run, whatever its dates say.
      const ran =
        exit.reason === 'StartError' ? 0 : finished - Date.parse(exit.startedAt ?? this.#time());
      if (ran > 2 * LAST_BACKOFF_S * 1000) record.backOffSeconds = 0;
      if (record.backOffSeconds > 0) {
        record.backOffUntil = Math.max(finished + record.backOffSeconds * 1000, now);
        this.#backOff(record);
        return;
      }
      record.backOffSeconds = FIRST_BACKOFF_S;
      this.#forRestart(record);
    } else if (record.backOffUntil !== undefined) {
      if (this.#context.api.now() < record.backOffUntil) return;
      delete record.backOffUntil;
      record.backOffSeconds = Math.min(LAST_BACKOFF_S, record.backOffSeconds * 2);
      record.restartCount++;
    }
    await this.#start(spec, record);
  }

  #forRestart(record: ContainerRecord): void {
    record.lastState = record.state;
    record.state = { waiting: { reason: 'ContainerCreating' } };
    record.restartCount++;
  }

  #backOff(record: ContainerRecord): void {
    const { namespace = '', name, uid } = this.#pod.metadata;
    record.lastState = record.state;
    record.state = {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: `back-off ${backOffText(record.backOffSeconds)} restarting failed container=${record.name} pod=${name}_${namespace}(${uid})`,
      },
    };
    this.#event(
      'Warning',
      'BackOff',
      `Back-off restarting failed container ${record.name} in pod ${name}_${namespace}(${uid})`,
    );
    this.#later(`backoff/${record.name}`, (record.backOffUntil ?? 0) - this.#context.api.now());
  }

  async #start(spec: Spec, record: ContainerRecord): Promise<void> {
    const image = this.#image(spec, record);
    const sandbox = this.#sandbox;
    if (image === undefined || sandbox === undefined) return;
    let prepared: Prepared;
    const pod = this.#pod;
    try {
      await this.#volumes.mountParts(pod, spec);
      prepared = prepareContainer(this.#context, {
        pod,
        container: spec,
        image,
        attempt: record.restartCount,
        sandbox,
        hostIP: this.#node.address,
        volumes: this.#volumes.folders,
      });
    } catch (error) {
      if (error instanceof ContainerConfigError) {
        record.state = {
          waiting: { reason: 'CreateContainerConfigError', message: error.message },
        };
        this.#event('Warning', 'Failed', `Error: ${error.message}`);
        this.#later(`config/${spec.name}`, 5000);
        return;
      }
      this.#created(record, spec);
      this.#startFailed(record, error);
      return;
    }
    this.#created(record, spec);
    record.process = prepared.spec.id;
    try {
      // The exit may be told before the start is: the record must be running by then.
      record.state = { running: { startedAt: this.#time() } };
      await this.#context.agent.start(prepared.spec);
    } catch (error) {
      this.#startFailed(record, error);
      return;
    }
    this.#surroundings.set(spec.name, { env: prepared.env, cwd: prepared.cwd });
    this.#event('Normal', 'Started', `Started container ${spec.name}`);
    if (record.state.running === undefined) return;
    await this.#postStart(spec, record);
    if (record.role === 'init' || record.role === 'ephemeral') record.started = true;
    else this.#watchHealth(spec, record);
  }

  #created(record: ContainerRecord, spec: Spec): void {
    record.imageID = `stand-in:${fullImageName(spec.image ?? '')}`;
    record.process = processId(this.#pod, record.name, record.restartCount);
    this.#event('Normal', 'Created', `Created container: ${record.name}`);
  }

  #startFailed(record: ContainerRecord, error: unknown): void {
    const message = describeStartFailure(error);
    record.process = processId(this.#pod, record.name, record.restartCount);
    record.state = {
      terminated: {
        exitCode: 128,
        reason: 'StartError',
        message,
        startedAt: '1970-01-01T00:00:00Z',
        finishedAt: this.#time(),
        containerID: containerIdOf(record.process),
      },
    };
    this.#event('Warning', 'Failed', `Error: ${message}`);
    this.#again = true;
  }

  #image(spec: Spec, record: ContainerRecord): ReturnType<KubeletContext['images']['find']> {
    const name = spec.image ?? '';
    const found = this.#context.images.find(name);
    if (found !== undefined) {
      delete record.pullBackOffUntil;
      this.#event('Normal', 'Pulled', `Container image "${name}" already present on machine`);
      return found;
    }
    if (spec.imagePullPolicy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      record.state = { waiting: { reason: 'ErrImageNeverPull', message } };
      this.#event('Warning', 'ErrImageNeverPull', message);
      this.#event('Warning', 'Failed', 'Error: ErrImageNeverPull');
      return undefined;
    }
    const now = this.#context.api.now();
    if (record.pullBackOffUntil !== undefined && now < record.pullBackOffUntil) return undefined;
    const why = this.#context.images.explain(name);
    record.pullBackOffSeconds = Math.min(
      LAST_BACKOFF_S,
      Math.max(FIRST_BACKOFF_S, record.pullBackOffSeconds * 2),
    );
    record.pullBackOffUntil = now + record.pullBackOffSeconds * 1000;
    this.#event('Normal', 'Pulling', `Pulling image "${name}"`);
    this.#event('Warning', 'Failed', `Failed to pull image "${name}": ${why}`);
    this.#event('Warning', 'Failed', 'Error: ErrImagePull');
    record.state = { waiting: { reason: 'ErrImagePull', message: why } };
    // Shown for a moment, as a kubelet does, then the waiting begins.
    this.#timers.after(`pull-shown/${record.name}`, 1000, () => {
      if (record.state.waiting?.reason !== 'ErrImagePull') return;
      record.state = {
        waiting: {
          reason: 'ImagePullBackOff',
          message: `Back-off pulling image "${name}": ErrImagePull: ${why}`,
        },
      };
      this.#event('Normal', 'BackOff', `Back-off pulling image "${name}"`);
      this.#event('Warning', 'Failed', 'Error: ImagePullBackOff');
      this.#report();
    });
    this.#later(`pull/${record.name}`, record.pullBackOffSeconds * 1000 + 5);
    return undefined;
  }

  #watchHealth(spec: Spec, record: ContainerRecord): void {
    this.#probes.get(record.name)?.[Symbol.dispose]();
    const probes = new ContainerProbes(this.#probeTarget(spec, record), {
      started: () => {
        record.started = true;
        this.sync();
      },
      ready: (isReady) => {
        record.ready = isReady;
        this.sync();
      },
      failed: (kind, message) => {
        this.#event('Warning', 'Unhealthy', `${kind} probe failed: ${message}`);
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
    this.#event('Normal', 'Killing', `Container ${record.name} ${words}, will be restarted`);
    this.#kill(record, graceSeconds ?? this.#pod.spec.terminationGracePeriodSeconds ?? 30);
  }

  #probeTarget(spec: Spec, record: ContainerRecord): ProbeTarget {
    return {
      agent: this.#context.agent,
      container: spec,
      process: record.process,
      env: this.surroundings(spec.name)?.env ?? {},
      podIP: this.#sandbox?.address ?? '',
      nodeNetns: this.#node.netns,
    };
  }

  async #postStart(spec: Spec, record: ContainerRecord): Promise<void> {
    const handler = spec.lifecycle?.postStart;
    if (handler === undefined) return;
    const failure = await this.#runHandler(spec, record, handler);
    if (failure === undefined || record.state.running === undefined) return;
    this.#event('Warning', 'FailedPostStartHook', `PostStartHook failed: ${failure}`);
    this.#event('Normal', 'Killing', 'FailedPostStartHook');
    this.#kill(record, this.#pod.spec.terminationGracePeriodSeconds ?? 30);
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
      { ...handler, timeoutSeconds: this.#pod.spec.terminationGracePeriodSeconds ?? 30 },
      this.#probeTarget(spec, record),
    );
    return outcome.success ? undefined : outcome.message;
  }

  /** SIGTERM now, SIGKILL when the grace is over. */
  #kill(record: ContainerRecord, graceSeconds: number): void {
    if (record.state.running === undefined) return;
    const deadline = this.#context.api.now() + graceSeconds * 1000;
    if (record.killing !== undefined && record.killing.deadline <= deadline) return;
    const isFirst = record.killing === undefined;
    record.killing = { deadline };
    const { process } = record;
    if (graceSeconds <= 0) {
      void this.#context.agent.signal(process, SIGKILL);
      return;
    }
    if (isFirst) void this.#context.agent.signal(process, SIGTERM);
    this.#timers.after(`kill/${record.name}`, graceSeconds * 1000, () => {
      void this.#context.agent.signal(process, SIGKILL);
    });
  }

  #checkDeadline(): void {
    const seconds = this.#pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const left = Date.parse(this.#startTime) + seconds * 1000 - this.#context.api.now();
    if (left > 0) {
      this.#later('deadline', left + 5);
      return;
    }
    this.#failure = {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
  }

  async #finishFailed(): Promise<void> {
    const running = this.#stopAll(this.#pod.spec.terminationGracePeriodSeconds ?? 30);
    if (!running) await this.#finish();
    this.#report();
  }

  #isOver(): boolean {
    return isOver(this.#pod, [...this.#records.values()]);
  }

  /** Nothing will run again: sidecars end, then the network goes. */
  async #finish(): Promise<void> {
    if (this.#stopAll(this.#pod.spec.terminationGracePeriodSeconds ?? 30)) return;
    for (const record of this.#records.values()) {
      if (record.state.waiting !== undefined) record.ready = false;
    }
    this.#ended = true;
    this.#timers.clearAll();
    await this.#dropSandbox();
  }

  async #dropSandbox(): Promise<void> {
    const had = this.#sandbox;
    this.#sandbox = undefined;
    if (had === undefined) return;
    this.#lastAddress = had.address;
    if (this.#pod.spec.hostNetwork !== true) await this.#context.network.tearDown(this.#pod);
  }

  #lastAddress = '';

  async #terminate(): Promise<void> {
    this.#timers.clearAll({ exceptPrefix: 'kill/' });
    for (const probes of this.#probes.values()) probes[Symbol.dispose]();
    const grace = this.#graceLeft();
    if (this.#stopAll(grace)) {
      this.#report();
      return;
    }
    this.#ended = true;
    await this.#dropSandbox();
    this.#report();
    await this.#end();
  }

  #graceLeft(): number {
    const { deletionTimestamp, deletionGracePeriodSeconds = 30 } = this.#pod.metadata;
    if (deletionGracePeriodSeconds === 0 || deletionTimestamp === undefined) return 0;
    // The timestamp has lost its fraction of a second.
    const until = Date.parse(deletionTimestamp) + 999 - this.#context.api.now();
    return Math.max(0.001, Math.min(deletionGracePeriodSeconds, until / 1000));
  }

  /** Asks what still runs to end, sidecars after the others; true while something does. */
  #stopAll(graceSeconds: number): boolean {
    const specs = containerSpecs(this.#pod).reverse();
    const runs = (role: string): Spec[] =>
      specs.flatMap(({ spec, role: own }) =>
        own === role && this.#records.get(spec.name)?.state.running !== undefined ? [spec] : [],
      );
    const first = [...runs('ephemeral'), ...runs('app'), ...runs('init')];
    const next = first.length > 0 ? first : runs('sidecar').slice(0, 1);
    for (const spec of next) {
      const record = this.#records.get(spec.name);
      if (record === undefined) continue;
      if (record.killing === undefined) {
        this.#event('Normal', 'Killing', `Stopping container ${spec.name}`);
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
    const deadline = this.#context.api.now() + graceSeconds * 1000;
    record.killing = { deadline };
    this.#timers.after(`kill/${record.name}`, graceSeconds * 1000, () => {
      void this.#context.agent.signal(record.process, SIGKILL);
    });
    void this.#runHandler(spec, record, handler).then((failure) => {
      if (failure !== undefined) {
        this.#event('Warning', 'FailedPreStopHook', `PreStopHook failed: ${failure}`);
      }
      void this.#context.agent.signal(record.process, SIGTERM);
    });
  }

  /** Everything of the pod goes: processes, network, files, and the object where it still stands. */
  async #end(): Promise<void> {
    this.#timers.clearAll();
    for (const probes of this.#probes.values()) probes[Symbol.dispose]();
    const { agent, api } = this.#context;
    const { name, namespace, uid } = this.#pod.metadata;
    for (const record of this.#records.values()) {
      if (record.state.running !== undefined) await agent.signal(record.process, SIGKILL);
      for (let i = 0; i <= record.restartCount && record.process !== ''; i++) {
        void agent.forget(processId(this.#pod, record.name, i)).catch(() => undefined);
      }
    }
    await this.#dropSandbox();
    rmSync(podFolder(this.#context, this.#pod), { recursive: true, force: true });
    this.#context.scratch.giveBack(this.#pod);
    if (!this.#orphaned) {
      api.delete('pods', {
        name,
        uid,
        gracePeriodSeconds: 0,
        ...(namespace === undefined ? {} : { namespace }),
      });
      this.#orphaned = true;
    }
    this.#ended = true;
    this.#gone?.();
  }

  #report(): void {
    if (this.#orphaned) return;
    const { name, namespace, uid } = this.#pod.metadata;
    const input = {
      records: this.#records,
      hostIP: this.#node.address,
      podIP: this.#sandbox?.address ?? this.#lastAddress,
      startTime: this.#startTime,
      ended: this.#ended,
      now: this.#time(),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    };
    const text = JSON.stringify(podStatusOf({ pod: this.#pod, ...input }));
    if (text === this.#lastStatus) return;
    this.#lastStatus = text;
    this.#context.api.update<PodObject>(
      'pods',
      { name, subresource: 'status', ...(namespace === undefined ? {} : { namespace }) },
      (draft) => {
        if (draft.metadata.uid !== uid) return;
        draft.status = podStatusOf({ pod: draft, ...input });
      },
    );
  }

  /** An event that stands for a state: told again only when it changed. */
  #complain(reason: string, message: string): void {
    const text = `${reason} ${message}`;
    if (text === this.#lastComplaint) return;
    this.#lastComplaint = text;
    this.#event('Warning', reason, message);
  }

  #event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    if (this.#orphaned) return;
    this.#context.api.event(this.#pod, { type, reason, message, component: 'kubelet' });
  }

  #logFile({ name, restartCount }: ContainerRecord): string {
    return logFile(this.#context, this.#pod, { container: name, attempt: restartCount });
  }

  #messageFiles(record: ContainerRecord): Parameters<typeof terminationMessage>[1] {
    const spec = containerSpecs(this.#pod).find((one) => one.spec.name === record.name)?.spec;
    return {
      message: path.join(podFolder(this.#context, this.#pod), `${record.name}.message`),
      log: this.#logFile(record),
      policy: spec?.terminationMessagePolicy,
    };
  }

  #later(key: string, ms: number): void {
    this.#timers.after(key, ms, () => {
      this.sync();
    });
  }

  #time(): string {
    return timeText(this.#context.api.now());
  }

  /** Stops the worker's own doings; processes live on. For a host that goes away. */
  [Symbol.dispose](): void {
    this.#orphaned = true;
    this.#timers.clearAll();
    for (const probes of this.#probes.values()) probes[Symbol.dispose]();
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
