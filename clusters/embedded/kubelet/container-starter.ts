import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Container, EphemeralContainer, Volume } from 'kubernetes-types/core/v1.js';
import { messageOf } from '../../../common/errors.js';
import type { ProcessLimits, ProcessSpec } from '../agent/agent.js';
import type { CatalogueImage } from '../images/catalogue.js';
import type { PodObject } from '../network/objects.js';
import { processId } from './container-record.js';
import { partKey, type KubeletContext, type Sandbox } from './context.js';
import { followsObjects } from './volumes.js';
import { parseQuantity } from './downward.js';
import { ContainerConfigError, environmentOf, expand } from './environment.js';
import { hostnameOf, podHosts, podResolvConf, writeEtcFolder } from './etc-folder.js';
import { processLimit } from './process-limit.js';
import { FILTER_FD, missingProgram, sandboxArgv, type Mount, type SandboxPlan } from './sandbox.js';

/** The runtime could not start the container's program: exit code 128, reason StartError. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

export const START_ERROR_PREFIX =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: ';

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const LOG_BYTES = 2 * 1024 * 1024;
const SCRATCH_BYTES = 16 * 1024 * 1024;

export interface StartRequest {
  pod: PodObject;
  container: Container | EphemeralContainer;
  image: CatalogueImage;
  attempt: number;
  sandbox: Sandbox;
  hostIP: string;
  /** Folder of each volume by name. */
  volumes: ReadonlyMap<string, string>;
}

export interface Surroundings {
  env: Record<string, string>;
  cwd: string;
}

export interface Prepared extends Surroundings {
  spec: ProcessSpec;
}

/** Folder of a pod's own files on this machine. */
export function podFolder(context: KubeletContext, pod: PodObject): string {
  return path.join(context.podsFolder, pod.metadata.uid);
}

export function logFile(
  context: KubeletContext,
  pod: PodObject,
  start: { container: string; attempt: number },
): string {
  return path.join(podFolder(context, pod), `${start.container}.${start.attempt}.log`);
}

/** What a container's programs find: variables and the folder they begin in. Throws ContainerConfigError. */
export function surroundingsOf(
  context: KubeletContext,
  request: Pick<StartRequest, 'pod' | 'container' | 'image' | 'sandbox' | 'hostIP'>,
): Surroundings {
  const { pod, container, image, sandbox, hostIP } = request;
  const addresses = { hostIP, podIP: sandbox.address };
  const base = { PATH: DEFAULT_PATH, HOSTNAME: hostnameOf(pod), ...image.env };
  const env = environmentOf(container, base, { api: context.api, pod, ...addresses });
  env['HOME'] ??= userOf(pod, container).uid === 0 ? '/root' : '/';
  if (container.tty === true) env['TERM'] ??= 'xterm';
  return { env, cwd: container.workingDir ?? image.workingDir };
}

/** Everything a container needs before its process: environment, files, the sandbox's command line. */
export function prepareContainer(context: KubeletContext, request: StartRequest): Prepared {
  const { pod, container, image, sandbox } = request;
  const user = userOf(pod, container);
  const { env, cwd } = surroundingsOf(context, request);
  // The agent, as the cluster's user, makes the log file in it.
  mkdirSync(podFolder(context, pod), { recursive: true, mode: 0o777 });
  const plan = planOf(context, request, { user, argv: argvOf(container, image, env), cwd });
  const missing = missingProgram(plan, env['PATH'] ?? DEFAULT_PATH);
  if (missing !== undefined) throw new StartError(START_ERROR_PREFIX + missing);
  const { attempt } = request;
  const log = logFile(context, pod, { container: container.name, attempt });
  return {
    env,
    cwd,
    spec: {
      id: processId(pod, container.name, request.attempt),
      netns: sandbox.netns,
      argv: sandboxArgv(plan),
      env,
      logPath: log,
      logBytes: LOG_BYTES,
      filterFd: FILTER_FD,
      limits: limitsOf(container, context),
      ...(container.tty === true ? { tty: true } : {}),
      ...(container.stdin === true ? { stdin: true } : {}),
    },
  };
}

function argvOf(
  container: Container | EphemeralContainer,
  image: CatalogueImage,
  env: Readonly<Record<string, string>>,
): string[] {
  const command = container.command ?? [];
  const args = container.args ?? [];
  const entrypoint = command.length > 0 ? command : image.entrypoint;
  const rest = args.length > 0 || command.length > 0 ? args : image.command;
  const own = (list: readonly string[]): string[] => list.map((text) => expand(text, env));
  const argv = [
    ...(command.length > 0 ? own(entrypoint) : entrypoint),
    ...(args.length > 0 ? own(rest) : rest),
  ];
  if (argv.length === 0) throw new ContainerConfigError('no command specified');
  return argv;
}

function userOf(
  pod: PodObject,
  container: Container | EphemeralContainer,
): { uid: number; gid: number } {
  const own = container.securityContext;
  const shared = pod.spec.securityContext;
  const uid = own?.runAsUser ?? shared?.runAsUser ?? 0;
  const gid = own?.runAsGroup ?? shared?.runAsGroup ?? 0;
  if ((own?.runAsNonRoot ?? shared?.runAsNonRoot) === true && uid === 0) {
    const { name, namespace = '', uid: podUid } = pod.metadata;
    throw new ContainerConfigError(
      `container has runAsNonRoot and image will run as root (pod: "${name}_${namespace}(${podUid})", container: ${container.name})`,
    );
  }
  return { uid, gid };
}

