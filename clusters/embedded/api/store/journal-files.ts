/** A journal's files: a snapshot, and the journals since, each named after its generation. */
export type JournalFile = 'snapshot' | 'journal';

export function journalFile(kind: JournalFile, generation: number): string {
  return `${kind}-${generation}.jsonl`;
}

/** In ascending order. */
export function generationsOf(names: readonly string[], kind: JournalFile): number[] {
  return names
    .map((name) => new RegExp(`^${kind}-(\\d+)\\.jsonl$`).exec(name)?.[1])
    .flatMap((digits) => (digits === undefined ? [] : [Number(digits)]))
    .sort((a, b) => a - b);
}

/** Leftovers of a compaction that a crash interrupted. */
export function isOlder(name: string, snapshot: number): boolean {
  if (name.endsWith('.draft')) return true;
  const match = /^(?:snapshot|journal)-(\d+)\.jsonl$/.exec(name);
  return match !== null && Number(match[1]) < snapshot;
}
