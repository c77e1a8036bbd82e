import type { ServicePort } from './service-ports.js';
import { staleRoutes } from './stale-connections.js';

const port = (addresses: string[], more: Partial<ServicePort> = {}): ServicePort => ({
  service: {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'dns',
      namespace: 'prod',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { clusterIP: '10.96.0.9', externalIPs: ['192.0.2.9'] },
  },
  protocol: 'udp',
  port: 53,
  nodePort: 30053,
  endpoints: addresses.map((address) => ({ address, port: 5353, node: 'a', isReady: true })),
  ...more,
});
const stale = (before: ServicePort[], after: ServicePort[]): string[] =>
  staleRoutes(before, after, '172.30.0.12').map(
    ({ dialled, answering }) =>
      `${dialled.address}:${dialled.port} ${answering.address}:${answering.port}`,
  );
const [ONE, TWO] = ['10.244.1.2', '10.244.2.2'];

test('every way to an endpoint that has gone is forgotten, and no other', () => {
  expect(stale([port([ONE, TWO])], [port([TWO])])).toEqual([
    '10.96.0.9:53 10.244.1.2:5353',
    '192.0.2.9:53 10.244.1.2:5353',
    '172.30.0.12:30053 10.244.1.2:5353',
  ]);
  expect(stale([port([ONE])], [port([ONE, TWO])])).toEqual([]);
  expect(stale([port([ONE])], []).length).toBe(3);
});

test('one that only ends is forgotten as soon as another is ready', () => {
  const ending = port([ONE]).endpoints.map((one) => ({ ...one, isReady: false }));
  const both = port([], { endpoints: [...ending, ...port([TWO]).endpoints] });
  expect(stale([port([ONE])], [port([], { endpoints: ending })])).toEqual([]);
  expect(stale([port([ONE])], [both]).length).toBe(3);
});

test('what went past a Service that nobody served is forgotten once somebody does', () => {
  const past = ['10.96.0.9:53', '192.0.2.9:53', '172.30.0.12:30053'].map((at) => `${at} ${at}`);
  expect(stale([port([])], [port([ONE])])).toEqual(past);
  expect(stale([], [port([ONE])])).toEqual(past);
});

test('TCP connections end by themselves', () => {
  expect(stale([port([ONE], { protocol: 'tcp' })], [])).toEqual([]);
});
