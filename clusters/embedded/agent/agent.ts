import type { Duplex } from 'node:stream';

/**
 * One agent per cluster: a small C program (`native/agent.c`) that is process 1 of the cluster's own user,
 * PID, mount and network namespaces. Killing it removes the cluster from the machine. It owns every
 * network namespace, starts every process, keeps their logs, sends probes, and reads the kernel's log of
 * dropped packets. It outlives a crash of the cluster host for `graceMs`, so that a restarted host finds
 * its pods still running.
 */
export interface Agent extends AsyncDisposable {
  /** The agent's own pid on this machine, and the path of its control socket. */
  readonly pid: number;
  readonly socketPath: string;

  /**
   * Creates or removes network namespaces by name; loopback comes up at once. Order is kept; at the first
   * operation that fails it stops and rejects, naming it. What was done before stays.
   */
  network(operations: readonly NetworkOperation[]): Promise<void>;
  /** The names of all network namespaces, in no order. For recovery. */
  namespaces(): Promise<string[]>;

  /** Runs nft commands in one network namespace as one transaction. Rejects with nft's own message. */
  nft(netns: string, script: string): Promise<void>;
  /**
   * Makes a namespace forget the UDP connections that were dialled at one address and are answered from another:
   * their next packet is translated anew.
   */
  forgetConnections(netns: string, routes: readonly TranslatedRoute[]): Promise<void>;
  /** Answers an nft query (`list counters`, …) as nft's JSON (`nft -j`). */
  nftJson(netns: string, command: string): Promise<unknown>;

  /**
   * Starts a process that the agent keeps: output to a log file in CRI format, exit told by an event. Resolves
   * when the command (bubblewrap, usually) runs; rejects with an AgentError where it cannot be run or the id is
   * taken. Log files are named by paths of this machine and must be writable for the cluster's user.
   */
  start(spec: ProcessSpec): Promise<StartedProcess>;
  /** Processes the agent keeps, ended ones included until they are forgotten. For recovery. */
  processes(): Promise<KeptProcess[]>;
  /**
   * Signals the main process inside the sandbox, as a container runtime does; 9 ends the whole sandbox at once.
   * Unknown ids are ignored.
   */
  signal(id: string, signal: number): Promise<void>;
  /**
   * Kills every process of the cluster at once. Its namespaces and links stay: taking those apart keeps the kernel's
   * locks busy, and may wait until the agent is disposed of.
   */
  killAll(): Promise<void>;
  /** Forgets an ended process and deletes its log files. Rejects while it runs. */
  forget(id: string): Promise<void>;

  /**
   * Runs a process inside the namespaces of a kept process (as `kubectl exec` does) or of a network
   * namespace alone, with its streams connected. Rejects with an AgentError: `ENDED` or `NOT_FOUND` where the
   * target is no more; `COMMAND_NOT_FOUND` (a shell would say 127) or `COMMAND_NOT_RUN` (126), whose message is a
   * container runtime's: `exec: "foo": executable file not found in $PATH`. When the session's connection ends,
   * what runs in a namespace is killed, on a terminal is hung up, and else goes on with its streams closed.
   */
  exec(spec: ExecSpec): Promise<ExecSession>;
  /**
   * Joins a kept process's own streams, from now on: output goes here and to its log. A reader that does not
   * read holds the process up. Input needs `stdin` or `tty`; `stdin.end()` closes the process's input.
   */
  attach(id: string): Promise<ExecSession>;

  /**
   * Accepts TCP connections inside a network namespace and joins each to the unix socket, which the cluster's
   * user must be allowed to connect to. The same again is one relay.
   */
  relay(netns: string, options: { address: string; port: number; unixPath: string }): Promise<void>;
  /** Stops accepting what is joined to a unix socket there; open connections stay. */
  closeRelay(netns: string, unixPath: string): Promise<void>;
  /** Opens a TCP connection from inside a network namespace (port-forward). Rejects when refused. */
  dial(netns: string, options: { address: string; port: number }): Promise<Duplex>;

  /** Sends all probes concurrently, each from its namespace with a fresh source port. */
  probe(probes: readonly AgentProbe[]): Promise<AgentProbeResult[]>;

  /** Usage of every kept process's sandbox: for `kubectl top` and limits. */
  usage(): Promise<{ id: string; cpuMs: number; rssBytes: number; processes: number }[]>;

  on(event: 'exit', listener: (exit: ProcessExit) => void): void;
  /** A packet that a rule with `log group 1 prefix "…"` saw. Bounded: floods are sampled, never buffered. */
  on(event: 'packet', listener: (packet: LoggedPacket) => void): void;
  /** The agent is gone, wanted or not, or `disconnect` was called. */
  on(event: 'end', listener: () => void): void;

  /** Leaves the cluster running (for `graceMs`, unless a client connects again). */
  disconnect(): void;
  /** Ends the cluster: resolves when none of its processes is left. */
  [Symbol.asyncDispose](): Promise<void>;
}

