import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import type {
  Agent,
  AgentProbe,
  AgentProbeResult,
  ExecSession,
  ExecSpec,
  KeptProcess,
  LoggedPacket,
  NetworkOperation,
  ProcessExit,
  ProcessSpec,
  StartedProcess,
  TranslatedRoute,
} from './agent.js';
import { connectSocket, ControlConnection, openDataConnection } from './control-connection.js';
import { createExecSession } from './exec-session.js';
import type { Field } from './protocol.js';
import { execFields, networkFields, probeFields, processFields } from './operation-fields.js';

/** Connects to an agent that lives, as its host. Rejects where nothing listens there. */
export async function connectAgent(socketPath: string): Promise<Agent> {
  const events = new EventEmitter<AgentEvents>();
  const connection = new ControlConnection(
    await connectSocket(socketPath),
    (fields) => {
      emitEvent(events, fields);
    },
    () => events.emit('end'),
  );
  const [pid = '0'] = await connection.request('hello');
  await connection.request('subscribe');
  return new AgentClient({ pid: Number(pid), socketPath, connection, events });
}

interface AgentEvents {
  exit: [ProcessExit];
  packet: [LoggedPacket];
  end: [];
}

interface AgentParts {
  pid: number;
  socketPath: string;
  connection: ControlConnection;
  events: EventEmitter<AgentEvents>;
}

class AgentClient implements Agent {
  readonly pid: number;
  readonly socketPath: string;
  readonly #connection: ControlConnection;
  readonly #events: EventEmitter<AgentEvents>;

  constructor({ pid, socketPath, connection, events }: AgentParts) {
    this.pid = pid;
    this.socketPath = socketPath;
    this.#connection = connection;
    this.#events = events;
  }

  async network(operations: readonly NetworkOperation[]): Promise<void> {
    if (operations.length === 0) return;
    const fields = operations.flatMap(networkFields);
    await this.#connection.request('network', [operations.length, ...fields]);
  }

  namespaces(): Promise<string[]> {
    return this.#connection.request('namespaces');
  }

  async nft(netns: string, script: string): Promise<void> {
    await this.#connection.request('nft', [netns, script]);
  }

  async forgetConnections(netns: string, routes: readonly TranslatedRoute[]): Promise<void> {
    const fields = routes.flatMap(({ dialled, answering }) => [
      dialled.address,
      dialled.port,
      answering.address,
      answering.port,
    ]);
    await this.#connection.request('conntrack-forget', [netns, routes.length, ...fields]);
  }

  async nftJson(netns: string, command: string): Promise<unknown> {
    const [text = ''] = await this.#connection.request('nft-json', [netns, command]);
    return text === '' ? undefined : JSON.parse(text);
  }

  async start(spec: ProcessSpec): Promise<StartedProcess> {
    const [pid, startedAt = ''] = await this.#connection.request('start', processFields(spec));
    return { id: spec.id, pid: Number(pid), startedAt };
  }

  async processes(): Promise<KeptProcess[]> {
    const fields = (await this.#connection.request('processes')).values();
    const next = (): string => fields.next().value ?? '';
    const kept: KeptProcess[] = [];
    for (let id = next(); id !== ''; id = next()) {
      const started = { id, pid: Number(next()), startedAt: next() };
      const ended = next() === '1';
      kept.push(ended ? { ...started, exit: readExit(id, next) } : started);
    }
    return kept;
  }

  async signal(id: string, signal: number): Promise<void> {
    await this.#connection.request('signal', [id, signal]);
  }

  async killAll(): Promise<void> {
    await this.#connection.request('kill-all');
  }

  async forget(id: string): Promise<void> {
    await this.#connection.request('forget', [id]);
  }

  exec(spec: ExecSpec): Promise<ExecSession> {
    return this.#openSession('exec', execFields(spec));
  }

  attach(id: string): Promise<ExecSession> {
    return this.#openSession('attach', [id]);
  }

  async closeRelay(netns: string, unixPath: string): Promise<void> {
    await this.#connection.request('relay-close', [netns, unixPath]);
  }

  async relay(
    netns: string,
    { address, port, unixPath }: { address: string; port: number; unixPath: string },
  ): Promise<void> {
    await this.#connection.request('relay', [netns, address, port, unixPath]);
  }

  async dial(netns: string, { address, port }: { address: string; port: number }): Promise<Duplex> {
    return (await openDataConnection(this.socketPath, 'dial', [netns, address, port])).socket;
  }

  async probe(probes: readonly AgentProbe[]): Promise<AgentProbeResult[]> {
    if (probes.length === 0) return [];
    const fields = probes.flatMap(probeFields);
    const answer = await this.#connection.request('probe', [probes.length, ...fields]);
    return probes.map((_, index) => readProbeResult(answer.slice(index * 6, index * 6 + 6)));
  }

  async usage(): Promise<{ id: string; cpuMs: number; rssBytes: number; processes: number }[]> {
    const fields = await this.#connection.request('usage');
    return Array.from({ length: fields.length / 4 }, (_, index) => {
      const [id = '', cpuMs, rssBytes, processes] = fields.slice(index * 4, index * 4 + 4);
      return {
        id,
        cpuMs: Number(cpuMs),
        rssBytes: Number(rssBytes),
        processes: Number(processes),
      };
    });
  }

  on<K extends keyof AgentEvents>(event: K, listener: (...values: AgentEvents[K]) => void): void {
    const events: EventEmitter = this.#events;
    events.on(event, listener);
  }

  async #openSession(verb: 'exec' | 'attach', fields: readonly Field[]): Promise<ExecSession> {
    const { socket, number } = await openDataConnection(this.socketPath, verb, fields);
    const tell = (request: string, values: Field[]): void => {
      this.#connection.request(request, [number, ...values]).catch(() => undefined); // it has ended
    };
    return createExecSession(socket, {
      resize: ({ columns, rows }) => {
        tell('session-resize', [columns, rows]);
      },
      signal: (signal) => {
        tell('session-signal', [signal]);
      },
    });
  }

  disconnect(): void {
    this.#connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The agent ends all processes before it closes the connection: the rejection is the good end.
    await this.#connection.request('quit').catch(() => undefined);
    while (await isRunning(this.pid)) await sleep(2);
  }
}

/** Gone, or only waiting for its parent to notice. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

function emitEvent(events: EventEmitter<AgentEvents>, [name, ...fields]: string[]): void {
  const values = fields.values();
  const next = (): string => values.next().value ?? '';
  if (name === 'exit') {
    events.emit('exit', readExit(next(), next));
  } else if (name === 'packet') {
    events.emit('packet', {
      netns: next(),
      prefix: next(),
      source: next(),
      destination: next(),
      protocol: Number(next()),
      sourcePort: Number(next()),
      destinationPort: Number(next()),
      at: next(),
      missed: Number(next()),
    });
  }
}

function readExit(id: string, next: () => string): ProcessExit {
  return {
    id,
    exitCode: Number(next()),
    signal: Number(next()),
    oomKilled: next() === '1',
    finishedAt: next(),
  };
}

const CAUSES: readonly AgentProbeResult['cause'][] = ['open', 'refused', 'filtered', 'unreachable'];

function readProbeResult(fields: readonly string[]): AgentProbeResult {
  const [cause, errno = '', tookMs, sourcePort, netns = '', prefix = ''] = fields;
  return {
    cause: CAUSES.find((known) => known === cause) ?? 'unknown',
    ...(errno === '' ? {} : { errno }),
    tookMs: Number(tookMs),
    sourcePort: Number(sourcePort),
    ...(netns === '' ? {} : { dropped: { netns, prefix } }),
  };
}
