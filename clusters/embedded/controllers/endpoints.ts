import type { ControllerContext } from './context.js';
import { endpointsOf, hostnameOf, isHeadless, isManaged } from './endpoint-addresses.js';
import type { EndpointPort, ServiceEndpoint } from './endpoint-addresses.js';
import { keyOf, namespaceOf, parseKey } from './keys.js';
import type { Endpoints, Service } from './objects.js';
import { matchesLabels } from '../api/selectors/match-labels.js';
import { watchServicePods } from './service-pods.js';
import { canonical } from './template-hash.js';
import { timestamp } from './times.js';

export const CHANGED_AT = 'endpoints.kubernetes.io/last-change-trigger-time';
export const HEADLESS = 'service.kubernetes.io/headless';

type Subset = NonNullable<Endpoints['subsets']>[number];
type Address = NonNullable<Subset['addresses']>[number];

/** Writes the Endpoints of each Service with a selector. */
export function createEndpointsController(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const queue = loop.queue('endpoint-controller', sync);

  watchServicePods(context, queue);
  cache.informer<Endpoints>('endpoints').on(({ type, object }) => {
    if (type === 'DELETED') queue.add(keyOf(object));
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const service = api.get<Service>('services', name, namespace);
    if (service === undefined) {
      const left = api.get<Endpoints>('endpoints', name, namespace);
      if (left?.metadata.annotations?.[CHANGED_AT] !== undefined) {
        api.delete('endpoints', { name, namespace });
      }
      return;
    }
    if (!isManaged(service) || service.metadata.deletionTimestamp !== undefined) return;
    const selected = [...pods.byNamespace.get(namespace).values()].filter((pod) =>
      matchesLabels(service.spec?.selector, pod.metadata.labels),
    );
    write(service, subsetsOf(service, endpointsOf(service, selected)));
  }

  function write(service: Service, subsets: Subset[]): void {
    const { name } = service.metadata;
    const namespace = namespaceOf(service);
    const labels = {
      ...service.metadata.labels,
      ...(isHeadless(service) && { [HEADLESS]: '' }),
    };
    const note = { [CHANGED_AT]: timestamp(api.now()) };
    const known = api.get<Endpoints>('endpoints', name, namespace);
    if (known === undefined) {
      if (isTerminating(namespace)) return;
      api.create<Endpoints>('endpoints', {
        apiVersion: 'v1',
        kind: 'Endpoints',
        metadata: { name, namespace, labels, annotations: note },
        ...(subsets.length > 0 && { subsets }),
      });
      return;
    }
    const same =
      canonical(known.subsets ?? []) === canonical(subsets) &&
      canonical(known.metadata.labels ?? {}) === canonical(labels);
    if (same) return;
    api.update<Endpoints>('endpoints', { name, namespace }, (draft) => {
      draft.metadata.labels = labels;
      draft.metadata.annotations = { ...draft.metadata.annotations, ...note };
      if (subsets.length > 0) draft.subsets = subsets;
      else delete draft.subsets;
    });
  }

  function isTerminating(namespace: string): boolean {
    return api.get('namespaces', namespace)?.metadata.deletionTimestamp !== undefined;
  }
}

/** Ports that lead to the same pods share a subset. */
function subsetsOf(service: Service, endpoints: readonly ServiceEndpoint[]): Subset[] {
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  const byPort = new Map<string, { port: EndpointPort | undefined; ends: ServiceEndpoint[] }>();
  for (const endpoint of endpoints) {
    if (endpoint.terminating && !publishAll) continue;
    const ports = (service.spec?.ports ?? []).length === 0 ? [undefined] : endpoint.ports;
    for (const port of ports) {
      const key = port === undefined ? '' : canonical(port);
      const group = byPort.get(key);
      if (group === undefined) byPort.set(key, { port, ends: [endpoint] });
      else group.ends.push(endpoint);
    }
  }
  const subsets = new Map<string, Subset>();
  for (const { port, ends } of byPort.values()) {
    const sorted = [...ends].sort((a, b) => compareAddresses(a.address, b.address));
    const ready = sorted.filter((end) => end.ready).map((end) => addressOf(service, end));
    const notReady = sorted.filter((end) => !end.ready).map((end) => addressOf(service, end));
    const key = canonical([ready, notReady]);
    const ports = port === undefined ? [] : [subsetPort(port)];
    const known = subsets.get(key);
    if (known !== undefined) known.ports = [...(known.ports ?? []), ...ports];
    else {
      subsets.set(key, {
        ...(ready.length > 0 && { addresses: ready }),
        ...(notReady.length > 0 && { notReadyAddresses: notReady }),
        ...(ports.length > 0 && { ports }),
      });
    }
  }
  return [...subsets.values()];
}

function addressOf(service: Service, { pod, address }: ServiceEndpoint): Address {
  const hostname = hostnameOf(service, pod);
  return {
    ip: address,
    ...(hostname !== undefined && { hostname }),
    ...(pod.spec?.nodeName !== undefined && { nodeName: pod.spec.nodeName }),
    targetRef: {
      kind: 'Pod',
      namespace: namespaceOf(pod),
      name: pod.metadata.name,
      uid: pod.metadata.uid,
    },
  };
}

function subsetPort({ name, port, protocol, appProtocol }: EndpointPort): {
  name?: string;
  port: number;
  protocol: string;
  appProtocol?: string;
} {
  return {
    ...(name !== '' && { name }),
    port,
    protocol,
    ...(appProtocol !== undefined && { appProtocol }),
  };
}

function compareAddresses(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
