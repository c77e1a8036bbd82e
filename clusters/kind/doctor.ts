import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { GatehouseError, messageOf } from '../../common/errors.js';
import type { ClusterSpec, DoctorCheck } from '../provider.js';
import type { KindContext } from './context.js';
import { imageChecks, manifestChecks } from './doctor-images.js';
import { dockerFix, lookForDocker } from './docker-fix.js';
import { DOCKER_AWAY, INSTALL } from './failures.js';
import { imagesOfSpec } from './images.js';
import {
  OLDEST_KIND,
  SUPPORTED_KUBERNETES,
  imageOfRelease,
  isKnown,
  isTooOld,
  minorOf,
  nodeImage,
  parseKindVersion,
} from './node-image.js';
import { findClusters } from './records.js';

/** Parts of `docker info` that matter here. */
export const DockerInfo = z.object({
  ServerVersion: z.string().default(''),
  DockerRootDir: z.string().default(''),
  CgroupVersion: z.string().default(''),
  CgroupDriver: z.string().default(''),
  MemTotal: z.number().default(0),
  NCPU: z.number().default(0),
  KernelVersion: z.string().default(''),
  SecurityOptions: z.array(z.string()).nullish(),
  OperatingSystem: z.string().default(''),
});
export type DockerInfo = z.infer<typeof DockerInfo>;

const MIB = 1024 * 1024;
const CLUSTER_BYTES = 2.4 * 1024 * MIB;
const SPARED_BYTES = 2 * 1024 * MIB;
/** Each node's kubelet, containerd and systemd hold some 40 instances. */
const INSTANCES_PER_CLUSTER = 130;

/** Everything that kind clusters need of this machine, each with what to run where it is missing. */
export async function doctor(
  context: KindContext,
  wanted: readonly ClusterSpec[] = [],
): Promise<DoctorCheck[]> {
  const image = await nodeImage(context);
  const [docker, kind, kubectl] = await Promise.all([
    dockerChecks(context, image),
    kindCheck(context),
    kubectlCheck(context, image),
  ]);
  const plugins = await manifestChecks(context, wanted);
  const images = [...wanted.flatMap((spec) => imagesOfSpec(spec)), ...plugins.images];
  return [
    ...docker.checks,
    kind,
    kubectl,
    ...inotifyChecks(
      read('/proc/sys/fs/inotify/max_user_instances'),
      read('/proc/sys/fs/inotify/max_user_watches'),
    ),
    ...kernelChecks(read('/proc/modules') ?? '', read('/proc/sys/net/ipv4/ip_forward')),
    securityCheck(context),
    ...plugins.checks,
    ...(docker.isUp ? await imageChecks(context, image, images) : []),
    ...(docker.isUp ? [await clustersCheck(context)] : []),
  ];
}

async function dockerChecks(
  context: KindContext,
  image: string,
): Promise<{ isUp: boolean; checks: DoctorCheck[] }> {
  const missing = (detail: string, fix: string): { isUp: boolean; checks: DoctorCheck[] } => ({
    isUp: false,
    checks: [{ id: 'docker', title: 'Docker runs', status: 'missing', detail, fix }],
  });
  try {
    const text = await context.programs.docker(['info', '--format', '{{json .}}'], {
      timeoutMs: 15_000,
    });
    const info = DockerInfo.parse(JSON.parse(text));
    if (info.ServerVersion === '') return missing(`${DOCKER_AWAY}.`, await fixHere(context));
    return { isUp: true, checks: [...judgeDocker(info, image), await diskCheck(context, info)] };
  } catch (error) {
    const isAway = messageOf(error) === DOCKER_AWAY;
    const own = error instanceof GatehouseError ? error.fix : undefined;
    const fix = isAway ? await fixHere(context) : own;
    return missing(`${messageOf(error)}.`, fix ?? 'docker info');
  }
}

async function fixHere({ programs }: KindContext): Promise<string> {
  return dockerFix(await lookForDocker(programs));
}

/** From Kubernetes 1.35 on the kubelet refuses to start on version 1. */
const NO_CGROUP_1 = 35;

export function judgeDocker(info: DockerInfo, image: string): DoctorCheck[] {
  const isRootless = (info.SecurityOptions ?? []).some((option) => option.includes('rootless'));
  const fits = Math.max(0, Math.floor((info.MemTotal - SPARED_BYTES) / CLUSTER_BYTES));
  const gib = (info.MemTotal / 1024 / MIB).toFixed(1);
  return [
    dockerVersion(info, isRootless),
    cgroupCheck(info, { isRootless, minor: minorOf(image) ?? 0 }),
    fits > 0
      ? {
          id: 'memory',
          title: 'Memory',
          status: 'ok',
          detail: `${gib} GiB: about ${fits} clusters of three nodes with Calico at 2.4 GiB each.`,
        }
      : {
          id: 'memory',
          title: 'Memory',
          status: 'warning',
          detail: `${gib} GiB: too little for a cluster of three nodes with Calico (2.4 GiB) beside the rest.`,
          fix: 'give Docker more memory, or use labs with one node; --provider embedded needs 16 MB for a cluster',
        },
  ];
}

