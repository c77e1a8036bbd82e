/** The address plan of every embedded cluster. Clusters share it: each lives in namespaces of its own. The LAN is 172.30.0.0/24. */

export const ROUTER_ADDRESS = '172.30.0.1';
export const WORKSTATION_ADDRESS = '172.30.0.100';
export const POD_CIDR = '10.244.0.0/16';
export const SERVICE_CIDR = '10.96.0.0/16';
/** The API server as a Service, `default/kubernetes`. */
export const API_SERVICE_ADDRESS = '10.96.0.1';
export const DNS_ADDRESS = '10.96.0.10';
/** What pods use as their gateway; no interface has it, the neighbour entry alone makes it work. */
export const POD_GATEWAY = '169.254.1.1';
/** The node's end of every pod link. */
export const GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee';

/** Hosts of the outside world, behind the LAN's router. The last two serve a web page, from one place. */
export const OUTSIDE_HOSTS: Readonly<Record<string, string>> = {
  client: '203.0.113.10',
  'partner-a': '198.51.100.10',
  'partner-b': '198.51.100.130',
  internet: '192.0.2.10',
  metadata: '169.254.169.254',
};

/** Outside hosts that serve: one namespace with the addresses of both. */
export const SERVING_HOSTS: readonly string[] = ['internet', 'metadata'];

export const ROUTER = 'router';
export const WORKSTATION = 'workstation';

export function nodeNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => (i === 0 ? 'control-plane' : `worker-${i}`));
}

/** By position: the control plane is 0. */
export function nodeAddress(index: number): string {
  return `172.30.0.${11 + index}`;
}

export function podCidrOf(index: number): string {
  return `10.244.${index}.0/24`;
}

export function nodeNetns(node: string): string {
  return `node-${node}`;
}

export function outsideNetns(host: string): string {
  return SERVING_HOSTS.includes(host) ? 'outside-servers' : `outside-${host}`;
}

/** Addresses for LoadBalancer Services, routed to a node by the LAN's router. */
export function loadBalancerAddress(index: number): string {
  return `172.30.255.${1 + index}`;
}

export function isLoadBalancerAddress(address: string): boolean {
  return address.startsWith('172.30.255.');
}
export const LOAD_BALANCER_ADDRESSES = 250;
