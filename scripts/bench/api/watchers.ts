import { setTimeout as sleep } from 'node:timers/promises';
import { isJsonObject, valueAt } from '../../../common/json.js';
import { ApiClient } from '../api-client.js';
import { createAll, MAPS, MERGE, ms, type Row } from './load.js';

/** 100 watchers while 1,000 objects change, eight writes at a time. */
export async function benchWatchers(
  kubeconfig: string,
  { many, row }: { many: ApiClient; row: Row },
): Promise<void> {
  const WATCHERS = 100;
  const OBJECTS = 1000;
  const objects = Array.from({ length: OBJECTS }, (_, i) => ({
    metadata: { name: `watched-${i}`, labels: { watched: 'yes' } },
    data: { text: 'x'.repeat(200) },
  }));
  await createAll(many, MAPS, objects);
  const list: unknown = JSON.parse((await many.call('GET', `${MAPS}?limit=1`)).body.toString());
  const version = resourceVersionOf(list);
  using watching = new ApiClient(kubeconfig);
  let seen = 0;
  let lastAt = 0;
  const stops = await Promise.all(
    Array.from({ length: WATCHERS }, () =>
      watching.watch(
        `${MAPS}?watch=1&labelSelector=watched%3Dyes&resourceVersion=${version}`,
        (n) => {
          seen += n;
          lastAt = performance.now();
        },
      ),
    ),
  );
  const startedAt = performance.now();
  const rest = [...objects];
  const lane = async (): Promise<void> => {
    for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
      const body = JSON.stringify({ data: { changed: 'yes' } });
      await many.call('PATCH', `${MAPS}/${next.metadata.name}`, { body, headers: MERGE });
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  const writtenAt = performance.now();
  while (seen < WATCHERS * OBJECTS && performance.now() - writtenAt < 20_000) await sleep(5);
  for (const stop of stops) stop();
  const rate = (OBJECTS / (writtenAt - startedAt)) * 1000;
  row(
    '100 watchers while 1,000 objects change',
    `${seen} of ${WATCHERS * OBJECTS} events, the last ${ms(Math.max(0, lastAt - writtenAt))} after the last write; ${rate.toFixed(0)} writes/s`,
    'none falls behind',
  );
}

function resourceVersionOf(list: unknown): string {
  const version = isJsonObject(list) ? valueAt(list, ['metadata', 'resourceVersion']) : undefined;
  return typeof version === 'string' ? version : '';
}
