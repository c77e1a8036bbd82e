import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProvider } from '../../../clusters/provider.js';
import { ApiClient } from '../api-client.js';
import { HostMeter } from '../host-meter.js';
import { createAll, MAPS, spec, type Row } from './load.js';

export async function benchObjects(
  provider: ClusterProvider,
  { stateDir, row }: { stateDir: string; row: Row },
): Promise<void> {
  await using cluster = await provider.create(spec('objects'));
  using client = new ApiClient(await cluster.kubeconfig('learner'), 8);
  const meter = new HostMeter(stateDir);
  await sleep(3000);
  const before = meter.read().host;
  const objects = Array.from({ length: 10_000 }, (_, i) => ({
    metadata: { name: `map-${i}`, labels: { app: `app-${i % 100}` } },
    data: { settings: 'x'.repeat(500) },
  }));
  await createAll(client, MAPS, objects);
  await sleep(10_000);
  const grown = (meter.read().host - before) / 2 ** 20;
  row('10,000 objects of a kilobyte', `${grown.toFixed(0)} MB more in the host`, '100 MB');
}

export async function benchIdle(
  provider: ClusterProvider,
  { stateDir, row }: { stateDir: string; row: Row },
): Promise<void> {
  const meter = new HostMeter(stateDir);
  for (let i = 0; i < 100; i += 5) {
    await Promise.all([0, 1, 2, 3, 4].map((j) => provider.create(spec(`idle-${i + j}`))));
  }
  await sleep(15_000);
  const startedAt = performance.now();
  const before = meter.cpuSeconds();
  await sleep(30_000);
  const seconds = (performance.now() - startedAt) / 1000;
  const share = ((meter.cpuSeconds() - before) / seconds) * 100;
  const megabytes = meter.read().host / 2 ** 20;
  row(
    '100 idle clusters: the host process',
    `${megabytes.toFixed(0)} MB, ${share.toFixed(1)} % of a core`,
    '400 MB, 2 %',
  );
}
