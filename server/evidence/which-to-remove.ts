/** How long and how much evidence is kept beside what is always kept. */
export interface EvidenceLimits {
  /** Days after the attempt. */
  days: number;
  /** Bytes of all evidence together, compressed as it is stored. */
  bytes: number;
}

export function evidenceLimits({
  evidenceDays,
  evidenceMegabytes,
}: {
  evidenceDays: number;
  evidenceMegabytes: number;
}): EvidenceLimits {
  return { days: evidenceDays, bytes: evidenceMegabytes * 1024 * 1024 };
}

/** An attempt, as far as keeping its evidence goes. */
export interface KeptAttempt {
  id: number;
  /** ISO 8601, UTC. */
  createdAt: string;
  /** The most points that it or a regrade of it was judged to be worth. */
  earned: number;
  /** Of its evidence. */
  bytes: number;
}

/**
 * Which of the attempts of one learner at one step keep their evidence whatever the limits are: the best one, which the
 * grade rests on, and the latest one, which is shown. Of those that are equally good, the first one made the grade.
 */
export function alwaysKept(attempts: readonly KeptAttempt[]): Set<number> {
  const inOrder = attempts.toSorted((a, b) => a.id - b.id);
  const best = inOrder.reduce<KeptAttempt | undefined>(
    (before, one) => (before === undefined || one.earned > before.earned ? one : before),
    undefined,
  );
  const latest = inOrder.at(-1);
  return new Set([best, latest].flatMap((one) => (one === undefined ? [] : [one.id])));
}

/**
 * Of what is not always kept: first what is too old, then the oldest, until all evidence (`totalBytes`) is within the limit.
 */
export function chooseRemovable<T extends KeptAttempt>(
  others: readonly T[],
  { limits, totalBytes, now }: { limits: EvidenceLimits; totalBytes: number; now: number },
): T[] {
  const oldest = new Date(now - limits.days * 86_400_000).toISOString();
  let left = totalBytes;
  const removable: T[] = [];
  const inOrder = others.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt) || a.id - b.id);
  for (const one of inOrder) {
    if (one.createdAt >= oldest && left <= limits.bytes) break;
    removable.push(one);
    left -= one.bytes;
  }
  return removable;
}

export function sumOf(attempts: readonly KeptAttempt[]): number {
  return attempts.reduce((total, { bytes }) => total + bytes, 0);
}
