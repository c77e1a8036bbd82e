import type { JsonObject } from '../../common/json.js';
import { planProbe } from './probe-plan.js';

const world = {
  view: {
    pods: [
      {
        metadata: { name: 'a', namespace: 'x', uid: 'u-1' },
        spec: { nodeName: 'n1' },
        status: { podIP: '10.244.0.5', phase: 'Running' },
      },
      {
        metadata: {
          name: 'static',
          namespace: 'x',
          uid: 'u-3',
          annotations: { 'kubernetes.io/config.hash': 'hash-3' },
        },
        spec: { nodeName: 'n1', hostNetwork: true },
        status: { podIP: '172.18.0.2', phase: 'Running' },
      },
      {
        metadata: { name: 'b', namespace: 'x', uid: 'u-2' },
        spec: {},
        status: { phase: 'Pending' },
      },
    ] as JsonObject[],
    services: [
      { metadata: { name: 's', namespace: 'x' }, spec: { clusterIP: '10.96.0.7' } },
    ] as JsonObject[],
    nodes: [
      {
        metadata: { name: 'n1' },
        status: { addresses: [{ type: 'InternalIP', address: '172.18.0.2' }] },
      },
    ] as JsonObject[],
    endpointSlices: [],
    outside: { client: '172.18.0.9' },
  },
  clientContainer: 'gh-x-client',
};

test('probes are planned from what the cluster says, or say why not', () => {
  const pod = (name: string) => ({ type: 'pod', namespace: 'x', name }) as const;
  const plan = (
    from: Parameters<typeof planProbe>[0]['from'],
    to: Parameters<typeof planProbe>[0]['to'],
    protocol: 'TCP' | 'SCTP' = 'TCP',
  ) => planProbe({ from, to, port: 80, protocol }, 0, world);
  expect(plan(pod('a'), { type: 'service', namespace: 'x', name: 's' })).toMatchObject({
    source: { container: 'n1', podUid: 'u-1' },
    address: '10.96.0.7',
  });
  expect(plan({ type: 'node', name: 'n1' }, pod('a'))).toMatchObject({
    source: { container: 'n1' },
    address: '10.244.0.5',
  });
  expect(plan({ type: 'outside', name: 'client' }, { type: 'node', name: 'n1' })).toMatchObject({
    source: { container: 'gh-x-client' },
    address: '172.18.0.2',
  });
  expect(plan({ type: 'outside', name: 'internet' }, pod('a'))).toMatchObject({
    cause: 'no-source',
    detail: expect.stringContaining('internet'),
  });
  expect(plan(pod('b'), pod('a'))).toMatchObject({ cause: 'no-source' });
  expect(plan(pod('a'), pod('b'))).toMatchObject({ cause: 'no-target' });
  // The kubelet knows a static pod by the hash of its file.
  expect(plan(pod('static'), pod('a'))).toMatchObject({ source: { podUid: 'hash-3' } });
  expect(plan(pod('a'), { type: 'address', address: '1.2.3.4' }, 'SCTP')).toMatchObject({
    cause: 'unknown',
  });
});
