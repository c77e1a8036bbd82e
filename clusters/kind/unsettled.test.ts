import type { JsonObject } from '../../common/json.js';
import { unsettledOf } from './unsettled.js';

const SINCE = Date.parse('2026-01-01T12:00:00Z');

const lease = (namespace: string, name: string, renewTime: string): JsonObject => ({
  metadata: { namespace, name },
  spec: { renewTime },
});
const withConditions = (name: string, conditions: Record<string, string>): JsonObject => ({
  metadata: { name, namespace: 'shop' },
  spec: {},
  status: {
    conditions: Object.entries(conditions).map(([type, status]) => ({ type, status })),
  },
});

test('a woken cluster is unsettled as long as leases are old, nodes are lost and their pods count as dead', () => {
  const before = '2026-01-01T09:00:00.000000Z';
  const after = '2026-01-01T12:00:00.250000Z';
  const objects = {
    leases: [
      lease('kube-node-lease', 'worker', before),
      lease('kube-system', 'kube-scheduler', before),
      lease('kube-system', 'kube-controller-manager', after),
      lease('shop', 'of-a-learner', before),
    ],
    nodes: [
      withConditions('worker', { Ready: 'Unknown' }),
      withConditions('control-plane', { Ready: 'True' }),
    ],
    pods: [
      withConditions('web', { Ready: 'False', ContainersReady: 'True' }),
      // This one is not ready for reasons of its own.
      withConditions('broken', { Ready: 'False', ContainersReady: 'False' }),
    ],
  };
  expect(unsettledOf(objects, SINCE)).toEqual([
    'Lease worker is not renewed',
    'Lease kube-scheduler is not renewed',
    'node worker is out of sight',
    'Pod shop/web is left out of Services',
  ]);
});

test('nodes that no plugin has made ready, and pods that wait for a gate, keep nobody waiting', () => {
  const gated = withConditions('gated', { Ready: 'False', ContainersReady: 'True' });
  expect(
    unsettledOf(
      {
        leases: [],
        nodes: [withConditions('worker', { Ready: 'False' })],
        pods: [{ ...gated, spec: { readinessGates: [{ conditionType: 'x' }] } }],
      },
      SINCE,
    ),
  ).toEqual([]);
});
