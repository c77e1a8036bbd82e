import { createHash } from 'node:crypto';
import { formatRange, isWholeFamily, parseCidr, union } from '../../../policy/address-range.js';
import { POD_CIDR } from './addresses.js';
import type { TableContent } from './nft-table.js';
import { keyOf, type ServiceObject } from './objects.js';
import {
  externalAddresses,
  usable,
  type ServiceEndpoint,
  type ServicePort,
} from './service-ports.js';

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
  for (const { address } of port.endpoints) draft.hairpin.add(`${address} . ${address}`);
  if (port.endpoints.length === 0) addRefusal(draft, port);
  else addTranslation(draft, port, node);
}

const tupleOf = ({ protocol, port }: ServicePort, address: string): string =>
  `${address} . ${protocol} . ${port}`;

const idOf = ({ service, protocol, port }: ServicePort): string =>
  nameOf(`${keyOf(service)}/${protocol}/${port}`);

/** Nobody answers: whoever asks is told at once. */
function addRefusal(draft: Draft, port: ServicePort): void {
  const { service, protocol, nodePort } = port;
  const { balancer, external } = externalAddresses(service);
  for (const address of [service.spec.clusterIP ?? '', ...balancer, ...external]) {
    draft.maps['no-endpoint-services'].set(tupleOf(port, address), 'goto reject-chain');
  }
  if (nodePort !== undefined) {
    draft.maps['no-endpoint-nodeports'].set(`${protocol} . ${nodePort}`, 'goto reject-chain');
  }
  if (isFenced(service)) addFence(draft, port, []);
}

function addTranslation(draft: Draft, port: ServicePort, node: string): void {
  const { service, protocol, nodePort } = port;
  const id = idOf(port);
  const local = usable(port.endpoints.filter((one) => one.node === node));
  const everywhere = addBalance(draft, port, { endpoints: usable(port.endpoints), suffix: '' });
  const here =
    local.length === 0
      ? undefined
      : addBalance(draft, port, { endpoints: local, suffix: '-local' });
  const isInternalLocal = service.spec.internalTrafficPolicy === 'Local';
  const entry = `service-${id}`;
  draft.chains.set(entry, [
    // Whoever is neither a pod nor this node must get its answers back through here.
    `ip saddr != ${POD_CIDR} fib saddr type != local meta mark set meta mark or ${MARK}`,
    isInternalLocal ? to(here) : to(everywhere),
  ]);
  draft.maps['service-ips'].set(tupleOf(port, service.spec.clusterIP ?? ''), to(entry));
  const { balancer, external } = externalAddresses(service);
  if (nodePort === undefined && balancer.length + external.length === 0) return;
  const outer = `external-${id}`;
  draft.chains.set(outer, externalRules(service, { everywhere, here }));
  for (const address of [...balancer, ...external]) {
    draft.maps['service-ips'].set(tupleOf(port, address), to(outer));
  }
  if (nodePort !== undefined) {
    draft.maps['service-nodeports'].set(`${protocol} . ${nodePort}`, to(outer));
  }
  if (isFenced(service)) addFence(draft, port, [to(outer)]);
}

/** The endpoints exist, but not for who asks here: silence, as kube-proxy has it. */
const to = (chain: string | undefined): string => (chain === undefined ? 'drop' : `goto ${chain}`);

function externalRules(
  { spec }: ServiceObject,
  { everywhere, here }: { everywhere: string; here: string | undefined },
): string[] {
  if (spec.externalTrafficPolicy !== 'Local') {
    return [`meta mark set meta mark or ${MARK}`, to(everywhere)];
  }
  return [
    // From inside, the policy says nothing: the client's address is not at stake.
    `ip saddr ${POD_CIDR} goto ${everywhere}`,
    `fib saddr type local meta mark set meta mark or ${MARK}`,
    `fib saddr type local goto ${everywhere}`,
    to(here),
  ];
}

/** Who is outside of `loadBalancerSourceRanges` gets silence at the load balancer's address, and only there. */
function addFence(draft: Draft, port: ServicePort, inside: readonly string[]): void {
  const fence = `fence-${idOf(port)}`;
  const ranges = sourceRanges(port.service).map(formatRange).join(', ');
  draft.chains.set(fence, [`ip saddr != { ${ranges} } drop`, ...inside]);
  for (const address of externalAddresses(port.service).balancer) {
    draft.maps['service-ips'].set(tupleOf(port, address), to(fence));
  }
}

function isFenced(service: ServiceObject): boolean {
  const ranges = sourceRanges(service);
  return ranges.length > 0 && !ranges.some(isWholeFamily);
}

/** Ranges of the other family do not count, as in kube-proxy. */
function sourceRanges({ spec }: ServiceObject): ReturnType<typeof union> {
  const ranges = (spec.loadBalancerSourceRanges ?? []).flatMap(
    (text) => parseCidr(text.trim()) ?? [],
  );
  return union(ranges.filter(({ family }) => family === 4));
}

/** The chain that picks an endpoint; the same client again gets the same one where the Service wants it. */
function addBalance(
  draft: Draft,
  port: ServicePort,
  { endpoints, suffix }: { endpoints: readonly ServiceEndpoint[]; suffix: string },
): string {
  const { protocol, service } = port;
  const name = `balance${suffix}-${idOf(port)}`;
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
    // A set keeps the time it was made with: another time is another set.
    const own = nameOf(`${idOf(port)}/${one.address}:${one.port}/${seconds}`);
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
