import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../system/replace-file.js';

const Stored = z.record(z.string(), z.record(z.string(), z.number().min(0)));

/** What steps took before on this machine, for one shape of cluster. */
export interface Estimates {
  expectedMs(step: string): number | undefined;
}

export const NO_ESTIMATES: Estimates = { expectedMs: () => undefined };

/** Never fails: without the file there are no estimates. */
export async function readEstimates(file: string, shape: string): Promise<Estimates> {
  const all = await read(file);
  return { expectedMs: (step) => all[shape]?.[step] };
}

/** The newest run counts a third: one slow morning is forgotten again soon. */
export async function learnEstimates(
  file: string,
  shape: string,
  tookMs: Readonly<Record<string, number | undefined>>,
): Promise<void> {
  const all = await read(file);
  const before = all[shape] ?? {};
  const after: Record<string, number> = { ...before };
  for (const [step, ms] of Object.entries(tookMs)) {
    if (ms === undefined) continue;
    const known = before[step];
    after[step] = Math.round(known === undefined ? ms : (2 * known + ms) / 3);
  }
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  replaceFile(file, JSON.stringify({ ...all, [shape]: after }), { mode: 0o600 });
}

async function read(file: string): Promise<z.infer<typeof Stored>> {
  try {
    return Stored.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return {};
  }
}
