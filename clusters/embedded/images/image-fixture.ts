/** For tests: containers of catalogue images in real sandboxes, all in one network namespace of their own. */
import { chmod, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { findProjectRoot } from '../../../system/project-root.js';
import { createTempFolder } from '../../../system/temp-folder.js';
import { createTestAgent } from '../agent/agent-fixture.js';
import type { Agent, ProcessExit } from '../agent/agent.js';
import { prepareShare } from '../host/shared-folder.js';
import { writeEtcFolder } from '../kubelet/etc-folder.js';
import { FILTER_FD, sandboxArgv, type Mount } from '../kubelet/sandbox.js';
import { findImage } from './find-image.js';

export interface ContainerOptions {
  command?: readonly string[];
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** Below /etc. */
  files?: Readonly<Record<string, string>>;
  mounts?: readonly Mount[];
  resolvConf?: string;
}

export interface TestContainer {
  /** All lines so far, without times. */
  log(): Promise<string>;
  /** Resolves when the log holds the text. */
  logged(part: string): Promise<void>;
  /** Runs a program inside, as `kubectl exec` does. */
  exec(...argv: string[]): Promise<Outcome>;
  signal(signal: number): Promise<void>;
  readonly exited: Promise<ProcessExit>;
  /** The memory of its own, in bytes. */
  rssBytes(): Promise<number>;
}

export interface Outcome {
  code: number;
  out: string;
  err: string;
}

export interface ImageBench extends AsyncDisposable {
  agent: Agent;
  /** A folder that sandboxes may read. */
  folder: string;
  start(image: string, options?: ContainerOptions): Promise<TestContainer>;
  /** Runs a program of this machine in the network of the containers. */
  run(...argv: string[]): Promise<Outcome>;
}

export async function createImageBench(): Promise<ImageBench> {
  const temp = await createTempFolder('images');
  await chmod(temp.path, 0o755);
  const share = await prepareShare({
    stateDir: temp.path,
    nativeDir: path.join(findProjectRoot(), 'dist/native'),
    kubectl: undefined,
  });
  const test = await createTestAgent();
  const { agent } = test;
  await agent.network([{ op: 'netns-add', name: 'pod' }]);
  const exits = new Map<string, (exit: ProcessExit) => void>();
  agent.on('exit', (exit) => exits.get(exit.id)?.(exit));
  let count = 0;

  const outcome = async (spec: Parameters<Agent['exec']>[0]): Promise<Outcome> => {
    const session = await agent.exec(spec);
    session.stdin.end();
    const [out, err] = await Promise.all([text(session.stdout), text(session.stderr)]);
    return { code: await session.exited, out, err };
  };

  return {
    agent,
    folder: temp.path,
    run: (...argv) => outcome({ target: 'netns', netns: 'pod', argv, env: { PATH } }),
    async start(reference, options = {}) {
      const image = findImage(reference);
      if (image === undefined) throw new Error(`no such image: ${reference}`);
      const id = `c${(count += 1)}`;
      const etc = path.join(temp.path, id);
      await mkdir(etc);
      const ownFiles = Object.entries(image.files).flatMap(([file, content]) =>
        file.startsWith('/etc/') ? [[file.slice('/etc/'.length), content] as const] : [],
      );
      writeEtcFolder({
        folder: etc,
        userland: image.userland,
        hostname: 'pod-1',
        hosts: '127.0.0.1 localhost\n',
        resolvConf: options.resolvConf ?? 'nameserver 127.0.0.1\n',
        files: { ...Object.fromEntries(ownFiles), ...options.files },
      });
      const argv = sandboxArgv({
        bwrap: share.bwrap,
        userland: image.userland,
        local: share.local(image.programs),
        busybox: share.busybox(image.programs),
        settings: share.settings,
        etc,
        mounts: options.mounts ?? [],
        links: image.links ?? {},
        writable: image.writable,
        scratchBytes: 1_000_000,
        hostname: 'pod-1',
        uid: 0,
        gid: 0,
        readOnlyRoot: false,
        cwd: image.workingDir,
        argv: [
          ...(options.command ?? image.entrypoint),
          ...(options.args ?? (options.command === undefined ? image.command : [])),
        ],
      });
      const logPath = path.join(test.folder, `${id}.log`);
      const env = { PATH, HOSTNAME: 'pod-1', ...image.env, ...options.env };
      const exited = new Promise<ProcessExit>((resolve) => exits.set(id, resolve));
      await agent.start({
        id,
        netns: 'pod',
        argv,
        env,
        logPath,
        logBytes: 1_000_000,
        filterFd: FILTER_FD,
      });
      const log = async (): Promise<string> =>
        (await readFile(logPath, 'utf8').catch(() => '')).replace(/^\S+ std(out|err) [FP] /gm, '');
      return {
        log,
        exited,
        async logged(part) {
          for (let i = 0; i < 300; i += 1) {
            if ((await log()).includes(part)) return;
            await sleep(10);
          }
          throw new Error(`${reference} never said "${part}", but:\n${await log()}`);
        },
        exec: (...command) => outcome({ target: 'process', id, argv: command, env }),
        signal: (signal) => agent.signal(id, signal),
        async rssBytes() {
          return (await agent.usage()).find((usage) => usage.id === id)?.rssBytes ?? 0;
        },
      };
    },
    async [Symbol.asyncDispose]() {
      await test[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
