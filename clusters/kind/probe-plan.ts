import type { JsonObject } from '../../common/json.js';
import type { Endpoint, ProbeRequest } from '../../common/probe.js';
import { textAt } from '../client/kube-api.js';
import { find, hasEnded, targetOf, type ProbeView, type Refusal } from '../client/probe-targets.js';

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
