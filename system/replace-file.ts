import { randomBytes } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * Writes a file as a whole: a reader, and whoever looks after a crash, sees the old text or the new one. Several writers at
 * once, in one process or many, do not meet: each has its own draft, and the last one stays.
 */
export function replaceFile(file: string, text: string, { mode }: { mode: number }): void {
  const draft = `${file}.${randomBytes(6).toString('hex')}.draft`;
  try {
    writeFileSync(draft, text, { mode });
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
