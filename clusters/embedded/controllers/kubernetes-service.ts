import type { ControllerContext } from './context.js';
import type { Endpoints, EndpointSlice, Service } from './objects.js';

/** Where the API server is reached: as a Service address, and really. */
export interface ApiServerPlace {
  clusterIp: string;
  address: string;
  port: number;
}

const HOME = { name: 'kubernetes', namespace: 'default' } as const;
const SLICES = 'endpointslices.discovery.k8s.io';

/** Keeps the Service `default/kubernetes` and its endpoints, as the API server itself does. */
export function createKubernetesServiceController(
  context: ControllerContext,
  place: ApiServerPlace,
): void {
  const { api, cache, loop } = context;
  const queue = loop.queue('kubernetes-service', sync);

  for (const resource of ['services', 'endpoints', SLICES]) {
    cache.informer(resource).on(({ object }) => {
      const { name, namespace } = object.metadata;
      if (name === HOME.name && namespace === HOME.namespace) queue.add('');
    });
  }
  cache.informer('namespaces').on(({ type, object }) => {
    if (type === 'ADDED' && object.metadata.name === HOME.namespace) queue.add('');
  });

  function sync(): void {
    if (api.get('namespaces', HOME.namespace) === undefined) return;
    ensureService();
    ensureEndpoints();
    ensureSlice();
  }

  function ensureService(): void {
    if (api.get<Service>('services', HOME.name, HOME.namespace) !== undefined) return;
    api.create('services', {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...HOME, labels: { component: 'apiserver', provider: 'kubernetes' } },
      spec: {
        type: 'ClusterIP',
        clusterIP: place.clusterIp,
        clusterIPs: [place.clusterIp],
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
        sessionAffinity: 'None',
        ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: place.port }],
      },
    });
  }

  function ensureEndpoints(): void {
    const subsets = [
      {
        addresses: [{ ip: place.address }],
        ports: [{ name: 'https', port: place.port, protocol: 'TCP' }],
      },
    ];
    const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
    const known = api.get<Endpoints>('endpoints', HOME.name, HOME.namespace);
    if (known === undefined) {
      api.create('endpoints', {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { ...HOME, labels },
        subsets,
      });
      return;
    }
    api.update<Endpoints>('endpoints', HOME, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, ...labels };
      draft.subsets = subsets;
    });
  }

  function ensureSlice(): void {
    const content = {
      addressType: 'IPv4',
      endpoints: [{ addresses: [place.address], conditions: { ready: true } }],
      ports: [{ name: 'https', protocol: 'TCP', port: place.port }],
    };
    const labels = { 'kubernetes.io/service-name': HOME.name };
    const known = api.get<EndpointSlice>(SLICES, HOME.name, HOME.namespace);
    if (known === undefined) {
      api.create(SLICES, {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...HOME, labels },
        ...content,
      });
      return;
    }
    api.update<EndpointSlice>(SLICES, HOME, (draft) => {
      draft.metadata.labels = { ...draft.metadata.labels, ...labels };
      draft.endpoints = content.endpoints;
      draft.ports = content.ports;
    });
  }
}
