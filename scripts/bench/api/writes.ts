import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import type { ApiClient } from '../api-client.js';
import { createAll, MAPS, MERGE, spread, times, type Row } from './load.js';

export async function benchWrites(
  client: ApiClient,
  { row, stateDir }: { row: Row; stateDir: string },
): Promise<void> {
  await createAll(client, MAPS, [{ metadata: { name: 'patched' }, data: { i: '' } }]);
  let i = 0;
  const patch = (): Promise<unknown> =>
    client.call('PATCH', `${MAPS}/patched`, {
      body: JSON.stringify({ data: { i: String(i++) } }),
      headers: MERGE,
    });
  await times(300, patch);
  row('floor: appending 400 bytes, fdatasync', spread(floorOfDisk(stateDir, 1000)), '');
  row('a merge patch, fsynced', spread(await times(1000, patch)), '1.5 ms median, 5 ms p99');
}

function floorOfDisk(folder: string, count: number): number[] {
  const file = path.join(folder, 'floor');
  const fd = openSync(file, 'a');
  const bytes = Buffer.alloc(400, 'x');
  const found: number[] = [];
  for (let i = 0; i < count; i++) {
    const startedAt = performance.now();
    writeSync(fd, bytes);
    fdatasyncSync(fd);
    found.push(performance.now() - startedAt);
  }
  closeSync(fd);
  rmSync(file);
  return found;
}
