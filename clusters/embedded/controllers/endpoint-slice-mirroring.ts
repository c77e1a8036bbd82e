import type { ControllerContext } from './context.js';
import { keyOf, locate, parseKey } from './keys.js';
import type { Endpoints, EndpointSlice, Service } from './objects.js';
import { controllerReference } from './owners.js';
import { canonical } from './template-hash.js';

const SLICES = 'endpointslices.discovery.k8s.io';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'endpointslicemirroring-controller.k8s.io';
const SERVICE_NAME = 'kubernetes.io/service-name';
const SKIP = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';

type Subset = NonNullable<Endpoints['subsets']>[number];
type Content = Pick<EndpointSlice, 'endpoints' | 'ports'>;

/** Copies Endpoints that people write for Services without a selector into EndpointSlices. */
export function createEndpointSliceMirroringController(context: ControllerContext): void {
  const { api, cache, loop } = context;
  const slices = cache.informer<EndpointSlice>(SLICES);
  const mirrored = slices.index((slice) => {
    const { labels, namespace = '' } = slice.metadata;
    return labels?.[MANAGED_BY] === MANAGER ? [`${namespace}/${labels[SERVICE_NAME] ?? ''}`] : [];
  });
  const queue = loop.queue('endpointslicemirroring-controller', sync);

  cache.informer<Endpoints>('endpoints').on(({ object }) => {
    queue.add(keyOf(object));
  });
  cache.informer<Service>('services').on(({ object }) => {
    queue.add(keyOf(object));
  });
  slices.on(({ type, object }) => {
    const { labels, namespace = '' } = object.metadata;
    if (type === 'DELETED' && labels?.[MANAGED_BY] === MANAGER) {
      queue.add(`${namespace}/${labels[SERVICE_NAME] ?? ''}`);
    }
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const known = [...mirrored.get(key).values()];
    const endpoints = api.get<Endpoints>('endpoints', name, namespace);
    const service = api.get<Service>('services', name, namespace);
    const wanted = shouldMirror(endpoints, service) ? contentsOf(endpoints?.subsets ?? []) : [];
    for (const [i, content] of wanted.entries()) {
      const slice = known[i];
      if (slice !== undefined) update(slice, content);
      else if (endpoints !== undefined) create(endpoints, content);
    }
    for (const slice of known.slice(wanted.length)) {
      api.delete(SLICES, { ...locate(slice), uid: slice.metadata.uid });
    }
  }

  function create(endpoints: Endpoints, content: Content): void {
    const { name, namespace, labels } = endpoints.metadata;
    if (api.get('namespaces', namespace ?? '')?.metadata.deletionTimestamp !== undefined) return;
    api.create(SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${name}-`,
        ...(namespace !== undefined && { namespace }),
        labels: { ...labels, [MANAGED_BY]: MANAGER, [SERVICE_NAME]: name },
        ownerReferences: [controllerReference(endpoints)],
      },
      addressType: 'IPv4',
      ...content,
    });
  }

  function update(slice: EndpointSlice, content: Content): void {
    if (
      canonical([slice.endpoints, slice.ports]) === canonical([content.endpoints, content.ports])
    ) {
      return;
    }
    api.update<EndpointSlice>(SLICES, locate(slice), (draft) => {
      draft.endpoints = content.endpoints;
      draft.ports = content.ports ?? [];
    });
  }
}

function shouldMirror(endpoints: Endpoints | undefined, service: Service | undefined): boolean {
  if (endpoints === undefined || service === undefined) return false;
  const { labels, annotations, deletionTimestamp } = endpoints.metadata;
  return (
    deletionTimestamp === undefined &&
    service.spec?.selector === undefined &&
    labels?.[SKIP] !== 'true' &&
    annotations?.[LEADER] === undefined
  );
}

function contentsOf(subsets: readonly Subset[]): Content[] {
  return subsets.map((subset) => ({
    endpoints: [
      ...(subset.addresses ?? []).map((address) => endpointOf(address, true)),
      ...(subset.notReadyAddresses ?? []).map((address) => endpointOf(address, false)),
    ],
    ports: (subset.ports ?? []).map((port) => ({
      name: port.name ?? '',
      port: port.port,
      protocol: port.protocol ?? 'TCP',
      ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
    })),
  }));
}

function endpointOf(
  address: NonNullable<Subset['addresses']>[number],
  ready: boolean,
): EndpointSlice['endpoints'][number] {
  return {
    addresses: [address.ip],
    conditions: { ready },
    ...(address.hostname !== undefined && { hostname: address.hostname }),
    ...(address.nodeName !== undefined && { nodeName: address.nodeName }),
    ...(address.targetRef !== undefined && { targetRef: address.targetRef }),
  };
}