function dockerVersion(info: DockerInfo, isRootless: boolean): DoctorCheck {
  const check = { id: 'docker', title: 'Docker runs' };
  const detail = `version ${info.ServerVersion} on ${info.OperatingSystem}, kernel ${info.KernelVersion}${isRootless ? ', rootless' : ''}`;
  const [major = 0, minor = 0] = info.ServerVersion.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 10)) {
    return {
      ...check,
      status: 'missing',
      detail: `${detail}: older than 20.10.`,
      fix: 'install a newer Docker: https://docs.docker.com/engine/install/',
    };
  }
  if (!isRootless) return { ...check, status: 'ok', detail: `${detail}.` };
  return {
    ...check,
    status: 'warning',
    detail: `${detail}. kind runs on it where the processor, memory and process controllers are delegated; this was not tried with Gatehouse.`,
    fix: 'https://kind.sigs.k8s.io/docs/user/rootless/',
  };
}

function cgroupCheck(
  { CgroupVersion, CgroupDriver }: DockerInfo,
  { isRootless, minor }: { isRootless: boolean; minor: number },
): DoctorCheck {
  const check = { id: 'cgroup', title: 'Control groups' };
  const boot = 'boot with systemd.unified_cgroup_hierarchy=1';
  if (CgroupVersion === '2') {
    return { ...check, status: 'ok', detail: `version 2, driver ${CgroupDriver}.` };
  }
  const has = `version ${CgroupVersion || 'unknown'}`;
  if (isRootless) {
    const detail = `${has}: rootless Docker needs version 2 for kind.`;
    return { ...check, status: 'missing', detail, fix: boot };
  }
  if (minor >= NO_CGROUP_1) {
    const detail = `${has}: Kubernetes 1.${minor} does not start on version 1.`;
    const fix = `${boot}; or set "image" in kind.yaml to a node image older than 1.${NO_CGROUP_1}`;
    return { ...check, status: 'missing', detail, fix };
  }
  const detail = `${has}: Kubernetes from 1.${NO_CGROUP_1} on does not start on version 1.`;
  return { ...check, status: 'warning', detail, fix: boot };
}

const DISK_NEEDED_GIB = 15;

async function diskCheck(
  context: KindContext,
  { DockerRootDir }: DockerInfo,
): Promise<DoctorCheck> {
  const check = { id: 'disk', title: 'Disk' };
  const { statfs } = await import('node:fs/promises');
  try {
    const { bavail, bsize } = await statfs(DockerRootDir);
    const gib = (bavail * bsize) / 1024 / MIB;
    const detail = `${gib.toFixed(0)} GiB free at ${DockerRootDir}.`;
    if (gib >= DISK_NEEDED_GIB) return { ...check, status: 'ok', detail };
    return {
      ...check,
      status: 'warning',
      detail: `${detail} Below ${DISK_NEEDED_GIB} GiB, nodes soon report disk pressure and evict pods.`,
      fix: 'docker system df; docker system prune',
    };
  } catch (error) {
    context.logger.debug('free disk space could not be read', { error });
    return {
      ...check,
      status: 'warning',
      detail: `the folder ${DockerRootDir} is not on this machine or may not be looked at.`,
      fix: 'docker system df',
    };
  }
}

async function kindCheck({ programs }: KindContext): Promise<DoctorCheck> {
  const result = await programs.try('kind', ['version'], { timeoutMs: 15_000 });
  return judgeKind(result.exitCode === 0 ? result.stdout : undefined);
}

export function judgeKind(output: string | undefined): DoctorCheck {
  const check = { id: 'kind', title: 'kind' };
  const fix = INSTALL['kind'] ?? '';
  const release = parseKindVersion(output);
  if (release === undefined)
    return { ...check, status: 'missing', detail: 'is not installed.', fix };
  const { version } = release;
  if (isTooOld(release)) {
    const detail = `version ${version} is older than ${OLDEST_KIND}.`;
    return { ...check, status: 'missing', detail, fix };
  }
  if (isKnown(release)) return { ...check, status: 'ok', detail: `version ${version}.` };
  return {
    ...check,
    status: 'warning',
    detail: `version ${version} is newer than we know; it may want a newer node image than ${imageOfRelease(release)}.`,
    fix: `take the image from https://github.com/kubernetes-sigs/kind/releases/tag/v${version} and set it in kind.yaml: image: kindest/node:…`,
  };
}

async function kubectlCheck({ programs }: KindContext, image: string): Promise<DoctorCheck> {
  const result = await programs.try('kubectl', ['version', '--client', '--output=json'], {
    timeoutMs: 15_000,
  });
  return judgeKubectl(result.exitCode === 0 ? result.stdout : undefined, image);
}

