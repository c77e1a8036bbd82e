import { mkdirSync, rmSync, writeFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Agent } from '../agent/agent.js';
import type { EmptyDirs } from '../kubelet/context.js';
import { ROUTER } from '../network/addresses.js';
import type { PodObject } from '../network/objects.js';
import type { ClusterFolder } from './cluster-folder.js';
import { giveTo } from './owned.js';

const BYTES = 96 * 1024 * 1024;
const FILES = 20_000;
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A cluster's files that need no disk: the learner's home, root's homes on the nodes, empty volumes. One file system
 * in memory with a bound, mounted by the agent and seen by its processes alone: no learner can fill the disk.
 */
export class VolatileFolder implements EmptyDirs {
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

  giveBack(pod: PodObject): void {
    const { uid } = pod.metadata;
    const has = (pod.spec.volumes ?? []).some(({ emptyDir }) => emptyDir !== undefined);
    if (!has && !this.#taken.has(uid)) return;
    this.#taken.delete(uid);
    void this.#run('rm -rf "$1"', [this.#podFolder(pod)]).catch(() => undefined);
  }

  readonly #taken = new Set<string>();

  #podFolder(pod: PodObject): string {
    return path.join(this.#folder.volatile, 'volumes', pod.metadata.uid);
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

/** A folder with all in it. */
function giveAll(folder: string, uid: number | undefined): void {
  giveTo(folder, uid);
  if (uid === undefined) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    giveTo(path.join(folder, name), uid);
  }
}
