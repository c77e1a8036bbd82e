import type { Phase } from '../../common/progress.js';
import type { Estimates } from './estimates.js';

/** The way of a cluster from nothing to hand-over, in order. `usualMs` is a guess until this machine has taught better. */
export const STEPS = [
  { id: 'record', title: 'Reserving the name', usualMs: 1_500 },
  { id: 'image', title: 'Looking for the node image', usualMs: 500 },
  { id: 'containers', title: 'Starting the nodes as containers', usualMs: 3_000 },
  { id: 'config', title: 'Writing the configuration', usualMs: 500 },
  { id: 'control-plane', title: 'Starting the control plane', usualMs: 12_000 },
  { id: 'kind-cni', title: "Installing kind's own network", usualMs: 1_000 },
  { id: 'storage', title: 'Installing the storage class', usualMs: 500 },
  { id: 'workers', title: 'Joining the workers', usualMs: 8_000 },
  { id: 'nodes', title: 'Waiting for the nodes', usualMs: 2_000 },
  { id: 'images', title: 'Loading images into the nodes', usualMs: 5_000 },
  { id: 'plugin', title: 'Installing the network plugin', usualMs: 3_000 },
  { id: 'plugin-ready', title: 'Waiting for the network plugin', usualMs: 45_000 },
  { id: 'canary', title: 'Proving that policies are enforced', usualMs: 5_000 },
  { id: 'workstation', title: 'Preparing the workstation', usualMs: 1_500 },
  { id: 'workloads', title: "Starting the lab's workloads", usualMs: 10_000 },
  { id: 'baseline', title: 'Remembering how it all began', usualMs: 500 },
] as const;
export type StepId = (typeof STEPS)[number]['id'];

/** What kind says on the way, by a word that has stayed the same over its versions. */
const KIND_WORDS: readonly [RegExp, StepId][] = [
  [/ensuring node image/i, 'image'],
  [/preparing nodes/i, 'containers'],
  [/writing configuration/i, 'config'],
  [/starting control-plane|external load balancer|more control-plane/i, 'control-plane'],
  [/installing cni/i, 'kind-cni'],
  [/installing storageclass/i, 'storage'],
  [/joining worker nodes/i, 'workers'],
  [/waiting .* for control-plane/i, 'nodes'],
];

export interface KindLine {
  state: 'begun' | 'done' | 'failed';
  /** Undefined for a step that a newer kind has and we do not know. */
  step: StepId | undefined;
  text: string;
}

/** One line of kind's progress; undefined for every other line. */
export function parseKindLine(line: string): KindLine | undefined {
  // eslint-disable-next-line no-control-regex -- on a terminal kind colours its marks
  const plain = line.replaceAll(/\u001b\[[\d;?]*[A-Za-z]/g, '');
  const match = /^\s*([•✓✗⠀-⣿])\s+(.*?)\s*(?:\.\.\.)?\s*$/u.exec(plain);
  if (match === null) return undefined;
  const [, mark = '', rest = ''] = match;
  const text = rest.replaceAll(/\s*[\p{Extended_Pictographic}\uFE0F]+\s*/gu, ' ').trim();
  if (/^ready after/i.test(text)) return undefined;
  const step = KIND_WORDS.find(([pattern]) => pattern.test(text))?.[1];
  return { state: mark === '✓' ? 'done' : mark === '✗' ? 'failed' : 'begun', step, text };
}

/** Cuts a stream of pieces into whole lines. */
export function lineReader(onLine: (line: string) => void): (chunk: string) => void {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split(/\r?\n|\r/);
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  };
}

/** Turns steps into phases whose fraction never falls, and measures how long each really took. */
export class PhaseTracker {
  readonly #steps: readonly StepId[];
  readonly #estimates: Estimates;
  readonly #tell: (phase: Phase) => void;
  readonly #now: () => number;
  readonly #tookMs = new Map<StepId, number>();
  #current: { index: number; startedAt: number } | undefined;

  constructor(
    steps: readonly StepId[],
    options: { estimates: Estimates; tell?: (phase: Phase) => void; now?: () => number },
  ) {
    this.#steps = steps;
    this.#estimates = options.estimates;
    this.#tell = options.tell ?? (() => undefined);
    this.#now = options.now ?? (() => performance.now());
  }

  /** Steps that were begun already, or are not of this work, are passed over. */
  begin(id: StepId, title?: string): void {
    const index = this.#steps.indexOf(id);
    if (index === -1 || index <= (this.#current?.index ?? -1)) return;
    this.#finish();
    this.#current = { index, startedAt: this.#now() };
    const all = this.#steps.map((step) => this.#expectedMs(step));
    const total = all.reduce((sum, ms) => sum + ms, 0);
    const remainingMs = all.slice(index).reduce((sum, ms) => sum + ms, 0);
    this.#tell({
      id,
      title: title ?? STEPS.find((step) => step.id === id)?.title ?? id,
      fraction: total === 0 ? 0 : Math.min(1, Math.max(0, 1 - remainingMs / total)),
      remainingMs: Math.round(remainingMs),
    });
  }

  /** What each step took, for the next time. */
  end(): Partial<Record<StepId, number>> {
    this.#finish();
    this.#tell({ id: 'ready', title: 'Ready', fraction: 1, remainingMs: 0 });
    return Object.fromEntries(this.#tookMs);
  }

  #finish(): void {
    if (this.#current === undefined) return;
    const id = this.#steps[this.#current.index];
    if (id !== undefined) this.#tookMs.set(id, this.#now() - this.#current.startedAt);
  }

  #expectedMs(id: StepId): number {
    return this.#estimates.expectedMs(id) ?? STEPS.find((step) => step.id === id)?.usualMs ?? 0;
  }
}
