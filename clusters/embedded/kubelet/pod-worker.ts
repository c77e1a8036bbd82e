import { setImmediate } from 'node:timers/promises';
import { rmSync } from 'node:fs';
import { messageOf } from '../../../common/errors.js';
import type { KeptProcess, ProcessExit } from '../agent/agent.js';
import type { PodObject } from '../network/objects.js';
import { isTerminated } from '../network/objects.js';
import { ContainerLauncher } from './container-launcher.js';
import { containerSpecs, newRecord, processId, type ContainerRecord } from './container-record.js';
import { podFolder, type Surroundings } from './container-starter.js';
import type { KubeletContext, NodeIdentity, Sandbox } from './context.js';
import { adoptPod } from './pod-adoption.js';
import { PodScope } from './pod-scope.js';
import { containerIdOf, podStatusOf } from './pod-status.js';
import { PodVolumes } from './pod-volumes.js';
import { isOver } from './restarts.js';
import { RunningContainers, SIGKILL } from './running-containers.js';
import { VolumeError, usesObject } from './volumes.js';

/**
 * One pod on its node, from the first look to the last: volumes, network, containers in their order, status, and the end.
 * Every change leads to `sync`, which brings things one step further and never runs twice at a time.
 */
export class PodWorker {
  readonly #scope: PodScope;
  readonly #volumes: PodVolumes;
  readonly #containers: RunningContainers;
  readonly #launcher: ContainerLauncher;
  #ended = false;
  #failure: { reason: string; message: string } | undefined;
  #running = false;
  #again = false;
  #lastStatus = '';
  #lastAddress = '';
  #gone: (() => void) | undefined;
  /** Ends when everything the pod had is gone. */
  readonly finished: Promise<void>;

