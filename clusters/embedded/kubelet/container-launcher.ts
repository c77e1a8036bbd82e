import type { Container, EphemeralContainer } from 'kubernetes-types/core/v1.js';
import type { CatalogueImage } from '../images/catalogue.js';
import { containerIdOf, fullImageName } from './pod-status.js';
import { processId, type ContainerRecord } from './container-record.js';
import { describeStartFailure, prepareContainer, type Prepared } from './container-starter.js';
import type { Sandbox } from './context.js';
import { ContainerConfigError } from './environment.js';
import type { PodScope } from './pod-scope.js';
import type { PodVolumes } from './pod-volumes.js';
import { FIRST_BACKOFF_S, LAST_BACKOFF_S, backOffText, mayRestart } from './restarts.js';
import type { RunningContainers } from './running-containers.js';

type Spec = Container | EphemeralContainer;

/** Starts and restarts the containers of one pod: the image, the back-off, the process, and the events of all three. */
export class ContainerLauncher {
  readonly #scope: PodScope;
  readonly #volumes: PodVolumes;
  readonly #running: RunningContainers;

  constructor(scope: PodScope, parts: { volumes: PodVolumes; running: RunningContainers }) {
    this.#scope = scope;
    this.#volumes = parts.volumes;
    this.#running = parts.running;
  }

