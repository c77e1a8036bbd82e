/**
 * A second opinion on NetworkPolicy, written as plainly as possible and sharing no code with `policy/`:
 * it walks the raw objects for one packet, compares addresses as strings of bits, and remembers nothing.
 */
import type { Flow, FlowEnd, World, WorldPod } from '../../policy/model.js';

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-argument -- raw objects on purpose: types would lend it the parser's view */

export function bruteForceAllows(world: World, flow: Flow): boolean {
  const packet = {
    world,
    flow,
    source: locate(world, flow.from),
    target: locate(world, flow.to),
  };
  if (packet.source.dead || packet.target.dead) return false;
  if (packet.source.pod !== undefined && packet.source.pod === packet.target.pod) return true;
  return leaves(packet) && enters(packet);
}

interface Place {
  pod?: WorldPod;
  ip?: string;
  node?: string;
  dead?: boolean;
}
interface Packet {
  world: World;
  flow: Flow;
  source: Place;
  target: Place;
}

function locate(world: World, end: FlowEnd): Place {
  const pod =
    end.type === 'pod'
      ? world.pods.find((p) => p.namespace === end.namespace && p.name === end.name)
      : world.pods.find((p) => !p.hostNetwork && !over(p) && p.addresses.includes(end.address));
  if (pod !== undefined && over(pod)) return { dead: true };
  if (pod?.hostNetwork === true) {
    return {
      ip: pod.addresses[0] ?? world.nodes.find((n) => n.name === pod.node)!.addresses[0]!,
      node: pod.node,
    };
  }
  if (pod !== undefined)
    return pod.addresses[0] === undefined ? { pod } : { pod, ip: pod.addresses[0] };
  const ip = end.type === 'address' ? end.address : '';
  const node = world.nodes.find((n) => n.addresses.includes(ip));
  return node === undefined ? { ip } : { ip, node: node.name };
}

const over = (pod: WorldPod): boolean => pod.phase === 'Succeeded' || pod.phase === 'Failed';

function leaves(packet: Packet): boolean {
  const pod = packet.source.pod;
  if (pod === undefined || packet.target.node === pod.node) return true;
  const policies = selecting(packet.world, pod, 'Egress');
  if (policies.length === 0) return true;
  for (const policy of policies) {
    for (const rule of policy.spec.egress ?? []) {
      if (
        peersAdmit(rule.to, { policy, packet, far: packet.target }) &&
        portsAdmit(rule.ports, packet)
      )
        return true;
    }
  }
  return false;
}

function enters(packet: Packet): boolean {
  const pod = packet.target.pod;
  if (pod === undefined || packet.source.node === pod.node) return true;
  const policies = selecting(packet.world, pod, 'Ingress');
  if (policies.length === 0) return true;
  for (const policy of policies) {
    for (const rule of policy.spec.ingress ?? []) {
      if (
        peersAdmit(rule.from, { policy, packet, far: packet.source }) &&
        portsAdmit(rule.ports, packet)
      )
        return true;
    }
  }
  return false;
}

/**
 * What the NetworkPolicies of a world say about one side, as a block: somebody admits, somebody selects but
 * nobody admits, or nobody selects.
 */
export function networkPolicyBlock(
  world: World,
  flow: Flow,
  side: 'leaves' | 'enters',
): 'admits' | 'selects' | 'none' {
  const packet = {
    world: { ...world, networkPolicies: world.networkPolicies.filter(isNetworkPolicy) },
    flow,
    source: locate(world, flow.from),
    target: locate(world, flow.to),
  };
  const pod = side === 'leaves' ? packet.source.pod : packet.target.pod;
  const type = side === 'leaves' ? 'Egress' : 'Ingress';
  if (pod === undefined || selecting(packet.world, pod, type).length === 0) return 'none';
  return (side === 'leaves' ? leaves(packet) : enters(packet)) ? 'admits' : 'selects';
}

const isNetworkPolicy = (policy: any): boolean => policy.apiVersion === 'networking.k8s.io/v1';

function selecting(world: World, pod: WorldPod, type: 'Ingress' | 'Egress'): any[] {
  return world.networkPolicies.filter((policy: any) => {
    if (policy.metadata.namespace !== pod.namespace) return false;
    if (!selects(policy.spec.podSelector, pod.labels)) return false;
    const types = policy.spec.policyTypes ?? [];
    if (types.length > 0) return types.includes(type);
    return type === 'Ingress' || (policy.spec.egress ?? []).length > 0;
  });
}

function peersAdmit(
  peers: any[] | undefined,
  { policy, packet, far }: { policy: any; packet: Packet; far: Place },
): boolean {
  if (peers === undefined || peers.length === 0) return true;
  return peers.some((peer) => {
    if (peer.ipBlock !== undefined) {
      if (far.ip === undefined || !inside(far.ip, peer.ipBlock.cidr)) return false;
      return !(peer.ipBlock.except ?? []).some((hole: string) => inside(far.ip!, hole));
    }
    if (far.pod === undefined) return false;
    const home = packet.world.namespaces.find((n) => n.name === far.pod!.namespace)!;
    const sameHome = far.pod.namespace === policy.metadata.namespace;
    if (
      peer.namespaceSelector === undefined
        ? !sameHome
        : !selects(peer.namespaceSelector, home.labels)
    ) {
      return false;
    }
    return peer.podSelector === undefined || selects(peer.podSelector, far.pod.labels);
  });
}

function portsAdmit(ports: any[] | undefined, { flow, target }: Packet): boolean {
  if (ports === undefined || ports.length === 0) return true;
  for (const { protocol = 'TCP', port, endPort } of ports) {
    if (protocol !== flow.protocol) continue;
    if (port === undefined) return true;
    if (typeof port === 'number') {
      for (let number = port; number <= (endPort ?? port); number += 1) {
        if (number === flow.port) return true;
      }
    } else {
      for (const own of target.pod?.ports ?? []) {
        if (own.name === port && own.protocol === protocol && own.port === flow.port) return true;
      }
    }
  }
  return false;
}

function selects(selector: any, labels: Record<string, string>): boolean {
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    if (labels[key] !== value) return false;
  }
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    const has = Object.keys(labels).includes(key);
    if (operator === 'Exists' && !has) return false;
    if (operator === 'DoesNotExist' && has) return false;
    if (operator === 'In' && !(has && values.includes(labels[key]))) return false;
    if (operator === 'NotIn' && has && values.includes(labels[key])) return false;
  }
  return true;
}

export function inside(ip: string, cidr: string): boolean {
  const [base = '', length = ''] = cidr.split('/');
  if (base.includes(':') !== ip.includes(':')) return false;
  return bits(ip).slice(0, Number(length)) === bits(base).slice(0, Number(length));
}

function bits(ip: string): string {
  if (!ip.includes(':')) {
    return ip
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  }
  const [left = '', right] = ip.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const middle = right === undefined ? [] : Array<string>(8 - head.length - tail.length).fill('0');
  return [...head, ...middle, ...tail]
    .map((group) => parseInt(group, 16).toString(2).padStart(16, '0'))
    .join('');
}
