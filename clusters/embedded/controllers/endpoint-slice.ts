import type { ControllerContext } from './context.js';
import { endpointsOf, hostnameOf, isHeadless, isManaged } from './endpoint-addresses.js';
import type { EndpointPort, ServiceEndpoint } from './endpoint-addresses.js';
import { CHANGED_AT, HEADLESS } from './endpoints.js';
import { locate, namespaceOf, parseKey } from './keys.js';
import type { EndpointSlice, Node, Pod, Service } from './objects.js';
import { controllerReference } from './owners.js';
import { matchesLabels } from '../api/selectors/match-labels.js';
import { watchServicePods } from './service-pods.js';
import { canonical } from './template-hash.js';
import { timestamp } from './times.js';

const SLICES = 'endpointslices.discovery.k8s.io';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const MANAGER = 'endpointslice-controller.k8s.io';
const SERVICE_NAME = 'kubernetes.io/service-name';
const ZONE = 'topology.kubernetes.io/zone';
/** Endpoints in one slice. */
const SLICE_SIZE = 100;

type Endpoint = EndpointSlice['endpoints'][number];

/** Writes the EndpointSlices of each Service with a selector. */
export function createEndpointSliceController(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const slices = cache.informer<EndpointSlice>(SLICES);
  const byService = slices.index((slice) =>
    slice.metadata.labels?.[MANAGED_BY] === MANAGER ? [serviceKey(slice)] : [],
  );
  const queue = loop.queue('endpointslice-controller', sync);

  watchServicePods(context, queue);
  slices.on((event) => {
    if (event.type === 'DELETED') queue.add(serviceKey(event.object));
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const service = api.get<Service>('services', name, namespace);
    const known = [...byService.get(key).values()];
    if (service === undefined || service.metadata.deletionTimestamp !== undefined) return;
    if (!isManaged(service)) {
      for (const slice of known) remove(slice);
      return;
    }
    const selected = [...pods.byNamespace.get(namespace).values()].filter((pod) =>
      matchesLabels(service.spec?.selector, pod.metadata.labels),
    );
    reconcile(service, { known, wanted: groupByPorts(endpointsOf(service, selected)) });
  }

  function reconcile(
    service: Service,
    options: { known: readonly EndpointSlice[]; wanted: readonly Group[] },
  ): void {
    const left = new Set(options.known);
    const missing: Draft[] = [];
    for (const group of options.wanted) {
      const own = options.known.filter((slice) => portsKey(slice.ports) === portsKey(group.ports));
      for (const slice of own) left.delete(slice);
      missing.push(...fill(service, { group, slices: own }));
    }
    // A slice nobody needs any more is used again before a new one is made.
    const spare = [...left];
    for (const draft of missing) {
      const slice = spare.shift();
      if (slice === undefined) create(service, draft);
      else update(service, { slice, draft });
    }
    for (const slice of spare) remove(slice);
  }

  /** Endpoints stay in the slice they are in; returns what found no room. */
  function fill(
    service: Service,
    options: { group: Group; slices: readonly EndpointSlice[] },
  ): Draft[] {
    const { group, slices: own } = options;
    const wanted = new Map(
      group.endpoints.map((endpoint) => [
        endpoint.pod.metadata.uid,
        sliceEndpoint(service, endpoint),
      ]),
    );
    const placed = own.map((slice) => {
      const endpoints: Endpoint[] = [];
      for (const { targetRef } of slice.endpoints) {
        const uid = targetRef?.uid ?? '';
        const endpoint = wanted.get(uid);
        if (endpoint === undefined) continue;
        endpoints.push(endpoint);
        wanted.delete(uid);
      }
      return { slice, endpoints };
    });
    const rest = [...wanted.values()];
    for (const { endpoints } of placed) {
      endpoints.push(...rest.splice(0, Math.max(0, SLICE_SIZE - endpoints.length)));
    }
    let isFirst = true;
    for (const { slice, endpoints } of placed) {
      if (endpoints.length === 0 && !(isFirst && group.endpoints.length === 0)) remove(slice);
      else update(service, { slice, draft: { endpoints, ports: group.ports } });
      isFirst = false;
    }
    const drafts: Draft[] = [];
    while (rest.length > 0 || (own.length === 0 && drafts.length === 0)) {
      drafts.push({ endpoints: rest.splice(0, SLICE_SIZE), ports: group.ports });
    }
    return drafts;
  }

  function create(service: Service, draft: Draft): void {
    const namespace = namespaceOf(service);
    if (api.get('namespaces', namespace)?.metadata.deletionTimestamp !== undefined) return;
    api.create<EndpointSlice>(SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        generateName: `${service.metadata.name}-`,
        namespace,
        labels: labelsFor(service),
        annotations: { [CHANGED_AT]: timestamp(api.now()) },
        ownerReferences: [controllerReference(service)],
      },
      addressType: 'IPv4',
      endpoints: draft.endpoints,
      ports: draft.ports,
    });
  }

  function update(service: Service, options: { slice: EndpointSlice; draft: Draft }): void {
    const { slice, draft: wanted } = options;
    const labels = labelsFor(service);
    const same =
      canonical([slice.endpoints, slice.ports ?? [], slice.metadata.labels]) ===
      canonical([wanted.endpoints, wanted.ports, labels]);
    if (same) return;
    api.update<EndpointSlice>(SLICES, locate(slice), (draft) => {
      draft.metadata.labels = labels;
      draft.metadata.annotations = {
        ...draft.metadata.annotations,
        [CHANGED_AT]: timestamp(api.now()),
      };
      draft.endpoints = wanted.endpoints;
      draft.ports = wanted.ports;
    });
  }

  function remove(slice: EndpointSlice): void {
    api.delete(SLICES, { ...locate(slice), uid: slice.metadata.uid });
  }

  function sliceEndpoint(service: Service, endpoint: ServiceEndpoint): Endpoint {
    const { pod, address, ready, serving, terminating } = endpoint;
    const hostname = hostnameOf(service, pod);
    const zone = zoneOf(pod);
    return {
      addresses: [address],
      conditions: { ready, serving, terminating },
      ...(hostname !== undefined && { hostname }),
      targetRef: {
        kind: 'Pod',
        namespace: namespaceOf(pod),
        name: pod.metadata.name,
        uid: pod.metadata.uid,
      },
      ...(pod.spec?.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
      ...(zone !== undefined && { zone }),
    };
  }

  function zoneOf(pod: Pod): string | undefined {
    const node = pod.spec?.nodeName;
    return node === undefined ? undefined : api.get<Node>('nodes', node)?.metadata.labels?.[ZONE];
  }
}

interface Group {
  ports: EndpointPort[];
  endpoints: ServiceEndpoint[];
}

interface Draft {
  endpoints: Endpoint[];
  ports: EndpointPort[];
}

/** Pods whose named ports mean other numbers go to other slices. With no pods there is one empty group. */
function groupByPorts(endpoints: readonly ServiceEndpoint[]): Group[] {
  const groups = new Map<string, Group>();
  for (const endpoint of endpoints) {
    const key = portsKey(endpoint.ports);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ports: endpoint.ports, endpoints: [endpoint] });
    else group.endpoints.push(endpoint);
  }
  return groups.size === 0 ? [{ ports: [], endpoints: [] }] : [...groups.values()];
}

function portsKey(ports: readonly object[] | undefined): string {
  return (ports ?? []).map(canonical).sort().join();
}

function labelsFor(service: Service): Record<string, string> {
  return {
    ...service.metadata.labels,
    [MANAGED_BY]: MANAGER,
    [SERVICE_NAME]: service.metadata.name,
    ...(isHeadless(service) && { [HEADLESS]: '' }),
  };
}

function serviceKey(slice: EndpointSlice): string {
  return `${namespaceOf(slice)}/${slice.metadata.labels?.[SERVICE_NAME] ?? ''}`;
}