function planOf(
  context: KubeletContext,
  request: StartRequest,
  process: { user: { uid: number; gid: number }; argv: string[]; cwd: string },
): SandboxPlan {
  const { pod, container, image } = request;
  const folder = podFolder(context, pod);
  const own = path.join(folder, container.name);
  const etc = etcOf(context, request, own);
  const mounts = [
    ...context.extraMounts(image),
    ...etc.mounts,
    ...volumeMounts(request),
    ...imageFiles(image, own),
    messageFile(container, `${own}.message`),
  ];
  return {
    bwrap: context.shared.bwrap,
    userland: image.userland,
    local: context.shared.local(image.programs),
    busybox: context.shared.busybox(image.programs),
    settings: context.shared.settings,
    etc: etc.folder,
    mounts,
    links: image.links ?? {},
    writable: image.writable,
    scratchBytes: SCRATCH_BYTES,
    hostname: hostnameOf(pod),
    uid: process.user.uid,
    gid: process.user.gid,
    readOnlyRoot: container.securityContext?.readOnlyRootFilesystem === true,
    cwd: process.cwd === '' ? '/' : process.cwd,
    argv: process.argv,
  };
}

/**
 * The container's /etc: the one that all share with the pod's own three files over it, or one of its own where the
 * image or a volume puts something there.
 */
function etcOf(
  context: KubeletContext,
  request: StartRequest,
  own: string,
): { folder: string; mounts: Mount[] } {
  const { pod, container, image } = request;
  const hostname = hostnameOf(pod);
  const hosts = podHosts(pod, { hostIP: request.hostIP, podIP: request.sandbox.address });
  const resolvConf = podResolvConf(pod);
  const files = Object.entries(image.files).filter(([file]) => file.startsWith(ETC));
  const points = (container.volumeMounts ?? []).filter(({ mountPath }) =>
    mountPath.startsWith(ETC),
  );
  if (files.length === 0 && points.length === 0) {
    const folder = podFolder(context, pod);
    const write = (name: string, text: string): Mount => {
      const source = path.join(folder, name);
      writeFileSync(source, text);
      return { source, target: ETC + name, readOnly: true };
    };
    const mounts = [
      write('hosts', hosts),
      write('hostname', `${hostname}\n`),
      write('resolv.conf', resolvConf),
    ];
    return { folder: context.shared.etc(image.userland), mounts };
  }
  const volumes = new Map((pod.spec.volumes ?? []).map((volume) => [volume.name, volume]));
  const folder = path.join(own, 'etc');
  rmSync(folder, { recursive: true, force: true });
  writeEtcFolder({
    folder,
    userland: image.userland,
    hostname,
    hosts,
    resolvConf,
    files: Object.fromEntries(files.map(([file, text]) => [file.slice(ETC.length), text])),
    mountPoints: points.map((mount) => ({
      path: mount.mountPath.slice(ETC.length),
      folder: !isFileMount(mount.subPath, volumes.get(mount.name)),
    })),
  });
  return { folder, mounts: [] };
}

const ETC = '/etc/';

/** A subPath into objects' files is a file; into an emptyDir it is a folder. */
function isFileMount(subPath: string | undefined, volume: Volume | undefined): boolean {
  return subPath !== undefined && subPath !== '' && volume !== undefined && followsObjects(volume);
}

function volumeMounts({ container, volumes, pod }: StartRequest): Mount[] {
  return (container.volumeMounts ?? []).map((mount) => {
    const folder = volumes.get(mount.name);
    if (folder === undefined) {
      throw new ContainerConfigError(`volume "${mount.name}" is not mounted`);
    }
    const volume = pod.spec.volumes?.find(({ name }) => name === mount.name);
    const fromObjects = volume === undefined || followsObjects(volume);
    const sub = mount.subPath ?? '';
    if (sub.split('/').includes('..')) {
      throw new ContainerConfigError(
        `failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}"`,
      );
    }
    const readOnly = fromObjects || volume.hostPath?.path === '/' || mount.readOnly === true;
    const part = volumes.get(partKey(mount.name, sub));
    return { source: part ?? path.join(folder, sub), target: mount.mountPath, readOnly };
  });
}

function imageFiles(image: CatalogueImage, folder: string): Mount[] {
  return Object.entries(image.files)
    .filter(([file]) => !file.startsWith('/etc/'))
    .map(([file, text], i) => {
      const source = path.join(folder, `file-${i}`);
      mkdirSync(folder, { recursive: true });
      writeFileSync(source, text);
      return { source, target: file, readOnly: true };
    });
}

function messageFile(container: Container | EphemeralContainer, source: string): Mount {
  writeFileSync(source, '', { mode: 0o666 });
  const target = container.terminationMessagePath ?? '/dev/termination-log';
  return { source, target, readOnly: false };
}

/** For every container, and what is run inside one. */
export function containerLimits({
  nodes,
}: KubeletContext): ProcessLimits & { memoryBytes: number } {
  return {
    processes: processLimit(nodes.size, 'pod'),
    openFiles: 1024,
    fileBytes: 64 * 1024 * 1024,
    memoryBytes: 512 * 1024 * 1024,
  };
}

function limitsOf(
  container: Container | EphemeralContainer,
  context: KubeletContext,
): ProcessLimits {
  const resources = 'resources' in container ? container.resources : undefined;
  const memory = parseQuantity(resources?.limits?.['memory'] ?? '0');
  const limits = containerLimits(context);
  return memory > 0 ? { ...limits, memoryBytes: Math.min(memory, limits.memoryBytes) } : limits;
}

export function describeStartFailure(error: unknown): string {
  return error instanceof StartError ? error.message : START_ERROR_PREFIX + messageOf(error);
}
