import type { Cluster } from '../../clusters/provider.js';
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