  constructor(context: KubeletContext, node: NodeIdentity, pod: PodObject) {
    this.#scope = new PodScope(context, {
      node,
      pod,
      sync: () => {
        this.sync();
      },
    });
    this.#volumes = new PodVolumes(context, node);
    this.#containers = new RunningContainers(this.#scope);
    this.#launcher = new ContainerLauncher(this.#scope, {
      volumes: this.#volumes,
      running: this.#containers,
    });
    this.finished = new Promise((resolve) => {
      this.#gone = resolve;
    });
  }

  get pod(): PodObject {
    return this.#scope.pod;
  }

  get sandbox(): Sandbox | undefined {
    return this.#scope.sandbox;
  }

  record(container: string): ContainerRecord | undefined {
    return this.#scope.records.get(container);
  }

  /** What a program that joins the container finds; also for containers that an earlier host started. */
  surroundings(container: string): Surroundings | undefined {
    return this.#containers.surroundings(container);
  }

  /** Takes over what an earlier run of the host left. */
  adopt(processes: ReadonlyMap<string, KeptProcess>): void {
    adoptPod(this.#scope, this.#containers, processes);
    if (this.#scope.startTime !== '' && isTerminated(this.pod)) this.#ended = true;
  }

  update(pod: PodObject): void {
    const before = this.#scope.pod;
    this.#scope.pod = pod;
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
    if (usesObject(this.#scope.pod, kind, name)) this.#refreshVolumes();
    this.sync();
  }

  /** The pod's object is gone: end everything at once. */
  removed(): Promise<void> {
    this.#scope.isOrphaned = true;
    this.sync();
    return this.finished;
  }

  exited(exit: ProcessExit): void {
    this.#containers.exited(exit);
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
        this.#scope.context.logger.error('a pod could not be brought further', {
          pod: this.#scope.pod.metadata.name,
          error: messageOf(error),
        });
        this.#scope.later('retry', 1000);
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
    const pod = this.#scope.pod;
    if (this.#scope.isOrphaned) return this.#end();
    if (this.#ended && pod.metadata.deletionTimestamp === undefined) return;
    if (this.#scope.startTime === '') this.#scope.startTime = this.#scope.time();
    this.#addRecords();
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

  /** Ephemeral containers come later than the others. */
  #addRecords(): void {
    const { pod, records } = this.#scope;
    for (const { role, spec } of containerSpecs(pod)) {
      if (!records.has(spec.name)) records.set(spec.name, newRecord(pod, spec.name, role));
    }
  }

  /** Volumes, then the network: what every container needs. */
  async #ready(): Promise<boolean> {
    if (!(await this.#mountVolumes()) || !(await this.#joinNetwork())) return false;
    // What ended it meanwhile needs a step of its own.
    if (this.#scope.isGoing) this.#again = true;
    return !this.#scope.isGoing;
  }

  async #joinNetwork(): Promise<boolean> {
    const { pod, node, context } = this.#scope;
    if (this.#scope.sandbox !== undefined) return true;
    if (pod.spec.hostNetwork === true) {
      this.#scope.sandbox = { netns: node.netns, address: node.address };
      return true;
    }
    const readiness = context.network.readiness(node.name);
    if (!readiness.ready) {
      const id = containerIdOf(pod.metadata.uid).replace(/^.*:\/\//, '');
      this.#scope.complain(readiness.reason, readiness.message(id));
      return false;
    }
    this.#scope.sandbox = await context.network.setUp(pod);
    return true;
  }

  async #mountVolumes(): Promise<boolean> {
    try {
      await this.#volumes.mount(this.#scope.pod);
      return true;
    } catch (error) {
      if (!(error instanceof VolumeError)) throw error;
      this.#scope.complain('FailedMount', error.message);
      this.#scope.later('volumes', 2000);
      return false;
    }
  }

  #refreshVolumes(): void {
    this.#volumes.refresh(this.#scope.pod, (message) => {
      this.#scope.complain('FailedMount', message);
    });
  }

  /** Init containers one after the other; true when the app containers may run. */
  async #initialize(): Promise<boolean> {
    for (const { role, spec } of containerSpecs(this.#scope.pod)) {
      const record = this.#scope.records.get(spec.name);
      if (record === undefined) continue;
      if (role === 'init') {
        if (record.state.terminated?.exitCode === 0) continue;
        if (record.state.running !== undefined) return false;
        await this.#launcher.start(spec, record);
        return false;
      }
      if (role === 'sidecar') {
        if (record.state.running === undefined) await this.#launcher.start(spec, record);
        if (!record.started) return false;
      }
    }
    return true;
  }

  async #runApps(): Promise<void> {
    for (const { role, spec } of containerSpecs(this.#scope.pod)) {
      const record = this.#scope.records.get(spec.name);
      if (record === undefined || (role !== 'app' && role !== 'ephemeral')) continue;
      if (record.role === 'app' && record.state.waiting?.reason === 'PodInitializing') {
        record.state = { waiting: { reason: 'ContainerCreating' } };
      }
      if (record.state.running === undefined) await this.#launcher.start(spec, record);
      if (this.#scope.isGoing) return;
    }
  }

  #checkDeadline(): void {
    const seconds = this.#scope.pod.spec.activeDeadlineSeconds;
    if (seconds === undefined) return;
    const left = Date.parse(this.#scope.startTime) + seconds * 1000 - this.#scope.context.api.now();
    if (left > 0) {
      this.#scope.later('deadline', left + 5);
      return;
    }
    this.#failure = {
      reason: 'DeadlineExceeded',
      message: 'Pod was active on the node longer than the specified deadline',
    };
  }

  async #finishFailed(): Promise<void> {
    const running = this.#containers.stopAll(this.#scope.graceSeconds);
    if (!running) await this.#finish();
    this.#report();
  }

  #isOver(): boolean {
    return isOver(this.#scope.pod, [...this.#scope.records.values()]);
  }

  /** Nothing will run again: sidecars end, then the network goes. */
  async #finish(): Promise<void> {
    if (this.#containers.stopAll(this.#scope.graceSeconds)) return;
    for (const record of this.#scope.records.values()) {
      if (record.state.waiting !== undefined) record.ready = false;
    }
    this.#ended = true;
    this.#scope.timers.clearAll();
    await this.#dropSandbox();
  }

  async #dropSandbox(): Promise<void> {
    const had = this.#scope.sandbox;
    this.#scope.sandbox = undefined;
    if (had === undefined) return;
    this.#lastAddress = had.address;
    if (this.#scope.pod.spec.hostNetwork !== true)
      await this.#scope.context.network.tearDown(this.#scope.pod);
  }

  async #terminate(): Promise<void> {
    this.#scope.timers.clearAll({ exceptPrefix: 'kill/' });
    this.#containers[Symbol.dispose]();
    const grace = this.#graceLeft();
    if (this.#containers.stopAll(grace)) {
      this.#report();
      return;
    }
    this.#ended = true;
    await this.#dropSandbox();
    this.#report();
    await this.#end();
  }

  #graceLeft(): number {
    const { deletionTimestamp, deletionGracePeriodSeconds = 30 } = this.#scope.pod.metadata;
    if (deletionGracePeriodSeconds === 0 || deletionTimestamp === undefined) return 0;
    // The timestamp has lost its fraction of a second.
    const until = Date.parse(deletionTimestamp) + 999 - this.#scope.context.api.now();
    return Math.max(0.001, Math.min(deletionGracePeriodSeconds, until / 1000));
  }

  /** Everything of the pod goes: processes, network, files, and the object where it still stands. */
  async #end(): Promise<void> {
    this.#scope.timers.clearAll();
    this.#containers[Symbol.dispose]();
    const { agent, api } = this.#scope.context;
    const { name, namespace, uid } = this.#scope.pod.metadata;
    for (const record of this.#scope.records.values()) {
      if (record.state.running !== undefined) await agent.signal(record.process, SIGKILL);
      for (let i = 0; i <= record.restartCount && record.process !== ''; i++) {
        void agent.forget(processId(this.#scope.pod, record.name, i)).catch(() => undefined);
      }
    }
    await this.#dropSandbox();
    rmSync(podFolder(this.#scope.context, this.#scope.pod), { recursive: true, force: true });
    this.#scope.context.scratch.giveBack(this.#scope.pod);
    if (!this.#scope.isOrphaned) {
      api.delete('pods', {
        name,
        uid,
        gracePeriodSeconds: 0,
        ...(namespace === undefined ? {} : { namespace }),
      });
      this.#scope.isOrphaned = true;
    }
    this.#ended = true;
    this.#gone?.();
  }

  #report(): void {
    if (this.#scope.isOrphaned) return;
    const { name, namespace, uid } = this.#scope.pod.metadata;
    const input = {
      records: this.#scope.records,
      hostIP: this.#scope.node.address,
      podIP: this.#scope.sandbox?.address ?? this.#lastAddress,
      startTime: this.#scope.startTime,
      ended: this.#ended,
      now: this.#scope.time(),
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
    };
    const text = JSON.stringify(podStatusOf({ pod: this.#scope.pod, ...input }));
    if (text === this.#lastStatus) return;
    this.#lastStatus = text;
    this.#scope.context.api.update<PodObject>(
      'pods',
      { name, subresource: 'status', ...(namespace === undefined ? {} : { namespace }) },
      (draft) => {
        if (draft.metadata.uid !== uid) return;
        draft.status = podStatusOf({ pod: draft, ...input });
      },
    );
  }

  /** Stops the worker's own doings; processes live on. For a host that goes away. */
  [Symbol.dispose](): void {
    this.#scope.isOrphaned = true;
    this.#scope.timers.clearAll();
    this.#containers[Symbol.dispose]();
  }
}
