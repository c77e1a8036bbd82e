import type { Flow, FlowEnd, World, WorldPod } from '../model.js';
import type { PolicySet } from './compare.js';
import type { Witness, WitnessEnd } from './witness.js';

/** The smallest world in which a witness happens, under one of the two sets of policies, and its flow. */
export function witnessWorld(witness: Witness, policies: PolicySet): { world: World; flow: Flow } {
  const source = place(witness.source, 'source');
  const destination = place(witness.destination, 'destination');
  const pods = [source, destination].flatMap(({ pod }) => (pod === undefined ? [] : [pod]));
  const ends = [witness.source, witness.destination].flatMap((end) =>
    end.type === 'pod' ? [end] : [],
  );
  const protocol = WITH_NAMES.find((name) => name === witness.protocol);
  if (protocol === undefined) throw new Error(`No flow can be written for ${witness.protocol}.`);
  const { port = 0, sourcePort, icmp, dialled } = witness;
  return {
    world: {
      namespaces: [
        ...new Map(ends.map(({ namespace }) => [namespace.name, namespace] as const)).values(),
      ],
      pods,
      nodes: nodesOf(witness),
      serviceAccounts: ends.flatMap(({ namespace, serviceAccount }) =>
        serviceAccount === undefined ? [] : [{ namespace: namespace.name, ...serviceAccount }],
      ),
      networkPolicies: policies,
    },
    flow: {
      from: source.end,
      to: destination.end,
      port,
      protocol,
      ...(sourcePort === undefined ? {} : { sourcePort }),
      ...(icmp === undefined ? {} : { icmp }),
      ...(dialled === undefined ? {} : { dialled }),
    },
  };
}

const WITH_NAMES = ['TCP', 'UDP', 'SCTP', 'ICMP', 'ICMPv6', 'UDPLite'] as const;

function nodesOf({ source, destination }: Witness): World['nodes'][number][] {
  const nodes = new Map<
    string,
    { addresses: Set<string>; labels: Readonly<Record<string, string>> }
  >();
  for (const [i, end] of [source, destination].entries()) {
    if (end.node === undefined) continue;
    const { name = `node-${i}`, addresses = [] } = end.node;
    const known = nodes.get(name);
    const own = end.type === 'address' ? [end.address] : [];
    nodes.set(name, {
      addresses: new Set([...(known?.addresses ?? []), ...addresses, ...own]),
      labels: 'labels' in end.node ? end.node.labels : (known?.labels ?? {}),
    });
  }
  return [...nodes].map(([name, { addresses, labels }]) => ({
    name,
    addresses: [...addresses],
    labels,
  }));
}

function place(end: WitnessEnd, name: string): { end: FlowEnd; pod: WorldPod | undefined } {
  if (end.type === 'address') return { end, pod: undefined };
  const namespace = end.namespace.name;
  return {
    end: { type: 'pod', namespace, name },
    pod: {
      namespace,
      name,
      labels: end.labels,
      ...(end.serviceAccount === undefined ? {} : { serviceAccount: end.serviceAccount.name }),
      // Each on a node of its own: neither is the other's node.
      node: end.node?.name ?? `node-of-${name}`,
      addresses: [end.address],
      hostNetwork: false,
      phase: 'Running',
      ports: end.ports.flatMap(({ name: portName, port, protocol }) => {
        const known = WITH_PORTS.find((text) => text === protocol);
        return known === undefined ? [] : [{ name: portName, port, protocol: known }];
      }),
    },
  };
}

const WITH_PORTS = ['TCP', 'UDP', 'SCTP'] as const;
