import type { PodObject } from '../network/objects.js';
import type { ContainerRecord } from './container-record.js';
import { logFile } from './container-starter.js';
import type { KubeletContext, NodeIdentity, Sandbox } from './context.js';
import { timeText } from './pod-status.js';
import { PodTimers } from './pod-timers.js';

/** What the parts of one pod's worker share: its newest object, what it has, and how to tell and to wait. */
export class PodScope {
  readonly records = new Map<string, ContainerRecord>();
  readonly timers = new PodTimers();
  sandbox: Sandbox | undefined;
  /** RFC 3339; empty before the first look. */
  startTime = '';
  /** The object is gone from the API: nothing is reported any more. */
  isOrphaned = false;
  #lastComplaint = '';

  pod: PodObject;
  readonly context: KubeletContext;
  readonly node: NodeIdentity;
  /** Asks for one step more. */
  readonly sync: () => void;

  constructor(
    context: KubeletContext,
    { node, pod, sync }: { node: NodeIdentity; pod: PodObject; sync: () => void },
  ) {
    this.context = context;
    this.node = node;
    this.pod = pod;
    this.sync = sync;
  }

  /** Nothing new is begun for it. */
  get isGoing(): boolean {
    return this.isOrphaned || this.pod.metadata.deletionTimestamp !== undefined;
  }

  get graceSeconds(): number {
    return this.pod.spec.terminationGracePeriodSeconds ?? 30;
  }

  event(type: 'Normal' | 'Warning', reason: string, message: string): void {
    if (this.isOrphaned) return;
    this.context.api.event(this.pod, { type, reason, message, component: 'kubelet' });
  }

  /** An event that stands for a state: told again only when it changed. */
  complain(reason: string, message: string): void {
    const text = `${reason} ${message}`;
    if (text === this.#lastComplaint) return;
    this.#lastComplaint = text;
    this.event('Warning', reason, message);
  }

  later(key: string, ms: number): void {
    this.timers.after(key, ms, this.sync);
  }

  time(): string {
    return timeText(this.context.api.now());
  }

  logFile({ name, restartCount }: ContainerRecord): string {
    return logFile(this.context, this.pod, { container: name, attempt: restartCount });
  }
}
