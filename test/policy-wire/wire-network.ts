/** The network of a random world with a fixed number of pods, as real namespaces: nodes, pods, two outside hosts. */
import type { AgentProbe, NetworkOperation } from '../../clusters/embedded/agent/agent.js';
import type { Flow, FlowEnd, World } from '../../policy/model.js';
import { OUTSIDE } from './random-world.js';

export function networkOf(world: World): NetworkOperation[] {
  const lan: NetworkOperation[] = [
    { op: 'netns-add', name: 'lan' },
    { op: 'bridge', netns: 'lan', name: 'lan' },
  ];
  const outside = OUTSIDE.flatMap((address): NetworkOperation[] => [
    { op: 'netns-add', name: hostName(address) },
    ...cable(hostName(address)),
    { op: 'address', netns: hostName(address), link: 'eth0', cidr: `${address}/32` },
  ]);
  return [
    ...lan,
    ...outside,
    ...world.nodes.flatMap((node) => nodeOf(world, node)),
    ...routes(world),
  ];
}

/** How to try a flow on the wire: from the namespace of its source to the address of its target. */
export function probeOf(world: World, flow: Flow): AgentProbe {
  const { protocol, port } = flow;
  const ends = { netns: namespaceOf(world, flow.from), address: addressOf(world, flow.to) };
  const patience = { timeoutMs: 1000 };
  if (protocol === 'ICMP') {
    const { type, code } = flow.icmp ?? { type: 8, code: 0 };
    if (type !== 8 && type !== 13) throw new Error(`Nobody answers ICMP of type ${type}.`);
    return { ...ends, ...patience, protocol, icmp: { type, code } };
  }
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP') {
    throw new Error(`No probe speaks ${protocol}.`);
  }
  return { ...ends, ...patience, protocol, port };
}

export function addressOf(world: World, end: FlowEnd): string {
  if (end.type === 'address') return end.address;
  return world.pods.find((pod) => pod.name === end.name)!.addresses[0]!;
}

function namespaceOf(world: World, end: FlowEnd): string {
  if (end.type === 'pod') return end.name;
  return (
    world.nodes.find(({ addresses }) => addresses.includes(end.address))?.name ??
    hostName(end.address)
  );
}

function nodeOf(world: World, node: World['nodes'][number]): NetworkOperation[] {
  return [
    { op: 'netns-add', name: node.name, packetLog: true },
    { op: 'sysctl', netns: node.name, key: 'net/ipv4/ip_forward', value: '1' },
    ...cable(node.name),
    { op: 'address', netns: node.name, link: 'eth0', cidr: `${node.addresses[0]!}/24` },
    ...world.pods
      .filter((pod) => pod.node === node.name)
      .flatMap(({ name, addresses }): NetworkOperation[] => [
        { op: 'netns-add', name },
        {
          op: 'veth',
          a: { netns: name, name: 'eth0' },
          b: { netns: node.name, name, mac: GATEWAY_MAC },
        },
        { op: 'address', netns: name, link: 'eth0', cidr: `${addresses[0]!}/32` },
        { op: 'route', netns: name, cidr: `${GATEWAY}/32`, link: 'eth0' },
        { op: 'route', netns: name, cidr: '0.0.0.0/0', via: GATEWAY, link: 'eth0' },
        { op: 'neighbour', netns: name, link: 'eth0', address: GATEWAY, mac: GATEWAY_MAC },
        { op: 'route', netns: node.name, cidr: `${addresses[0]!}/32`, link: name },
      ]),
  ];
}

function routes(world: World): NetworkOperation[] {
  const to = (netns: string, cidr: string, via?: string): NetworkOperation => ({
    op: 'route',
    netns,
    cidr,
    link: 'eth0',
    ...(via === undefined ? {} : { via, onlink: true }),
  });
  return world.nodes.flatMap((node) => [
    ...OUTSIDE.flatMap((address) => [
      to(hostName(address), `${node.addresses[0]!}/32`),
      to(node.name, `${address}/32`),
    ]),
    ...world.pods
      .filter((pod) => pod.node === node.name)
      .flatMap((pod) =>
        [
          ...OUTSIDE.map(hostName),
          ...world.nodes.filter((other) => other !== node).map(({ name }) => name),
        ].map((netns) => to(netns, `${pod.addresses[0]!}/32`, node.addresses[0])),
      ),
  ]);
}

const hostName = (address: string): string => `outside-${OUTSIDE.indexOf(address)}`;

const cable = (name: string): NetworkOperation[] => [
  { op: 'veth', a: { netns: name, name: 'eth0' }, b: { netns: 'lan', name } },
  { op: 'enslave', netns: 'lan', link: name, bridge: 'lan' },
];

const GATEWAY = '169.254.1.1';
const GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee';
