import { existsSync } from 'node:fs';
import path from 'node:path';
import { findProjectRoot } from '../../../system/project-root.js';
import { createTempFolder } from '../../../system/temp-folder.js';
import type { Agent, ProcessSpec } from './agent.js';
import { createAgent } from './create-agent.js';

/** For tests: an agent with a folder of its own; both are gone when it is disposed of. */
export interface TestAgent extends AsyncDisposable {
  agent: Agent;
  folder: string;
  /** The ordinary user it runs as, its own among all tests of this machine. */
  uid: number;
}

let lastUser = 0;

export function nativePath(program: 'agent' | 'join'): string {
  const file = path.join(findProjectRoot(), 'dist/native', program);
  if (!existsSync(file)) throw new Error(`${file} is missing: npm test builds it`);
  return file;
}

export async function createTestAgent(options: { graceMs?: number } = {}): Promise<TestAgent> {
  const temp = await createTempFolder('agent');
  lastUser += 1;
  const uid = 800_000 + process.pid * 100 + lastUser;
  const agent = await createAgent({
    dir: temp.path,
    uid,
    graceMs: options.graceMs ?? 5000,
    agentPath: nativePath('agent'),
  });
  return {
    agent,
    folder: temp.path,
    uid,
    async [Symbol.asyncDispose]() {
      await agent[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

/** A process in a sandbox like a container's: bubblewrap, read-only system, no capabilities. */
export function sandboxed(
  { folder }: TestAgent,
  { id, netns }: { id: string; netns: string },
  command: string[],
): ProcessSpec {
  return {
    id,
    netns,
    argv: [...BUBBLEWRAP, '--', ...command],
    env: { PATH: '/usr/bin:/bin' },
    logPath: path.join(folder, `${id}.log`),
    logBytes: 1_000_000,
    filterFd: 9,
  };
}

const BUBBLEWRAP = [
  ...['bwrap', '--unshare-pid', '--unshare-ipc', '--unshare-uts', '--die-with-parent'],
  ...['--ro-bind', '/usr', '/usr', '--symlink', 'usr/bin', '/bin', '--symlink', 'usr/lib', '/lib'],
  ...['--symlink', 'usr/lib64', '/lib64', '--symlink', 'usr/sbin', '/sbin'],
  ...['--ro-bind', '/etc', '/etc', '--proc', '/proc', '--dev', '/dev', '--tmpfs', '/tmp'],
  ...['--cap-drop', 'ALL', '--seccomp', '9'],
];
