import type { Cluster } from '../../clusters/provider.js';
import { GatehouseError } from '../../common/errors.js';
import type { JsonObject } from '../../common/json.js';
import { podObject } from '../test-cluster.js';
import { swapObject } from './swap-object.js';

test('nothing is put into a namespace where the learner may make nothing', async () => {
  const done: string[] = [];
  const cluster = {
    run: (script: string) => {
      done.push(script);
      return Promise.resolve({
        exitCode: script.includes('can-i') ? 1 : 0,
        stdout: '',
        stderr: '',
      });
    },
    apply: () => {
      done.push('apply');
      return Promise.resolve();
    },
  } as Partial<Cluster> as Cluster;
  {
    await using swap = await swapObject(cluster, {
      object: podObject('shop/web', {}),
      by: podObject('default/web', {}),
    });
    expect(swap.refused).toBe(true);
  }
  expect(done).toEqual(['kubectl auth can-i create pod -n default']);
});

test.each([
  ['a no of the server is a refusal', 'BAD_REQUEST', true],
  ['a server that is away refuses nothing', 'CLUSTER_FAILED', false],
] as const)('%s, and the object comes back', async (_title, code, isRefusal) => {
  const applied: JsonObject[] = [];
  const [object, by] = [podObject('shop/web', { app: 'web' }), podObject('shop/web', {})];
  const cluster = {
    run: () => Promise.resolve({ exitCode: 0, stdout: '', stderr: '' }),
    apply: ([one]: readonly JsonObject[]) => {
      if (one === by) return Promise.reject(new GatehouseError(code, 'no'));
      if (one !== undefined) applied.push(one);
      return Promise.resolve();
    },
  } as Partial<Cluster> as Cluster;
  const swap = swapObject(cluster, { object, by });
  if (isRefusal) {
    await using swapped = await swap;
    expect(swapped.refused).toBe(true);
  } else await expect(swap).rejects.toMatchObject({ code });
  expect(applied).toEqual([object]);
});
