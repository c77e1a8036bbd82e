import type { EndpointSliceObject, ServiceObject } from './objects.js';
import { servicePorts, usable, type ServicePort } from './service-ports.js';
import { serviceContent } from './services.js';

type Endpoint = EndpointSliceObject['endpoints'][number];

const META = {
  name: 'web',
  namespace: 'prod',
  uid: 'u',
  resourceVersion: '1',
  creationTimestamp: '2026-01-01T00:00:00Z',
};

const service = (spec: ServiceObject['spec'] = {}): ServiceObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: META,
  spec: { clusterIP: '10.96.1.1', ports: [{ name: 'http', port: 80 }], ...spec },
});

const slice = (
  endpoints: Endpoint[],
  more: Partial<EndpointSliceObject> = {},
): EndpointSliceObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    ...META,
    labels: { 'kubernetes.io/service-name': 'web' },
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints,
  ...more,
});

const [READY, ENDING, BROKEN]: Endpoint[] = [
  { addresses: ['10.244.1.2'], nodeName: 'a', conditions: {} },
  {
    addresses: ['10.244.2.2'],
    nodeName: 'b',
    conditions: { ready: false, serving: true, terminating: true },
  },
  {
    addresses: ['10.244.2.3'],
    nodeName: 'b',
    conditions: { ready: false, serving: true, terminating: false },
  },
] as [Endpoint, Endpoint, Endpoint];

const portOf = (slices: EndpointSliceObject[], spec?: ServiceObject['spec']): ServicePort =>
  servicePorts([service(spec)], slices)[0]!;
const answering = (slices: EndpointSliceObject[]): string[] =>
  usable(portOf(slices).endpoints).map(({ address, port }) => `${address}:${port}`);

test.each([
  ['ready unless it says otherwise', [slice([READY])], ['10.244.1.2:8080']],
  ['ending ones wait while there is a ready one', [slice([READY, ENDING])], ['10.244.1.2:8080']],
  ['ending ones answer where nobody is ready', [slice([ENDING])], ['10.244.2.2:8080']],
  ['not ready and not ending', [slice([BROKEN])], []],
  ['the same address in two slices', [slice([READY]), slice([READY])], ['10.244.1.2:8080']],
  [
    'another protocol',
    [slice([READY], { ports: [{ name: 'http', port: 1, protocol: 'UDP' }] })],
    [],
  ],
  ['another name', [slice([READY], { ports: [{ name: 'admin', port: 1 }] })], []],
  ['no such port', [slice([READY], { ports: [{ name: 'http', port: 70_000 }] })], []],
  ['another family', [slice([{ addresses: ['fd00::1'] }], { addressType: 'IPv6' })], []],
  ['a slice that says IPv4 and is not', [slice([{ addresses: ['fd00::1'] }])], []],
])('who answers: %s', (_, slices, expected) => {
  expect(answering(slices)).toEqual(expected);
});

test('with a Local policy a node’s own ending pod answers, though another node has a ready one', () => {
  const spec = { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local', type: 'NodePort' };
  const port = portOf([slice([READY, ENDING])], spec);
  const rules = [...serviceContent([port], 'b').chains].flatMap(([name, lines]) =>
    name.startsWith('balance-local-') ? lines : [],
  );
  expect(rules.join()).toMatch(/map \{ 0 : 10\.244\.2\.2 \. 8080 \}/);
});

test('Services that translate nothing have no ports here', () => {
  const none = [
    service({ clusterIP: 'None' }),
    service({ type: 'ExternalName' }),
    service({ clusterIP: '' }),
  ];
  expect(servicePorts(none, [slice([READY])])).toEqual([]);
});
