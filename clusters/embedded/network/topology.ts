import type { NetworkOperation } from '../agent/agent.js';
import {
  GATEWAY_MAC,
  OUTSIDE_HOSTS,
  POD_GATEWAY,
  ROUTER,
  ROUTER_ADDRESS,
  SERVING_HOSTS,
  SERVICE_CIDR,
  WORKSTATION,
  WORKSTATION_ADDRESS,
  nodeAddress,
  nodeNetns,
  outsideNetns,
  podCidrOf,
} from './addresses.js';

/** The wires of a cluster as the agent's operations. Pure: nothing here remembers what exists. */

const FORWARDING: readonly (readonly [string, string])[] = [
  ['net/ipv4/ip_forward', '1'],
  ['net/ipv4/conf/all/rp_filter', '0'],
  ['net/ipv4/conf/default/rp_filter', '0'],
  ['net/ipv4/conf/all/send_redirects', '0'],
  ['net/ipv4/conf/default/send_redirects', '0'],
];

/** The LAN with its router, the nodes, the workstation, and the outside hosts as addresses of the router. */
export function lanOperations(nodes: readonly string[]): NetworkOperation[] {
  return [
    { op: 'netns-add', name: ROUTER },
    { op: 'bridge', netns: ROUTER, name: 'lan' },
    { op: 'address', netns: ROUTER, link: 'lan', cidr: `${ROUTER_ADDRESS}/24` },
    ...sysctls(ROUTER, FORWARDING),
    ...nodes.flatMap((node, i) => nodeOperations(node, i)),
    ...lanHost(WORKSTATION, WORKSTATION_ADDRESS, 'workstation'),
    { op: 'route', netns: WORKSTATION, cidr: SERVICE_CIDR, via: nodeAddress(0) },
    // Whoever stands on the LAN may route to pods through their nodes, as where nodes announce their routes.
    ...nodes.flatMap((_, i): NetworkOperation[] => [
      { op: 'route', netns: ROUTER, cidr: podCidrOf(i), via: nodeAddress(i) },
      { op: 'route', netns: WORKSTATION, cidr: podCidrOf(i), via: nodeAddress(i) },
    ]),
    // Hosts that only send are addresses of the router until they do.
    ...Object.entries(OUTSIDE_HOSTS).flatMap(([host, address]): NetworkOperation[] =>
      SERVING_HOSTS.includes(host)
        ? []
        : [
            { op: 'bridge', netns: ROUTER, name: host },
            { op: 'address', netns: ROUTER, link: host, cidr: `${address}/32` },
          ],
    ),
    ...outsideOperations(SERVING_HOSTS),
  ];
}

function nodeOperations(node: string, index: number): NetworkOperation[] {
  const netns = nodeNetns(node);
  return [...lanHost(netns, nodeAddress(index), `port-${index}`), ...sysctls(netns, FORWARDING)];
}

/** A host with one leg on the LAN and the router as its way out. */
function lanHost(netns: string, address: string, port: string): NetworkOperation[] {
  return [
    { op: 'netns-add', name: netns, packetLog: port !== 'workstation' },
    { op: 'veth', a: { netns: ROUTER, name: port }, b: { netns, name: 'eth0' } },
    { op: 'enslave', netns: ROUTER, link: port, bridge: 'lan' },
    { op: 'address', netns, link: 'eth0', cidr: `${address}/24` },
    { op: 'route', netns, cidr: '0.0.0.0/0', via: ROUTER_ADDRESS },
  ];
}

/** Gives an outside host a namespace of its own, so that packets can start there with its address. */
export function outsideHostOperations(host: string): NetworkOperation[] {
  return [{ op: 'link-delete', netns: ROUTER, name: host }, ...outsideOperations([host])];
}

/** One namespace behind the router with the addresses of these hosts. */
function outsideOperations(hosts: readonly string[]): NetworkOperation[] {
  const [first = ''] = hosts;
  const netns = outsideNetns(first);
  const addresses = hosts.map((host) => OUTSIDE_HOSTS[host] ?? '');
  const mac = macOf(addresses[0] ?? '');
  return [
    { op: 'netns-add', name: netns },
    {
      op: 'veth',
      a: { netns: ROUTER, name: first, mac: GATEWAY_MAC },
      b: { netns, name: 'eth0', mac },
    },
    ...addresses.map((address): NetworkOperation => ({
      op: 'address',
      netns,
      link: 'eth0',
      cidr: `${address}/32`,
    })),
    ...gatewayOperations(netns),
    ...addresses.flatMap((address): NetworkOperation[] => [
      { op: 'route', netns: ROUTER, cidr: `${address}/32`, link: first },
      { op: 'neighbour', netns: ROUTER, link: first, address, mac },
    ]),
  ];
}

/** Routes between the nodes' pod networks: what a network plugin brings. */
export function podRouteOperations(nodes: readonly string[]): NetworkOperation[] {
  return nodes.flatMap((node, here) =>
    nodes.flatMap((_, there): NetworkOperation[] =>
      there === here
        ? [{ op: 'route', netns: nodeNetns(node), cidr: podCidrOf(here), type: 'blackhole' }]
        : [
            {
              op: 'route',
              netns: nodeNetns(node),
              cidr: podCidrOf(there),
              via: nodeAddress(there),
            },
          ],
    ),
  );
}

export interface PodLink {
  netns: string;
  node: string;
  /** The link's name on the node. */
  link: string;
  address: string;
}

/** A pod's namespace and its link: a /32 on both ends, so that every packet is routed by the node. */
export function podOperations(pod: PodLink): NetworkOperation[] {
  const node = nodeNetns(pod.node);
  const mac = macOf(pod.address);
  return [
    { op: 'netns-add', name: pod.netns },
    {
      op: 'veth',
      a: { netns: node, name: pod.link, mac: GATEWAY_MAC },
      b: { netns: pod.netns, name: 'eth0', mac },
    },
    { op: 'address', netns: pod.netns, link: 'eth0', cidr: `${pod.address}/32` },
    ...gatewayOperations(pod.netns),
    { op: 'route', netns: node, cidr: `${pod.address}/32`, link: pod.link },
    { op: 'neighbour', netns: node, link: pod.link, address: pod.address, mac },
  ];
}

export function podRemovalOperations(pod: PodLink): NetworkOperation[] {
  return [{ op: 'netns-delete', name: pod.netns }];
}

function gatewayOperations(netns: string): NetworkOperation[] {
  return [
    { op: 'route', netns, cidr: `${POD_GATEWAY}/32`, link: 'eth0' },
    { op: 'route', netns, cidr: '0.0.0.0/0', via: POD_GATEWAY, link: 'eth0' },
    { op: 'neighbour', netns, link: 'eth0', address: POD_GATEWAY, mac: GATEWAY_MAC },
  ];
}

function sysctls(
  netns: string,
  settings: readonly (readonly [string, string])[],
): NetworkOperation[] {
  return settings.map(([key, value]) => ({ op: 'sysctl', netns, key, value }));
}

/** Locally administered and telling: the address is in it. */
function macOf(address: string): string {
  const bytes = address.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `0a:58:${bytes.join(':')}`;
}
