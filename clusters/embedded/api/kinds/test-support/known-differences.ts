import { readFileSync } from 'node:fs';
import path from 'node:path';
import { findProjectRoot } from '../../../../../system/project-root.js';

/** What `docs/embedded-cluster.md` says is answered otherwise than recorded: id -> reason. */
export function knownDifferences(): Map<string, string> {
  const text = readFileSync(path.join(findProjectRoot(), 'docs/embedded-cluster.md'), 'utf8');
  const [, section = ''] = text.split('## Answers that differ from the recorded ones\n');
  const [table = ''] = section.split('\n## ');
  return new Map(
    [...table.matchAll(/^\| `([^`]+)`\s*\| (.+?)\s*\|$/gm)].map(([, id = '', reason = '']) => [
      id,
      reason,
    ]),
  );
}

/** One recorded answer beside ours. */
export interface Comparison {
  /** `statuses/np-bad-cidr`, `columns/live/v1__pods`, `discovery/apps/v1/deployments`. */
  id: string;
  recorded: unknown;
  ours: unknown;
}

export function isEqual({ recorded, ours }: Comparison): boolean {
  return sorted(recorded) === sorted(ours);
}

/** Ids that differ and are not on the list, and ids on the list that are equal by now; both should be empty. */
export function againstList(
  comparisons: readonly Comparison[],
  known: ReadonlyMap<string, string>,
): { unlisted: Comparison[]; outdated: string[] } {
  return {
    unlisted: comparisons.filter((one) => !isEqual(one) && !known.has(one.id)),
    outdated: comparisons.filter((one) => isEqual(one) && known.has(one.id)).map(({ id }) => id),
  };
}

export function printCount(what: string, comparisons: readonly Comparison[]): void {
  const equal = comparisons.filter(isEqual).length;
  process.stderr.write(`${what}: ${equal} of ${comparisons.length} equal\n`);
}

function sorted(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
