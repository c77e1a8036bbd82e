import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createApiServer } from '../../../clusters/embedded/api/create-api-server.js';
import { BUILT_IN_RESOURCES } from '../../../clusters/embedded/api/kinds/index.js';
import { schemaCatalogue } from '../../../clusters/embedded/api/schema/index.js';
import { ApiClient } from '../api-client.js';
import { median } from '../numbers.js';
import { ms, type Row } from './load.js';

/** From nothing to the first answer, in this process. */
export async function benchReady(row: Row): Promise<void> {
  const found: number[] = [];
  for (let i = 0; i < 20; i++) {
    const folder = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-api-'));
    const startedAt = performance.now();
    const server = await createApiServer({
      name: 'ready',
      stateDir: path.join(folder, 'state'),
      unixPath: path.join(folder, 'api.sock'),
      resources: BUILT_IN_RESOURCES,
      catalogue: schemaCatalogue,
      addresses: ['172.30.0.11'],
    });
    const { port } = await server.listenLocal();
    using client = new ApiClient(server.kubeconfig('admin', `https://127.0.0.1:${port}`));
    const { status } = await client.call('GET', '/readyz');
    if (status !== 200) throw new Error(`/readyz: ${status}`);
    found.push(performance.now() - startedAt);
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  }
  row('API server from nothing to ready', `${ms(median(found.slice(5)))} median`, '50 ms');
}
