import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import type { Endpoint, ProbeCause, ProbeRequest } from '../../common/probe.js';
import { objectsAt, textAt, type KubeApi, type Resource } from './kube-api.js';
import { NODES, PODS, SERVICES } from './wait-ready.js';

const SLICES: Resource = {
  group: 'discovery.k8s.io',
  version: 'v1',
  plural: 'endpointslices',
  kind: 'EndpointSlice',
  namespaced: true,
  verbs: [],
};

/** What the cluster looks like to a prober. */
export interface ProbeView {
  pods: readonly JsonObject[];
  services: readonly JsonObject[];
  nodes: readonly JsonObject[];
  /** Addresses behind Services without one of their own. */
  endpointSlices: readonly JsonObject[];
  /** Hosts outside the cluster that are there, by name. */
  outside: Readonly<Record<string, string>>;
}

/** What there is of the kinds that these requests name; no outside hosts. */
export async function viewFor(api: KubeApi, requests: readonly ProbeRequest[]): Promise<ProbeView> {
  const wanted = new Set(requests.flatMap(({ from, to }) => [from.type, to.type]));
  const list = async (resource: Resource, isNeeded: boolean): Promise<JsonObject[]> =>
    isNeeded ? (await api.list(resource)).items : [];
  const [pods, services, endpointSlices, nodes] = await Promise.all([
    list(PODS, wanted.has('pod')),
    list(SERVICES, wanted.has('service')),
    list(SLICES, wanted.has('service')),
    list(NODES, wanted.has('node')),
  ]);
  return { pods, services, endpointSlices, nodes, outside: {} };
}

export interface Refusal {
  cause: ProbeCause;
  detail: string;
  address?: string;
}

/** Where packets for an endpoint go, or why there is no such place. `outside` hosts are those that the view has. */
export function targetOf(to: Endpoint, view: ProbeView): string | Refusal {
  const no = (detail: string): Refusal => ({ cause: 'no-target', detail });
  switch (to.type) {
    case 'pod': {
      const pod = find(view.pods, to);
      if (pod === undefined) return no(`there is no pod ${to.namespace}/${to.name}`);
      const address = textAt(pod, ['status', 'podIP']);
      if (address === '' || hasEnded(pod)) {
        return no(`pod ${to.namespace}/${to.name} has no running network`);
      }
      return address;
    }
    case 'service': {
      const service = find(view.services, to);
      const name = `${to.namespace}/${to.name}`;
      if (service === undefined) return no(`there is no Service ${name}`);
      const address = textAt(service, ['spec', 'clusterIP']);
      if (address !== '' && address !== 'None') return address;
      return endpointOf(view, to) ?? no(`Service ${name} has no address and no ready endpoints`);
    }
    case 'node': {
      const node = find(view.nodes, to);
      const address = objectsAt(node, ['status', 'addresses']).find(
        (one) => one['type'] === 'InternalIP',
      );
      const text = textAt(address, ['address']);
      return text === '' ? no(`there is no node ${to.name}`) : text;
    }
    case 'outside':
      return view.outside[to.name] ?? no(`there is no outside host "${to.name}"`);
    case 'address':
      return to.address;
  }
}

export function find(
  objects: readonly JsonObject[],
  wanted: { name: string; namespace?: string },
): JsonObject | undefined {
  return objects.find(
    (object) =>
      textAt(object, ['metadata', 'name']) === wanted.name &&
      textAt(object, ['metadata', 'namespace']) === (wanted.namespace ?? ''),
  );
}

export function hasEnded(pod: JsonObject): boolean {
  return ['Succeeded', 'Failed'].includes(textAt(pod, ['status', 'phase']));
}

function endpointOf(
  { endpointSlices }: ProbeView,
  service: { namespace: string; name: string },
): string | undefined {
  for (const slice of endpointSlices) {
    const labels = valueAt(slice, ['metadata', 'labels']);
    const isOfService =
      textAt(slice, ['metadata', 'namespace']) === service.namespace &&
      isJsonObject(labels) &&
      labels['kubernetes.io/service-name'] === service.name;
    if (!isOfService) continue;
    for (const endpoint of objectsAt(slice, ['endpoints'])) {
      const address = textAt(endpoint, ['addresses', 0]);
      if (address !== '' && valueAt(endpoint, ['conditions', 'ready']) !== false) return address;
    }
  }
  return undefined;
}
