import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { Readable, Writable, type Duplex } from 'node:stream';
import { AgentError } from '../agent/agent-error.js';
import type { Agent, ExecSession } from '../agent/agent.js';
import { ApiError } from '../api/api-error.js';
import type { ContainerStreams, ContainerTarget, LogOptions } from '../api/container-streams.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type { PodObject } from '../network/objects.js';
import { containerSpecs, processId, type ContainerRecord } from './container-record.js';
import { DEFAULT_PATH, containerLimits, logFile } from './container-starter.js';
import { OUTSIDE_HOSTS } from '../network/addresses.js';
import type { KubeletContext, NodeIdentity } from './context.js';
import type { Kubelet } from './kubelet.js';
import { readLog } from './log-reader.js';

/** Log, exec, attach and port-forward of one cluster's pods. */
export function createContainerStreams(options: {
  context: KubeletContext;
  kubelet: () => Kubelet;
}): ContainerStreams {
  const { context } = options;
  const { agent, api } = context;

  const find = (
    target: ContainerTarget,
  ): { pod: PodObject; record: ContainerRecord | undefined } => {
    const pod = getPod(api, target.namespace, target.pod);
    const worker = options.kubelet().find(target.namespace, target.pod);
    return { pod, record: worker?.record(target.container) };
  };

  const running = (target: ContainerTarget): { pod: PodObject; record: ContainerRecord } => {
    const { pod, record } = find(target);
    if (record?.state.running === undefined) {
      throw internal(
        `error executing command in container: container not found ("${target.container}")`,
      );
    }
    return { pod, record };
  };

  return {
    async exec(target, { command, tty }): Promise<ExecSession> {
      const { record } = running(target);
      const worker = options.kubelet().find(target.namespace, target.pod);
      const prepared = worker?.surroundings(target.container);
      const env: Record<string, string> = { PATH: DEFAULT_PATH, ...prepared?.env };
      if (tty) env['TERM'] ??= 'xterm';
      const started = agent.exec({
        target: 'process',
        id: record.process,
        argv: command,
        env,
        limits: containerLimits(context),
        ...(prepared === undefined ? {} : { cwd: prepared.cwd }),
        ...(tty ? { tty: { columns: 80, rows: 24 } } : {}),
      });
      return started.catch(failedSession);
    },
    async attach(target): Promise<ExecSession> {
      return agent.attach(running(target).record.process);
    },
    logs(target, logOptions, signal): AsyncIterable<Buffer> {
      const { pod, record } = find(target);
      return logsOf({ context, pod, record, target }, logOptions, signal);
    },
    async portForward({ namespace, pod: name }, port): Promise<Duplex> {
      const worker = options.kubelet().find(namespace, name);
      const sandbox = worker?.sandbox;
      if (sandbox === undefined) throw internal(`pod not found ("${name}_${namespace}")`);
      return dialLocal(agent, sandbox.netns, port);
    },
    async dial(host, port): Promise<Duplex> {
      const [controlPlane] = context.nodes.values();
      if (controlPlane === undefined) throw new Error('there is no node');
      const address = nodeLooksUp(host, context.nodes);
      if (address === undefined) throw new Error(`lookup ${host}: no such host`);
      return agent.dial(controlPlane.netns, { address, port });
    },
  };
}

/** Nodes know each other and the world outside by name, not the cluster's Services. */
function nodeLooksUp(host: string, nodes: ReadonlyMap<string, NodeIdentity>): string | undefined {
  if (isIP(host) > 0) return host;
  if (host === 'localhost') return '127.0.0.1';
  if (Object.hasOwn(OUTSIDE_HOSTS, host)) return OUTSIDE_HOSTS[host];
  return nodes.get(host)?.address;
}

const RUNTIME_WORDS = 'OCI runtime exec failed: exec failed: unable to start container process: ';

/** A program that is not there is told on the streams, as a node does: the connection is made before it is tried. */
function failedSession(error: unknown): ExecSession {
  if (!(error instanceof AgentError) || !NOT_STARTED.has(error.code)) throw error;
  const id = randomBytes(32).toString('hex');
  const reason = `failed to exec in container: failed to start exec "${id}": ${RUNTIME_WORDS}${error.message}: unknown`;
  const exited = Promise.reject<number>(new Error(reason));
  exited.catch(() => undefined);
  const nothing = (): undefined => undefined;
  return {
    stdin: new Writable({
      write: (_chunk, _encoding, done) => {
        done();
      },
    }),
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    exited,
    resize: nothing,
    signal: nothing,
    close: nothing,
  };
}

const NOT_STARTED = new Set(['COMMAND_NOT_FOUND', 'COMMAND_NOT_RUN']);

function dialLocal(agent: Agent, netns: string, port: number): Promise<Duplex> {
  return agent.dial(netns, { address: '127.0.0.1', port });
}

function getPod(api: ClusterApi, namespace: string, name: string): PodObject {
  const pod = api.get<PodObject>('pods', name, namespace);
  if (pod === undefined) {
    throw new ApiError(404, 'NotFound', {
      message: `pods "${name}" not found`,
      details: { name, kind: 'pods' },
    });
  }
  return pod;
}

function logsOf(
  scope: {
    context: KubeletContext;
    pod: PodObject;
    record: ContainerRecord | undefined;
    target: ContainerTarget;
  },
  options: LogOptions,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  const { context, pod, record, target } = scope;
  const spec = containerSpecs(pod).find((one) => one.spec.name === target.container)?.spec;
  if (spec === undefined) {
    throw badRequest(`container ${target.container} is not valid for pod ${target.pod}`);
  }
  if (record === undefined) throw waiting(pod, target.container, 'ContainerCreating');
  const attempt = attemptToRead(record, options.previous);
  if (attempt === undefined) {
    if (options.previous) {
      throw badRequest(
        `previous terminated container "${target.container}" in pod "${target.pod}" not found`,
      );
    }
    throw waiting(pod, target.container, waitingWords(record, spec));
  }
  const process = processId(pod, target.container, attempt);
  return readLog(logFile(context, pod, { container: target.container, attempt }), options, {
    ended: () => record.process !== process || record.state.running === undefined,
    signal,
  });
}

/** Which start's log is meant; undefined where there is none yet. */
function attemptToRead(record: ContainerRecord, previous: boolean): number | undefined {
  const isWaiting = record.state.waiting !== undefined;
  if (!previous) {
    if (!isWaiting) return record.restartCount;
    return record.lastState.terminated === undefined ? undefined : lastAttempt(record);
  }
  if (record.lastState.terminated === undefined) return undefined;
  return isWaiting ? lastAttempt(record) : record.restartCount - 1;
}

function lastAttempt(record: ContainerRecord): number {
  return Number(record.process.split('/').at(-1));
}

function waitingWords(record: ContainerRecord, spec: { image?: string }): string {
  const reason = record.state.waiting?.reason ?? 'ContainerCreating';
  if (reason === 'ErrImagePull') return "image can't be pulled";
  if (reason === 'ImagePullBackOff') return 'trying and failing to pull image';
  if (reason === 'InvalidImageName') return `invalid image name ${spec.image ?? ''}`;
  return reason;
}

function waiting(pod: PodObject, container: string, words: string): ApiError {
  return badRequest(
    `container "${container}" in pod "${pod.metadata.name}" is waiting to start: ${words}`,
  );
}

function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', { message });
}

function internal(message: string): ApiError {
  return new ApiError(500, 'InternalError', { message: `Internal error occurred: ${message}` });
}
