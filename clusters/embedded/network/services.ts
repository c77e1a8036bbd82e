import { createHash } from 'node:crypto';
import { POD_CIDR } from './addresses.js';
import type { TableContent } from './nft-table.js';
import { keyOf, type EndpointSliceObject, type ServiceObject } from './objects.js';

/** Services as nftables, in the manner of kube-proxy's nftables mode: what every node's table must hold. */

export const SERVICE_TABLE = 'ip kube-proxy';
const MARK = '0x4000';

/** The fixed part of a node's table. */
export function serviceTableSetup(nodeAddresses: readonly string[]): string {
  const t = SERVICE_TABLE;
  return [
    `add table ${t}`,
    `add map ${t} service-ips { typeof ip daddr . meta l4proto . th dport : verdict; }`,
    `add map ${t} service-nodeports { typeof meta l4proto . th dport : verdict; }`,
    `add map ${t} no-endpoint-services { typeof ip daddr . meta l4proto . th dport : verdict; }`,
    `add map ${t} no-endpoint-nodeports { typeof meta l4proto . th dport : verdict; }`,
    `add set ${t} nodeport-ips { type ipv4_addr; }`,
    `add set ${t} hairpin-connections { type ipv4_addr . ipv4_addr; }`,
    ...(nodeAddresses.length > 0
      ? [`add element ${t} nodeport-ips { ${nodeAddresses.join(', ')} }`]
      : []),
    `add chain ${t} reject-chain`,
    `add rule ${t} reject-chain reject with icmp type port-unreachable`,
    `add chain ${t} services`,
    `add rule ${t} services ip daddr . meta l4proto . th dport vmap @service-ips`,
    `add rule ${t} services ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports`,
    `add chain ${t} nat-prerouting { type nat hook prerouting priority dstnat; policy accept; }`,
    `add rule ${t} nat-prerouting jump services`,
    `add chain ${t} nat-output { type nat hook output priority -100; policy accept; }`,
    `add rule ${t} nat-output jump services`,
    `add chain ${t} nat-postrouting { type nat hook postrouting priority srcnat; policy accept; }`,
    `add rule ${t} nat-postrouting meta mark & ${MARK} == ${MARK} masquerade`,
    `add rule ${t} nat-postrouting ct status dnat ip saddr . ip daddr @hairpin-connections masquerade`,
    `add rule ${t} nat-postrouting ip saddr ${POD_CIDR} ip daddr != ${POD_CIDR} oifname "eth0" masquerade`,
    ...['forward', 'output', 'input'].flatMap((hook) => [
      `add chain ${t} filter-${hook} { type filter hook ${hook} priority filter - 10; policy accept; }`,
      `add rule ${t} filter-${hook} ct state new ip daddr . meta l4proto . th dport vmap @no-endpoint-services`,
      ...(hook === 'forward'
        ? []
        : [
            `add rule ${t} filter-${hook} ct state new ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports`,
          ]),
    ]),
  ].join('\n');
}

/** One port of a Service with the endpoints that may answer. */
export interface ServicePort {
  service: ServiceObject;
  protocol: string;
  port: number;
  nodePort: number | undefined;
  endpoints: readonly ServiceEndpoint[];
}

export interface ServiceEndpoint {
  address: string;
  port: number;
  node: string | undefined;
}

/** Joins Services with their EndpointSlices. */
export function servicePorts(
  services: Iterable<ServiceObject>,
  slices: ReadonlyMap<string, readonly EndpointSliceObject[]>,
): ServicePort[] {
  const result: ServicePort[] = [];
  for (const service of services) {
    const { type = 'ClusterIP', clusterIP = '' } = service.spec;
    if (type === 'ExternalName' || clusterIP === '' || clusterIP === 'None') continue;
    const own = slices.get(keyOf(service)) ?? [];
    for (const port of service.spec.ports ?? []) {
      result.push({
        service,
        protocol: (port.protocol ?? 'TCP').toLowerCase(),
        port: port.port,
        nodePort: port.nodePort === 0 ? undefined : port.nodePort,
        endpoints: endpointsOf(own, port.name ?? ''),
      });
    }
  }
  return result;
}

/** Ready endpoints; where there are none, those that still serve while they end. */
function endpointsOf(slices: readonly EndpointSliceObject[], portName: string): ServiceEndpoint[] {
  const collect = (
    isWanted: (c: { ready: boolean; serving: boolean }) => boolean,
  ): ServiceEndpoint[] => {
    const found = new Map<string, ServiceEndpoint>();
    for (const slice of slices) {
      const port = slice.ports?.find(({ name }) => (name ?? '') === portName)?.port;
      if (port === undefined) continue;
      for (const endpoint of slice.endpoints) {
        const ready = endpoint.conditions?.ready ?? true;
        if (!isWanted({ ready, serving: endpoint.conditions?.serving ?? ready })) continue;
        const [address] = endpoint.addresses;
        if (address === undefined) continue;
        found.set(`${address}:${port}`, { address, port, node: endpoint.nodeName });
      }
    }
    return [...found.values()];
  };
  const ready = collect(({ ready: isReady }) => isReady);
  return ready.length > 0 ? ready : collect(({ serving }) => serving);
}

