import type { Duplex } from 'node:stream';
import type { ExecSession } from '../agent/agent.js';

/** What the API server asks of the nodes for log, exec, attach and port-forward. The kubelet implements it. */
export interface ContainerStreams {
  /** Rejects with ApiError as the real kubelet words it (`container "x" in pod "y" is waiting to start: …`). */
  exec(
    target: ContainerTarget,
    options: { command: string[]; stdin: boolean; tty: boolean },
  ): Promise<ExecSession>;
  attach(target: ContainerTarget, options: { stdin: boolean; tty: boolean }): Promise<ExecSession>;
  /** Raw log bytes as `kubectl logs` prints them; ends when the container ends, or at once without `follow`. */
  logs(target: ContainerTarget, options: LogOptions, signal: AbortSignal): AsyncIterable<Buffer>;
  portForward(target: { namespace: string; pod: string }, port: number): Promise<Duplex>;
  /**
   * A TCP connection as a program on the control plane's node makes it: to an address, or to a host known by name there.
   * Services and policies hold for it. Rejects with an error whose `code` is an errno name, or whose message is Go's.
   */
  dial(host: string, port: number): Promise<Duplex>;
}

export interface ContainerTarget {
  namespace: string;
  pod: string;
  /** Filled in by the API server where the client named none and the pod has one container. */
  container: string;
}

export interface LogOptions {
  follow: boolean;
  previous: boolean;
  timestamps: boolean;
  sinceSeconds?: number;
  sinceTime?: string;
  tailLines?: number;
  limitBytes?: number;
}
