import type { JsonObject } from '../../../../../common/json.js';
import { create } from '../test-support/small-cluster.js';
import { PODS } from './pods.js';

const CONTAINER = { name: 'c', image: 'nginx:1.25' };

describe('columns', () => {
  const NOW = Date.parse('2026-01-01T00:10:00Z');
  const shown = (status: JsonObject, spec: JsonObject = {}, deleted = false): unknown[] => {
    const pod = create(PODS, { spec: { containers: [CONTAINER], ...spec } });
    if (deleted) pod.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    return PODS.columns.slice(1, 4).map((column) => column.cell({ ...pod, status }, NOW));
  };
  const started = { running: { startedAt: '2026-01-01T00:00:00Z' } };

  test.each<[string, unknown[], unknown[]]>([
    [
      'a pod that restarted a while ago',
      shown({
        phase: 'Running',
        containerStatuses: [
          {
            name: 'c',
            ready: true,
            restartCount: 3,
            state: started,
            lastState: { terminated: { finishedAt: '2026-01-01T00:09:50Z' } },
          },
        ],
      }),
      ['1/1', 'Running', '3 (10s ago)'],
    ],
    [
      'a pod killed by a signal',
      shown({
        phase: 'Failed',
        containerStatuses: [{ name: 'c', state: { terminated: { signal: 9, exitCode: 137 } } }],
      }),
      ['0/1', 'Signal:9', '0'],
    ],
    [
      'a pod whose init container failed',
      shown(
        {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', restartCount: 2, state: { terminated: { exitCode: 1, reason: 'Error' } } },
          ],
        },
        { initContainers: [{ name: 'i', image: 'x' }] },
      ),
      ['0/1', 'Init:Error', '2'],
    ],
    [
      'a pod that runs beside a sidecar',
      shown(
        {
          phase: 'Running',
          conditions: [{ type: 'Initialized', status: 'True' }],
          initContainerStatuses: [
            { name: 's', started: true, ready: true, restartCount: 1, state: started },
          ],
          containerStatuses: [{ name: 'c', ready: true, restartCount: 0, state: started }],
        },
        { initContainers: [{ name: 's', image: 'x', restartPolicy: 'Always' }] },
      ),
      ['2/2', 'Running', '1'],
    ],
    [
      'a pod of which one container has ended',
      shown(
        {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'False' }],
          containerStatuses: [
            { name: 'c', ready: true, state: started },
            { name: 'd', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
          ],
        },
        { containers: [CONTAINER, { name: 'd', image: 'x' }] },
      ),
      ['1/2', 'NotReady', '0'],
    ],
    ['a pod that is going', shown({ phase: 'Running' }, {}, true), ['0/1', 'Terminating', '0']],
    [
      'a pod that was evicted',
      shown({ phase: 'Failed', reason: 'Evicted' }),
      ['0/1', 'Evicted', '0'],
    ],
    [
      'a pod that waits at a gate',
      shown({
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      }),
      ['0/1', 'SchedulingGated', '0'],
    ],
  ])('%s', (_what, cells, expected) => {
    expect(cells).toEqual(expected);
  });
});
