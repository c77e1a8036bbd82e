/** A world written in a few lines, for tests of single cases. */
import type { Flow, FlowEnd, World, WorldPod } from '../../policy/model.js';

type PodOptions = Partial<Omit<WorldPod, 'namespace' | 'name'>>;

export interface SmallWorld {
  /** `namespace/name` -> what is special about it. Node-1 hosts it unless told otherwise. */
  pods: Record<string, PodOptions>;
  namespaces?: Record<string, Record<string, string>>;
  policies?: unknown[];
}

export function smallWorld({ pods, namespaces = {}, policies = [] }: SmallWorld): World {
  const names = new Set([
    ...Object.keys(namespaces),
    ...Object.keys(pods).map((id) => id.split('/')[0]!),
  ]);
  return {
    namespaces: [...names].map((name) => ({
      name,
      labels: { 'kubernetes.io/metadata.name': name, ...namespaces[name] },
    })),
    nodes: [
      { name: 'node-1', addresses: ['172.18.0.2'] },
      { name: 'node-2', addresses: ['172.18.0.3'] },
    ],
    pods: Object.entries(pods).map(([id, options], i) => {
      const [namespace = '', name = ''] = id.split('/');
      return {
        namespace,
        name,
        labels: { app: name },
        node: 'node-1',
        addresses: [`10.244.1.${i + 10}`],
        hostNetwork: false,
        phase: 'Running',
        ports: [],
        ...options,
      };
    }),
    networkPolicies: policies,
  };
}

/** A NetworkPolicy named `namespace/name`. */
export function networkPolicy(id: string, spec: unknown): unknown {
  const [namespace, name] = id.split('/');
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace, name },
    spec,
  };
}

/** `flow('a/x', 'b/y', 'UDP 53')`; an end without a slash is an address. Default TCP 80. */
export function flow(from: string, to: string, asked = 'TCP 80'): Flow {
  const [protocol = '', port] = asked.split(' ');
  return {
    from: end(from),
    to: end(to),
    port: Number(port),
    protocol: protocol as Flow['protocol'],
  };
}

function end(text: string): FlowEnd {
  const [namespace = '', name] = text.split('/');
  return name === undefined ? { type: 'address', address: text } : { type: 'pod', namespace, name };
}