/** What one node's table holds for these ports. */
export function serviceContent(ports: readonly ServicePort[], node: string): TableContent {
  const draft: Draft = {
    maps: {
      'service-ips': new Map(),
      'service-nodeports': new Map(),
      'no-endpoint-services': new Map(),
      'no-endpoint-nodeports': new Map(),
    },
    hairpin: new Set(),
    dynamicSets: new Map(),
    chains: new Map(),
  };
  for (const port of ports) addPort(draft, port, node);
  return {
    maps: new Map(Object.entries(draft.maps)),
    sets: new Map([['hairpin-connections', draft.hairpin]]),
    dynamicSets: draft.dynamicSets,
    chains: draft.chains,
  };
}

interface Draft {
  maps: Record<
    'service-ips' | 'service-nodeports' | 'no-endpoint-services' | 'no-endpoint-nodeports',
    Map<string, string>
  >;
  hairpin: Set<string>;
  dynamicSets: Map<string, string>;
  chains: Map<string, string[]>;
}

function addPort(draft: Draft, port: ServicePort, node: string): void {
  const { service, protocol } = port;
  const { clusterIP = '' } = service.spec;
  const externals = [
    ...(service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
    ...(service.spec.externalIPs ?? []),
  ];
  const tuple = (address: string): string => `${address} . ${protocol} . ${port.port}`;
  const nodePort = port.nodePort === undefined ? undefined : `${protocol} . ${port.nodePort}`;
  for (const { address } of port.endpoints) draft.hairpin.add(`${address} . ${address}`);
  if (port.endpoints.length === 0) {
    for (const address of [clusterIP, ...externals]) {
      draft.maps['no-endpoint-services'].set(tuple(address), 'goto reject-chain');
    }
    if (nodePort !== undefined)
      draft.maps['no-endpoint-nodeports'].set(nodePort, 'goto reject-chain');
    return;
  }
  const id = nameOf(`${keyOf(service)}/${protocol}/${port.port}`);
  const internalLocal = service.spec.internalTrafficPolicy === 'Local';
  const internal = internalLocal
    ? port.endpoints.filter((one) => one.node === node)
    : port.endpoints;
  const balance = addBalance(draft, { port, id, endpoints: port.endpoints, suffix: '' });
  const internalChain = internalLocal
    ? addBalance(draft, { port, id, endpoints: internal, suffix: '-local' })
    : balance;
  const entry = `service-${id}`;
  draft.chains.set(entry, [
    // Whoever is neither a pod nor this node must get its answers back through here.
    `ip saddr != ${POD_CIDR} fib saddr type != local meta mark set meta mark or ${MARK}`,
    internal.length > 0 ? `goto ${internalChain}` : 'drop',
  ]);
  draft.maps['service-ips'].set(tuple(clusterIP), `goto ${entry}`);
  if (nodePort === undefined && externals.length === 0) return;
  const external = `external-${id}`;
  draft.chains.set(external, externalRules(draft, { port, node, id, balance }));
  for (const address of externals)
    draft.maps['service-ips'].set(tuple(address), `goto ${external}`);
  if (nodePort !== undefined) draft.maps['service-nodeports'].set(nodePort, `goto ${external}`);
}

function externalRules(
  draft: Draft,
  scope: { port: ServicePort; node: string; id: string; balance: string },
): string[] {
  const { port, node, id, balance } = scope;
  if (port.service.spec.externalTrafficPolicy !== 'Local') {
    return [`meta mark set meta mark or ${MARK}`, `goto ${balance}`];
  }
  // From inside, the policy says nothing: the client's address is not at stake.
  const inside = [
    `ip saddr ${POD_CIDR} goto ${balance}`,
    `fib saddr type local meta mark set meta mark or ${MARK}`,
    `fib saddr type local goto ${balance}`,
  ];
  const local = port.endpoints.filter((one) => one.node === node);
  if (local.length === 0) return [...inside, 'drop'];
  const suffix = '-external-local';
  return [...inside, `goto ${addBalance(draft, { port, id, endpoints: local, suffix })}`];
}

/** The chain that picks an endpoint; the same client again gets the same one where the Service wants it. */
function addBalance(
  draft: Draft,
  scope: { port: ServicePort; id: string; endpoints: readonly ServiceEndpoint[]; suffix: string },
): string {
  const { port, id, endpoints, suffix } = scope;
  const name = `balance${suffix}-${id}`;
  const { protocol, service } = port;
  const comment = `comment "${keyOf(service)}"`;
  if (service.spec.sessionAffinity !== 'ClientIP') {
    const choices = endpoints.map((one, i) => `${i} : ${one.address} . ${one.port}`).join(', ');
    draft.chains.set(name, [
      `meta l4proto ${protocol} dnat ip to numgen random mod ${endpoints.length} map { ${choices} } ${comment}`,
    ]);
    return name;
  }
  const seconds = service.spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10800;
  const chains = endpoints.map((one) => {
    const own = nameOf(`${id}/${one.address}:${one.port}`);
    const set = `affinity-${own}`;
    draft.dynamicSets.set(set, `type ipv4_addr; flags dynamic,timeout; timeout ${seconds}s;`);
    draft.chains.set(`endpoint-${own}`, [
      `update @${set} { ip saddr }`,
      `meta l4proto ${protocol} dnat ip to ${one.address}:${one.port} ${comment}`,
    ]);
    return { set, chain: `endpoint-${own}` };
  });
  const picks = chains.map(({ chain }, i) => `${i} : goto ${chain}`).join(', ');
  draft.chains.set(name, [
    ...chains.map(({ set, chain }) => `ip saddr @${set} goto ${chain}`),
    `numgen random mod ${chains.length} vmap { ${picks} }`,
  ]);
  return name;
}

function nameOf(text: string): string {
  return createHash('sha1').update(text).digest('hex').slice(0, 10);
}
