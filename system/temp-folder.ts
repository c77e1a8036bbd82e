import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface TempFolder extends AsyncDisposable {
  readonly path: string;
}

/** A folder of one's own, mode 0700, removed with all that is in it. */
export async function createTempFolder(label = 'work'): Promise<TempFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), `gatehouse-${label}-`));
  return {
    path: folder,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
