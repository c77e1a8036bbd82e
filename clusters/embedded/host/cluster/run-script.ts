import { GatehouseError } from '../../../../common/errors.js';
import type { Agent } from '../../agent/agent.js';
import type { RunResult } from '../../../provider.js';
import { workstationShell } from '../../kubelet/workstation.js';

const MAX_OUTPUT = 8 * 1024 * 1024;
const DEFAULT_TIMEOUT_MS = 120_000;

/** Runs a bash script on the workstation. A timeout is exit code 124, as `timeout` has it. */
export async function runInWorkstation(
  { agent, nodes }: { agent: Agent; nodes: number },
  script: string,
  options: { signal: AbortSignal; timeoutMs?: number },
): Promise<RunResult> {
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const session = await agent.exec(workstationShell(['bash', '-c', script], nodes));
  session.stdin.end();
  const out = collect(session.stdout);
  const err = collect(session.stderr);
  const state = { isLate: false };
  const stop = (): void => {
    session.signal(9);
    // Whatever the script left behind may hold the streams open.
    session.close();
  };
  const timer = setTimeout(() => {
    state.isLate = true;
    stop();
  }, timeoutMs);
  options.signal.addEventListener('abort', stop, { once: true });
  try {
    const exitCode = await session.exited;
    return { exitCode: state.isLate ? 124 : exitCode, stdout: out(), stderr: err() };
  } catch (error) {
    if (state.isLate)
      return { exitCode: 124, stdout: out(), stderr: `${err()}timed out after ${timeoutMs} ms\n` };
    if (options.signal.aborted) throw new GatehouseError('CANCELLED', 'the script was cancelled');
    throw error;
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', stop);
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size >= MAX_OUTPUT) return;
    size += chunk.length;
    chunks.push(chunk);
  });
  stream.on('error', () => undefined);
  return () => Buffer.concat(chunks).toString('utf8');
}