  /** One try, where it is due: what waits for its back-off goes on waiting. */
  async start(spec: Spec, record: ContainerRecord): Promise<void> {
    if (!this.#isDue(record)) return;
    const image = this.#image(spec, record);
    const { sandbox } = this.#scope;
    if (image === undefined || sandbox === undefined) return;
    const prepared = await this.#prepare(spec, record, { image, sandbox });
    if (prepared !== undefined) await this.#startProcess(spec, record, prepared);
  }

  /** Whether it may start now; counts the restart where it is one, or begins to wait. */
  #isDue(record: ContainerRecord): boolean {
    const now = this.#scope.context.api.now();
    const exit = record.state.terminated;
    if (exit === undefined) {
      if (record.backOffUntil === undefined) return true;
      if (now < record.backOffUntil) return false;
      delete record.backOffUntil;
      record.backOffSeconds = Math.min(LAST_BACKOFF_S, record.backOffSeconds * 2);
      record.restartCount++;
      return true;
    }
    if (!mayRestart(this.#scope.pod, record, exit.exitCode)) return false;
    const finished = exit.finishedAt === undefined ? now : Date.parse(exit.finishedAt);
    const started = exit.startedAt === undefined ? now : Date.parse(exit.startedAt);
    // What never started has not run, whatever its dates say.
    const ranMs = exit.reason === 'StartError' ? 0 : finished - started;
    if (ranMs > 2 * LAST_BACKOFF_S * 1000) record.backOffSeconds = 0;
    if (record.backOffSeconds > 0) {
      record.backOffUntil = Math.max(finished + record.backOffSeconds * 1000, now);
      this.#backOff(record);
      return false;
    }
    record.backOffSeconds = FIRST_BACKOFF_S;
    forRestart(record);
    return true;
  }

  #backOff(record: ContainerRecord): void {
    const { namespace = '', name, uid } = this.#scope.pod.metadata;
    record.lastState = record.state;
    record.state = {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: `back-off ${backOffText(record.backOffSeconds)} restarting failed container=${record.name} pod=${name}_${namespace}(${uid})`,
      },
    };
    this.#scope.event(
      'Warning',
      'BackOff',
      `Back-off restarting failed container ${record.name} in pod ${name}_${namespace}(${uid})`,
    );
    this.#scope.later(
      `backoff/${record.name}`,
      (record.backOffUntil ?? 0) - this.#scope.context.api.now(),
    );
  }

  /** Files, variables and the sandbox's command line; undefined where the pod's objects do not allow it yet. */
  async #prepare(
    spec: Spec,
    record: ContainerRecord,
    { image, sandbox }: { image: CatalogueImage; sandbox: Sandbox },
  ): Promise<Prepared | undefined> {
    const { context, node, pod } = this.#scope;
    try {
      await this.#volumes.mountParts(pod, spec);
      const prepared = prepareContainer(context, {
        pod,
        container: spec,
        image,
        attempt: record.restartCount,
        sandbox,
        hostIP: node.address,
        volumes: this.#volumes.folders,
      });
      this.#created(record, spec);
      return prepared;
    } catch (error) {
      if (error instanceof ContainerConfigError) {
        record.state = {
          waiting: { reason: 'CreateContainerConfigError', message: error.message },
        };
        this.#scope.event('Warning', 'Failed', `Error: ${error.message}`);
        this.#scope.later(`config/${spec.name}`, 5000);
        return undefined;
      }
      this.#created(record, spec);
      this.#startFailed(record, error);
      return undefined;
    }
  }

  async #startProcess(spec: Spec, record: ContainerRecord, prepared: Prepared): Promise<void> {
    try {
      // The exit may be told before the start is: the record must be running by then.
      record.state = { running: { startedAt: this.#scope.time() } };
      await this.#scope.context.agent.start(prepared.spec);
    } catch (error) {
      this.#startFailed(record, error);
      return;
    }
    this.#scope.event('Normal', 'Started', `Started container ${spec.name}`);
    await this.#running.begun(spec, record, { env: prepared.env, cwd: prepared.cwd });
  }

  #created(record: ContainerRecord, spec: Spec): void {
    record.imageID = `stand-in:${fullImageName(spec.image ?? '')}`;
    record.process = processId(this.#scope.pod, record.name, record.restartCount);
    this.#scope.event('Normal', 'Created', `Created container: ${record.name}`);
  }

  #startFailed(record: ContainerRecord, error: unknown): void {
    const message = describeStartFailure(error);
    record.process = processId(this.#scope.pod, record.name, record.restartCount);
    record.state = {
      terminated: {
        exitCode: 128,
        reason: 'StartError',
        message,
        startedAt: '1970-01-01T00:00:00Z',
        finishedAt: this.#scope.time(),
        containerID: containerIdOf(record.process),
      },
    };
    this.#scope.event('Warning', 'Failed', `Error: ${message}`);
    this.#scope.sync();
  }

  #image(spec: Spec, record: ContainerRecord): CatalogueImage | undefined {
    const name = spec.image ?? '';
    const found = this.#scope.context.images.find(name);
    if (found !== undefined) {
      delete record.pullBackOffUntil;
      this.#pulled(name, spec);
      return found;
    }
    if (spec.imagePullPolicy === 'Never') {
      const message = `Container image "${name}" is not present with pull policy of Never`;
      record.state = { waiting: { reason: 'ErrImageNeverPull', message } };
      this.#scope.event('Warning', 'ErrImageNeverPull', message);
      this.#scope.event('Warning', 'Failed', 'Error: ErrImageNeverPull');
      return undefined;
    }
    this.#pullFailed(name, record);
    return undefined;
  }

  /** Nothing is fetched, so it takes no time; that it was asked for is told all the same. */
  #pulled(image: string, { imagePullPolicy }: Spec): void {
    if (imagePullPolicy !== 'Always') {
      this.#scope.event(
        'Normal',
        'Pulled',
        `Container image "${image}" already present on machine`,
      );
      return;
    }
    this.#scope.event('Normal', 'Pulling', `Pulling image "${image}"`);
    const message = `Successfully pulled image "${image}" in 0s (0s including waiting). Image size: 0 bytes.`;
    this.#scope.event('Normal', 'Pulled', message);
  }

  #pullFailed(image: string, record: ContainerRecord): void {
    const { context, timers } = this.#scope;
    const now = context.api.now();
    if (record.pullBackOffUntil !== undefined && now < record.pullBackOffUntil) return;
    const why = context.images.explain(image);
    record.pullBackOffSeconds = Math.min(
      LAST_BACKOFF_S,
      Math.max(FIRST_BACKOFF_S, record.pullBackOffSeconds * 2),
    );
    record.pullBackOffUntil = now + record.pullBackOffSeconds * 1000;
    this.#scope.event('Normal', 'Pulling', `Pulling image "${image}"`);
    this.#scope.event('Warning', 'Failed', `Failed to pull image "${image}": ${why}`);
    this.#scope.event('Warning', 'Failed', 'Error: ErrImagePull');
    record.state = { waiting: { reason: 'ErrImagePull', message: why } };
    // Shown for a moment, as a kubelet does, then the waiting begins.
    timers.after(`pull-shown/${record.name}`, 1000, () => {
      if (record.state.waiting?.reason !== 'ErrImagePull') return;
      const message = `Back-off pulling image "${image}": ErrImagePull: ${why}`;
      record.state = { waiting: { reason: 'ImagePullBackOff', message } };
      this.#scope.event('Normal', 'BackOff', `Back-off pulling image "${image}"`);
      this.#scope.event('Warning', 'Failed', 'Error: ImagePullBackOff');
      this.#scope.sync();
    });
    this.#scope.later(`pull/${record.name}`, record.pullBackOffSeconds * 1000 + 5);
  }
}

export function forRestart(record: ContainerRecord): void {
  record.lastState = record.state;
  record.state = { waiting: { reason: 'ContainerCreating' } };
  record.restartCount++;
}