/** kubectl may be one minor version older or newer than the API server. */
export function judgeKubectl(output: string | undefined, image: string): DoctorCheck {
  const check = { id: 'kubectl', title: 'kubectl' };
  const own = /"gitVersion":\s*"v1\.(\d+)[^"]*"/.exec(output ?? '');
  if (own === null) {
    const fix = INSTALL['kubectl'] ?? '';
    return { ...check, status: 'missing', detail: 'is not installed.', fix };
  }
  const server = minorOf(image);
  const detail = `version 1.${own[1] ?? ''}, nodes run ${server === undefined ? 'an image that does not name its version' : `1.${server}`}.`;
  if (server !== undefined && Math.abs(server - Number(own[1])) > 1) {
    return {
      ...check,
      status: 'warning',
      detail: `${detail} More than one version apart is not supported by Kubernetes.`,
      fix: `install kubectl 1.${server}: https://kubernetes.io/docs/tasks/tools/`,
    };
  }
  if (server !== undefined && !SUPPORTED_KUBERNETES.includes(`1.${server}`)) {
    return {
      ...check,
      status: 'warning',
      detail: `${detail} Gatehouse is made for ${SUPPORTED_KUBERNETES.join(', ')}.`,
      fix: 'set "image" in kind.yaml to a node image of one of these',
    };
  }
  return { ...check, status: 'ok', detail };
}

export function inotifyChecks(
  instancesText: string | undefined,
  watchesText: string | undefined,
): DoctorCheck[] {
  const [instances, watches] = [Number(instancesText ?? NaN), Number(watchesText ?? NaN)];
  const check = { id: 'inotify', title: 'inotify limits' };
  if (Number.isNaN(instances) || Number.isNaN(watches)) return [];
  const clusters = Math.floor(instances / INSTANCES_PER_CLUSTER);
  const detail = `${instances} instances and ${watches} watches for each user`;
  if (instances >= 512 && watches >= 524_288) {
    return [
      { ...check, status: 'ok', detail: `${detail}: about ${clusters} clusters of three nodes.` },
    ];
  }
  return [
    {
      ...check,
      status: 'warning',
      detail: `${detail}: nodes of the third cluster or so fail with "too many open files".`,
      fix: 'sudo sysctl fs.inotify.max_user_instances=1024 fs.inotify.max_user_watches=1048576',
    },
  ];
}

/** Modules that plugins load for themselves if they are there; without a module list nothing can be told. */
export function kernelChecks(modules: string, forwarding: string | undefined): DoctorCheck[] {
  const checks: DoctorCheck[] = [];
  const names = new Set(modules.split('\n').map((line) => line.split(' ')[0] ?? ''));
  const wanted = ['ip_set', 'xt_set', 'ipip', 'vxlan', 'nfnetlink_queue'];
  const missing = wanted.filter((name) => !names.has(name));
  checks.push(
    missing.length === 0
      ? {
          id: 'kernel',
          title: 'Kernel modules',
          status: 'ok',
          detail: `${wanted.join(', ')} are loaded.`,
        }
      : {
          id: 'kernel',
          title: 'Kernel modules',
          status: 'warning',
          detail: `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not loaded (or built in). Calico needs ip_set and xt_set, its tunnels ipip or vxlan. Whether policies are enforced is proven on every cluster.`,
          fix: `sudo modprobe --all ${missing.join(' ')}`,
        },
  );
  if (forwarding?.trim() === '0') {
    checks.push({
      id: 'forwarding',
      title: 'IP forwarding',
      status: 'warning',
      detail: 'is off: nodes reach neither each other nor registries.',
      fix: 'sudo sysctl net.ipv4.ip_forward=1',
    });
  }
  return checks;
}

function securityCheck({ settings }: KindContext): DoctorCheck {
  return settings.allowStrangers
    ? {
        id: 'strangers',
        title: 'Who may have clusters',
        status: 'warning',
        detail:
          'everybody who may sign in. kind nodes are privileged containers: a learner can take over this machine.',
        fix: 'keep nothing else on this machine, or remove allowStrangers from kind.yaml',
      }
    : {
        id: 'strangers',
        title: 'Who may have clusters',
        status: 'ok',
        detail: 'people on this machine only, since kind nodes are privileged containers.',
      };
}

async function clustersCheck(context: KindContext): Promise<DoctorCheck> {
  const found = await findClusters(context);
  const own = found.filter(({ isLeftover }) => !isLeftover);
  const broken = own.filter(({ info }) => info.state === 'broken');
  const check = { id: 'clusters', title: 'Clusters' };
  if (broken.length === 0) {
    const left = found.length - own.length;
    const swept = left === 0 ? '' : ` What a crash left of ${left} more goes at the next use.`;
    return { ...check, status: 'ok', detail: `${own.length}, none broken.${swept}` };
  }
  const names = broken.map(({ name }) => name);
  return {
    ...check,
    status: 'warning',
    detail: `${names.join(', ')}: containers are missing.`,
    fix: `scripts/gatehouse cluster reset ${names[0] ?? ''} --provider kind   # builds it anew; or delete it`,
  };
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return undefined;
  }
}
