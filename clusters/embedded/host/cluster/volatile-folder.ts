import { mkdirSync, rmSync, writeFileSync, readdirSync } from 'node:fs';
import { createHash } from 'node:crypto';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Agent } from '../../agent/agent.js';
import type { ScratchFolders } from '../../kubelet/context.js';
import { VolumeError } from '../../kubelet/volumes.js';
import { ROUTER } from '../../network/addresses.js';
import type { PodObject } from '../../network/objects.js';
import type { ClusterFolder } from './cluster-folder.js';
import { giveTo } from './owned.js';

const BYTES = 96 * 1024 * 1024;
const FILES = 20_000;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A cluster's files that need no disk: the learner's home, root's homes on the nodes, volumes. One file system
 * in memory with a bound, mounted by the agent and seen by its processes alone: no learner can fill the disk.
 */
export class VolatileFolder implements ScratchFolders {
  readonly #agent: Agent;
  readonly #folder: ClusterFolder;
  readonly #nodes: readonly string[];
  readonly #uid: number | undefined;
  /** Resolves when it is mounted and filled. */
  ready: Promise<void> = Promise.resolve();

  constructor(options: {
    agent: Agent;
    folder: ClusterFolder;
    nodes: readonly string[];
    uid: number | undefined;
  }) {
    this.#agent = options.agent;
    this.#folder = options.folder;
    this.#nodes = options.nodes;
    this.#uid = options.uid;
  }

  get home(): string {
    return path.join(this.#folder.volatile, 'home');
  }

  nodeHome(node: string): string {
    return path.join(this.#folder.volatile, 'nodes', node);
  }

  /** Once per agent. Files are given by their path in the home. */
  mount(files: readonly { path: string; text: string; mode: number }[]): void {
    const template = path.join(this.#folder.run, 'home');
    rmSync(template, { recursive: true, force: true });
    mkdirSync(template, { recursive: true, mode: 0o755 });
    for (const file of files) {
      const target = path.join(template, path.posix.join('/', file.path));
      mkdirSync(path.dirname(target), { recursive: true, mode: 0o755 });
      writeFileSync(target, file.text, { mode: file.mode });
    }
    giveAll(template, this.#uid);
    const homes = this.#nodes.map((node) => this.nodeHome(node));
    this.ready = this.#run(
      [
        'set -e; volatile=$1; template=$2; shift 2',
        `mount -t tmpfs -o size=${BYTES},nr_inodes=${FILES},mode=0755 volatile "$volatile"`,
        'cp -R --preserve=mode "$template" "$volatile/home"; mkdir -p "$volatile/volumes" "$@"',
      ].join('\n'),
      [this.#folder.volatile, template, ...homes],
    );
    // Whoever needs it awaits it.
    this.ready.catch(() => undefined);
  }

  async take(pod: PodObject, name: string): Promise<string> {
    await this.ready;
    const folder = path.join(this.#podFolder(pod), name);
    await this.#run('mkdir -p "$1"; chmod 0777 "$1"', [folder]);
    this.#taken.add(pod.metadata.uid);
    return folder;
  }

  async part(
    pod: PodObject,
    { volume, folder, subPath }: { volume: string; folder: string; subPath: string },
  ): Promise<string> {
    const steps = subPath.split('/').filter((step) => step !== '' && step !== '.');
    if (steps.includes('..')) throw new VolumeError(`subPath ${subPath} leads out of the volume`);
    const target = path.join(this.#podFolder(pod), PARTS, digest(`${volume}/${subPath}`));
    try {
      await this.#run(ENTER_AND_BIND, [folder, target, ...steps]);
    } catch (error) {
      throw new VolumeError(`subPath ${subPath} is no folder of the volume`, { cause: error });
    }
    return target;
  }

  async hostPath(
    node: string,
    { volume, path: place, type }: { volume: string; path: string; type: string },
  ): Promise<string> {
    await this.ready;
    const disk = path.join(this.#folder.volatile, 'disks', node);
    if (path.posix.normalize(place) === '/') {
      const folder = path.join(disk, 'root');
      await this.#run(
        'mkdir -p "$@"',
        NODE_FOLDERS.map((name) => path.join(folder, name)),
      );
      return folder;
    }
    // One folder per path, none inside another: nothing that a pod writes lies on the way to a mount.
    const folder = path.join(disk, 'paths', digest(path.posix.normalize(place)));
    if (type === '' || type === 'DirectoryOrCreate') {
      await this.#run('mkdir -p "$1"; chmod 0777 "$1"', [folder]);
      return folder;
    }
    const isThere = type === 'Directory' && (await this.#holds('[ -d "$1" ]', [folder]));
    if (!isThere) {
      const what = type.startsWith('Directory')
        ? 'directory'
        : type.replace('OrCreate', '').toLowerCase();
      throw new VolumeError(
        `MountVolume.SetUp failed for volume "${volume}" : hostPath type check failed: ${place} is not a ${what}`,
      );
    }
    return folder;
  }

  giveBack(pod: PodObject): void {
    const { uid } = pod.metadata;
    const has = (pod.spec.volumes ?? []).some(
      ({ emptyDir, hostPath }) => emptyDir !== undefined || hostPath !== undefined,
    );
    if (!has && !this.#taken.has(uid)) return;
    this.#taken.delete(uid);
    const script = `for part in "$1"/${PARTS}/*; do umount -l "$part" 2>/dev/null; done; rm -rf --one-file-system "$1"`;
    void this.#run(script, [this.#podFolder(pod)]).catch(() => undefined);
  }

  readonly #taken = new Set<string>();

  #podFolder(pod: PodObject): string {
    return path.join(this.#folder.volatile, 'volumes', pod.metadata.uid);
  }

  async #holds(script: string, args: readonly string[]): Promise<boolean> {
    return this.#run(script, args).then(
      () => true,
      () => false,
    );
  }

  async #run(script: string, args: readonly string[]): Promise<void> {
    const session = await this.#agent.exec({
      target: 'netns',
      netns: ROUTER,
      argv: ['/bin/sh', '-c', script, 'sh', ...args],
      env: { PATH },
    });
    session.stdin.end();
    const [errors, , code] = await Promise.all([
      text(session.stderr),
      text(session.stdout),
      session.exited,
    ]);
    if (code !== 0) throw new Error(`the cluster's volatile files: ${errors.trim()}`);
  }
}

/** Beside a pod's volumes: a volume cannot be called so. */
const PARTS = '.parts';

/** What a node's root folder shows. */
const NODE_FOLDERS = [
  'bin',
  'boot',
  'dev',
  'etc',
  'home',
  'lib',
  'opt',
  'proc',
  'root',
  'run',
  'srv',
  'sys',
  'tmp',
  'usr',
  'var/lib/kubelet',
  'var/log/pods',
];

/**
 * Goes down step by step from $1 and makes where it arrives visible at $2. After each step the kernel says where that
 * is: who was led astray by a link goes no further, and what is bound is the folder stood in, whatever its name leads to by then.
 */
const ENTER_AND_BIND = `set -e
folder=$1 target=$2; shift 2
cd "$folder"
for step; do
  [ -d "$step" ] || mkdir -m 0777 "$step"
  cd -P "./$step"
  folder=$folder/$step
  [ "$(/bin/pwd -P)" = "$folder" ]
done
umount -l "$target" 2>/dev/null || true
mkdir -p "$target"
mount --no-canonicalize --bind . "$target"`;

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** A folder with all in it. */
function giveAll(folder: string, uid: number | undefined): void {
  giveTo(folder, uid);
  if (uid === undefined) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    giveTo(path.join(folder, name), uid);
  }
}
