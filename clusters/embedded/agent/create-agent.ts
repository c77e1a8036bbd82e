import { chown, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { runCommand } from '../../../system/run-command.js';
import { AgentError } from './agent-error.js';
import type { Agent } from './agent.js';
import { connectAgent } from './connect-agent.js';

export interface AgentOptions {
  /** The cluster's folder; made with mode 0700 and given to `uid`. It also marks the process: `--dir DIR`. */
  dir: string;
  /** Short enough for a unix socket (107 bytes); `agent.sock` in `dir` unless given, and then the caller's folder. */
  socketPath?: string;
  /** The ordinary user to become. Needed where this process is root; one per cluster keeps clusters apart. */
  uid?: number;
  gid?: number;
  /** How long the cluster outlives its host. */
  graceMs: number;
  /** `dist/native/agent`. */
  agentPath: string;
  signal?: AbortSignal;
}

/**
 * Starts an agent and connects to it. The agent is no child of this process: it lives until it is disposed of,
 * killed, or alone for `graceMs`. Rejects with what the agent says where the machine forbids it.
 */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { dir, uid, gid = uid, graceMs, agentPath, signal } = options;
  const socketPath = options.socketPath ?? path.join(dir, 'agent.sock');
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const isRoot = process.getuid?.() === 0;
  if (isRoot && uid !== undefined && gid !== undefined) await chown(dir, uid, gid);
  const user = uid === undefined ? [] : ['--uid', `${uid}`, '--gid', `${gid ?? uid}`];
  const result = await runCommand(
    agentPath,
    ['--dir', dir, '--socket', socketPath, '--grace-ms', `${graceMs}`, ...user],
    { cleanEnvironment: true, env: { PATH }, cwd: '/' },
  );
  if (result.exitCode !== 0) {
    throw new AgentError(
      'NOT_STARTED',
      `the cluster’s agent did not start: ${result.stderr.trim()}`,
    );
  }
  const agent = await connectAgent(socketPath);
  if (signal?.aborted === true) {
    await agent[Symbol.asyncDispose]();
    signal.throwIfAborted();
  }
  return agent;
}

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
