import { request as httpRequest } from 'node:http';
import { connect as tlsConnect } from 'node:tls';
import type { Duplex } from 'node:stream';
import type { Container, HTTPGetAction, Probe } from 'kubernetes-types/core/v1.js';
import { messageOf } from '../../../common/errors.js';
import type { Agent } from '../agent/agent.js';
import { DEFAULT_PATH } from './container-starter.js';

export interface ProbeTarget {
  agent: Agent;
  container: Container;
  /** The agent's id of the container's process. */
  process: string;
  env: Record<string, string>;
  podIP: string;
  /** Where network probes start: the node's namespace. */
  nodeNetns: string;
}

export interface ProbeOutcome {
  success: boolean;
  /** What the event says after `Readiness probe failed: `. */
  message: string;
}

/** Asks once, as a kubelet does: never rejects. */
export async function probeOnce(probe: Probe, target: ProbeTarget): Promise<ProbeOutcome> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  try {
    if (probe.exec !== undefined) {
      return await execProbe(probe.exec.command ?? [], { target, timeoutMs });
    }
    if (probe.httpGet !== undefined) return await httpProbe(probe.httpGet, { target, timeoutMs });
    if (probe.tcpSocket !== undefined) {
      const { host, port } = probe.tcpSocket;
      return await tcpProbe(portOf(port, target.container), { host, target, timeoutMs });
    }
    return { success: false, message: 'this kind of probe is not available in this cluster' };
  } catch (error) {
    return { success: false, message: messageOf(error) };
  }
}

interface Scope {
  target: ProbeTarget;
  timeoutMs: number;
}

async function execProbe(command: string[], { target, timeoutMs }: Scope): Promise<ProbeOutcome> {
  const session = await target.agent.exec({
    target: 'process',
    id: target.process,
    argv: command,
    env: { PATH: DEFAULT_PATH, ...target.env },
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    if (output.length < 10_240) output += chunk.toString('utf8');
  };
  session.stdout.on('data', collect);
  session.stderr.on('data', collect);
  session.stdin.end();
  const state = { timedOut: false };
  const timer = setTimeout(() => {
    state.timedOut = true;
    session.signal(9);
  }, timeoutMs);
  try {
    const code = await session.exited;
    if (state.timedOut)
      return {
        success: false,
        message: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s`,
      };
    return { success: code === 0, message: output.trim() };
  } finally {
    clearTimeout(timer);
  }
}

async function tcpProbe(
  port: number,
  { host, target, timeoutMs }: Scope & { host: string | undefined },
): Promise<ProbeOutcome> {
  const address = host ?? target.podIP;
  const [result] = await target.agent.probe([
    { netns: target.nodeNetns, protocol: 'TCP', address, port, timeoutMs },
  ]);
  if (result?.cause === 'open') return { success: true, message: '' };
  return { success: false, message: `dial tcp ${address}:${port}: ${dialWords(result?.cause)}` };
}

function dialWords(cause: string | undefined): string {
  if (cause === 'refused') return 'connect: connection refused';
  if (cause === 'unreachable') return 'connect: no route to host';
  return 'i/o timeout';
}

async function httpProbe(
  action: HTTPGetAction,
  { target, timeoutMs }: Scope,
): Promise<ProbeOutcome> {
  const port = portOf(action.port, target.container);
  const address = action.host ?? target.podIP;
  const scheme = (action.scheme ?? 'HTTP').toLowerCase();
  const path = action.path === undefined || action.path === '' ? '/' : action.path;
  const url = `${scheme}://${address}:${port}${path.startsWith('/') ? path : `/${path}`}`;
  const deadline = AbortSignal.timeout(timeoutMs);
  let stream: Duplex;
  try {
    stream = await withDeadline(target.agent.dial(target.nodeNetns, { address, port }), deadline);
  } catch (error) {
    if (deadline.aborted) return { success: false, message: deadlineWords(url) };
    const refused = messageOf(error).includes('refused');
    const words = refused ? 'connect: connection refused' : messageOf(error);
    return { success: false, message: `Get "${url}": dial tcp ${address}:${port}: ${words}` };
  }
  try {
    const status = await withDeadline(httpStatus(stream, { action, url }), deadline);
    if (status >= 200 && status < 400) return { success: true, message: '' };
    return { success: false, message: `HTTP probe failed with statuscode: ${status}` };
  } catch (error) {
    const words = deadline.aborted ? deadlineWords(url) : `Get "${url}": ${messageOf(error)}`;
    return { success: false, message: words };
  } finally {
    stream.destroy();
  }
}

function deadlineWords(url: string): string {
  return `Get "${url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
}

function httpStatus(
  stream: Duplex,
  { action, url }: { action: HTTPGetAction; url: string },
): Promise<number> {
  const parsed = new URL(url);
  const secure = parsed.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const headers: Record<string, string> = {
      host: parsed.host,
      'user-agent': 'kube-probe/1.32',
      accept: '*/*',
      connection: 'close',
    };
    for (const { name, value } of action.httpHeaders ?? []) headers[name.toLowerCase()] = value;
    const request = httpRequest(
      {
        method: 'GET',
        path: parsed.pathname + parsed.search,
        headers,
        createConnection: () =>
          secure ? tlsConnect({ socket: stream, rejectUnauthorized: false }) : stream,
      },
      (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      },
    );
    request.on('error', reject);
    request.end();
  });
}

function portOf(port: string | number, container: Container): number {
  if (typeof port === 'number') return port;
  const named = container.ports?.find(({ name }) => name === port);
  return named?.containerPort ?? Number(port);
}

function withDeadline<T>(work: Promise<T>, deadline: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => {
      reject(new Error('deadline exceeded'));
    };
    deadline.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => {
      deadline.removeEventListener('abort', stop);
    });
  });
}