export type NetworkOperation =
  /**
   * `packetLog`: packets that its rules log (group 1) become events, from its first nft commands on. IPv6 is off
   * unless asked for. Ports below 1024 and ping need no capabilities.
   */
  | { op: 'netns-add'; name: string; packetLog?: boolean; ipv6?: boolean }
  | { op: 'netns-delete'; name: string }
  /** A veth pair; each end is created straight inside its namespace, up. MAC addresses are optional. */
  | { op: 'veth'; a: VethEnd; b: VethEnd }
  | { op: 'bridge'; netns: string; name: string }
  /** Puts a link into a bridge of the same namespace. */
  | { op: 'enslave'; netns: string; link: string; bridge: string }
  | { op: 'link-delete'; netns: string; name: string }
  | { op: 'address'; netns: string; link: string; cidr: string }
  /** `via` empty = on-link. `cidr` `0.0.0.0/0` is the default route. `type: blackhole` needs no link. Replaces. */
  | {
      op: 'route';
      netns: string;
      cidr: string;
      via?: string;
      link?: string;
      onlink?: boolean;
      type?: 'blackhole';
    }
  | { op: 'route-delete'; netns: string; cidr: string }
  /** A permanent neighbour entry. */
  | { op: 'neighbour'; netns: string; link: string; address: string; mac: string }
  /** Under /proc/sys/, with slashes: `net/ipv4/ip_forward`. */
  | { op: 'sysctl'; netns: string; key: string; value: string };

/** A connection's way through a Service: what a client dialled, and who answers. IPv4. */
export interface TranslatedRoute {
  dialled: { address: string; port: number };
  answering: { address: string; port: number };
}

export interface VethEnd {
  netns: string;
  name: string;
  mac?: string;
}

export interface ProcessSpec {
  /** Unique within the cluster; the caller's choice. */
  id: string;
  netns: string;
  /** The whole command, usually bubblewrap's. Run as uid 0 of the cluster's user namespace with all its capabilities. */
  argv: string[];
  env: Record<string, string>;
  /** CRI format: `<RFC3339Nano> stdout|stderr F|P <line>`; at most `logBytes` are kept in two files. */
  logPath: string;
  logBytes: number;
  limits?: ProcessLimits;
  /** With a terminal: the log gets its output, `attach` joins it. */
  tty?: boolean;
  /** Keep standard input open for `attach`; otherwise it reads as empty. */
  stdin?: boolean;
  /**
   * A descriptor, 3 to 9, on which the command finds the system call filter that confined `exec` uses too: for
   * bubblewrap's `--seccomp`. It refuses namespaces, mounts, netfilter, bpf, keyrings and the like.
   */
  filterFd?: number;
}

export interface ProcessLimits {
  /** RLIMIT_AS, RLIMIT_NPROC (counted per user namespace), RLIMIT_FSIZE, RLIMIT_NOFILE. */
  addressSpaceBytes?: number;
  processes?: number;
  fileBytes?: number;
  openFiles?: number;
  nice?: number;
  /**
   * Resident memory of the whole sandbox (kept processes only), looked at every two seconds while any process
   * has such a limit; above it the sandbox is killed and its exit says `oomKilled`.
   */
  memoryBytes?: number;
}

export interface StartedProcess {
  id: string;
  /** As seen inside the cluster's PID namespace. */
  pid: number;
  startedAt: string;
}

export interface KeptProcess extends StartedProcess {
  exit?: ProcessExit;
}

export interface ProcessExit {
  id: string;
  /** 128 + signal where a signal ended it, as a container runtime counts. */
  exitCode: number;
  /** 0 where the process ended by itself, or where only bubblewrap knew of the signal. */
  signal: number;
  /** True where the memory limit of ours ended it. */
  oomKilled: boolean;
  finishedAt: string;
}

export type ExecSpec = {
  argv: string[];
  env: Record<string, string>;
  cwd?: string;
  tty?: { columns: number; rows: number };
  limits?: ProcessLimits;
} & (
  | {
      target: 'process';
      id: string;
      /** Drop all capabilities, set no_new_privs (the default). */ confined?: boolean;
    }
  | { target: 'netns'; netns: string }
);

/** Ends when the process has ended and its output has been read. */
export interface ExecSession {
  stdin: NodeJS.WritableStream;
  stdout: NodeJS.ReadableStream;
  /** Empty with a terminal. Must be read too: what is not read holds the process up in the end. */
  stderr: NodeJS.ReadableStream;
  resize(size: { columns: number; rows: number }): void;
  signal(signal: number): void;
  /**
   * The exit code, 128 + signal where a signal ended it; after all output has arrived here (read or not).
   * Rejects where the agent went away.
   */
  readonly exited: Promise<number>;
  /** Ends the connection; see `exec` for what becomes of the process. */
  close(): void;
}

export type AgentProbe = {
  netns: string;
  address: string;
  timeoutMs: number;
} & (
  | {
      protocol: 'TCP' | 'UDP' | 'SCTP';
      port: number;
      /** What UDP sends; any answer counts. Default: a DNS query on port 53, else `gatehouse\n`. */
      payload?: string;
    }
  /** Queries that every system answers by itself: an echo (8) or the time (13). Its code is sent as it is. */
  | { protocol: 'ICMP'; icmp: { type: 8 | 13; code: number } }
);

export interface AgentProbeResult {
  cause: 'open' | 'refused' | 'filtered' | 'unreachable' | 'unknown';
  /** errno name where there was one. */
  errno?: string;
  tookMs: number;
  sourcePort: number;
  /** The first logged drop of exactly this probe's packets; ends the wait for `filtered` early. */
  dropped?: { netns: string; prefix: string };
}

export interface LoggedPacket {
  /** How many packets were left out before this one. */
  missed: number;
  netns: string;
  prefix: string;
  source: string;
  destination: string;
  protocol: number;
  sourcePort: number;
  destinationPort: number;
  at: string;
}
