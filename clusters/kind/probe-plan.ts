import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import type { Endpoint, ProbeCause, ProbeRequest } from '../../common/probe.js';
import { objectsAt, textAt } from './kube-api.js';

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

/** Where packets are sent from: a container to run the prober in, and the pod whose network it enters there. */
export interface ProbeSource {
  container: string;
  /** The pod's uid; absent: the container's own network. */
  podUid?: string;
}

export interface PlannedProbe {
  /** The request's place in the list. */
  index: number;
  source: ProbeSource;
  address: string;
  port: number;
  protocol: 'TCP' | 'UDP';
  timeoutMs: number;
}

export interface Refusal {
  cause: ProbeCause;
  detail: string;
  address?: string;
}

export const DEFAULT_TIMEOUT_MS = 800;

/** What to send from where, or why nothing can be sent. `kind` names node containers as the nodes. */
export function planProbe(
  request: ProbeRequest,
  index: number,
  world: { view: ProbeView; clientContainer: string },
): PlannedProbe | Refusal {
  const source = sourceOf(request.from, world);
  if ('cause' in source) return source;
  const target = targetOf(request.to, world.view);
  if (typeof target !== 'string') return target;
  if (request.protocol === 'SCTP') {
    const detail = 'the prober of kind clusters speaks TCP and UDP';
    return { cause: 'unknown', detail, address: target };
  }
  return {
    index,
    source,
    address: target,
    port: request.port,
    protocol: request.protocol,
    timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
  };
}

function sourceOf(
  from: Endpoint,
  { view, clientContainer }: { view: ProbeView; clientContainer: string },
): ProbeSource | Refusal {
  const no = (detail: string): Refusal => ({ cause: 'no-source', detail });
  switch (from.type) {
    case 'pod': {
      const pod = find(view.pods, from);
      const name = `${from.namespace}/${from.name}`;
      if (pod === undefined) return no(`there is no pod ${name}`);
      const node = textAt(pod, ['spec', 'nodeName']);
      if (node === '') return no(`pod ${name} runs on no node yet`);
      if (textAt(pod, ['status', 'podIP']) === '' || hasEnded(pod)) {
        return no(`pod ${name} has no running network (${textAt(pod, ['status', 'phase'])})`);
      }
      return { container: node, podUid: runtimeUid(pod) };
    }
    case 'node':
      return find(view.nodes, from) === undefined
        ? no(`there is no node ${from.name}`)
        : { container: from.name };
    case 'outside':
      return view.outside[from.name] === undefined
        ? no(`a kind cluster has no outside host "${from.name}", only "client"`)
        : { container: clientContainer };
    case 'service':
      return no('a Service sends no packets of its own');
    case 'address':
      return no(`nobody at ${from.address} is ours to send packets from`);
  }
}

/** The kubelet knows a static pod by the hash of its file; the API server shows it under another uid. */
function runtimeUid(pod: JsonObject): string {
  const hash = textAt(pod, ['metadata', 'annotations', 'kubernetes.io/config.hash']);
  return hash === '' ? textAt(pod, ['metadata', 'uid']) : hash;
}

function targetOf(to: Endpoint, view: ProbeView): string | Refusal {
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
      return view.outside[to.name] ?? no(`a kind cluster has no outside host "${to.name}"`);
    case 'address':
      return to.address;
  }
}

function find(
  objects: readonly JsonObject[],
  wanted: { name: string; namespace?: string },
): JsonObject | undefined {
  return objects.find(
    (object) =>
      textAt(object, ['metadata', 'name']) === wanted.name &&
      textAt(object, ['metadata', 'namespace']) === (wanted.namespace ?? ''),
  );
}

function hasEnded(pod: JsonObject): boolean {
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
