/**
 * The second opinion on policies of every kind between pods: walks the raw objects for one packet. Selectors are
 * rewritten to JavaScript and run, so that not even their grammar is shared with `policy/`.
 */
import type { Flow, World, WorldPod } from '../../policy/model.js';
import { inside as insideCidr, networkPolicyBlock } from './brute-force.js';

/* eslint-disable @typescript-eslint/no-explicit-any, @typescript-eslint/no-unsafe-member-access, @typescript-eslint/no-unsafe-call, @typescript-eslint/no-unsafe-argument, @typescript-eslint/no-unsafe-return -- raw objects on purpose: types would lend it the parser's view */

type Side = 'leaves' | 'enters';
type Verdict = 'Allow' | 'Deny' | 'Pass' | undefined;

/** Both ends must be pods with an address. */
export function bruteForceTiers(world: World, flow: Flow): boolean {
  const packet = { world, flow, source: podOf(world, flow.from), target: podOf(world, flow.to) };
  if (packet.source === packet.target) return true;
  return (['leaves', 'enters'] as const).every((side) => passes(packet, side));
}

interface Packet {
  world: World;
  flow: Flow;
  source: WorldPod;
  target: WorldPod;
}

const podOf = (world: World, end: any): WorldPod =>
  world.pods.find(({ namespace, name }) => namespace === end.namespace && name === end.name)!;

interface Entry {
  order: number;
  name: string;
  run: () => Verdict;
}

function passes(packet: Packet, side: Side): boolean {
  for (const tier of tiersOf(packet.world)) {
    const entries = entriesOf(packet, { tier: tier.name, side });
    if (entries.length === 0) continue;
    entries.sort((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
    let verdict: Verdict;
    for (const entry of entries) verdict ??= entry.run();
    verdict ??= tier.otherwise;
    if (verdict !== 'Pass') return verdict === 'Allow';
  }
  return true;
}

function tiersOf(world: World): { name: string; order: number; otherwise: Verdict }[] {
  const own = (world.policyResources ?? [])
    .filter((object: any) => object.kind === 'Tier')
    .map((object: any) => ({
      name: object.metadata.name as string,
      order: object.spec.order as number,
      otherwise: object.spec.defaultAction as Verdict,
    }));
  return [
    ...own,
    { name: 'kube-admin', order: 1000, otherwise: 'Pass' as const },
    { name: 'default', order: 1_000_000, otherwise: 'Deny' as const },
    { name: 'kube-baseline', order: 10_000_000, otherwise: 'Pass' as const },
  ].sort((a, b) => a.order - b.order);
}

function entriesOf(packet: Packet, { tier, side }: { tier: string; side: Side }): Entry[] {
  const { world, flow } = packet;
  const entries: Entry[] = [];
  const block = networkPolicyBlock(world, flow, side);
  if (tier === 'default' && block !== 'none') {
    entries.push({
      order: 1000,
      name: 'knp',
      run: () => (block === 'admits' ? 'Allow' : undefined),
    });
  }
  for (const policy of world.networkPolicies as any[]) {
    const { apiVersion, metadata, spec } = policy;
    const subject = side === 'leaves' ? packet.source : packet.target;
    const rules = (side === 'leaves' ? spec.egress : spec.ingress) ?? [];
    if (apiVersion.startsWith('projectcalico.org')) {
      if ((spec.tier ?? 'default') !== tier || !calicoSelects(policy, subject, world)) continue;
      if (!calicoTypes(spec).includes(side === 'leaves' ? 'Egress' : 'Ingress')) continue;
      entries.push({
        order: spec.order ?? Infinity,
        name: `default.${metadata.name}`,
        run: () => firstRule(rules, (rule) => calicoRule(rule, policy, packet)),
      });
    } else if (apiVersion.startsWith('policy.networking.k8s.io')) {
      const isAdmin = policy.kind === 'AdminNetworkPolicy' || spec.tier === 'Admin';
      if (tier !== (isAdmin ? 'kube-admin' : 'kube-baseline') || rules.length === 0) continue;
      if (!clusterPods(spec.subject, subject, world)) continue;
      entries.push({
        order: spec.priority ?? 0,
        name: metadata.name,
        run: () => firstRule(rules, (rule) => clusterRule(rule, side, packet)),
      });
    }
  }
  return entries;
}

function firstRule(rules: any[], matches: (rule: any) => boolean): Verdict {
  for (const rule of rules) {
    if (rule.action === 'Log' || !matches(rule)) continue;
    return rule.action === 'Accept' ? 'Allow' : rule.action;
  }
  return undefined;
}

function calicoTypes(spec: any): string[] {
  if (spec.types !== undefined) return spec.types;
  const [into, out] = [(spec.ingress ?? []).length, (spec.egress ?? []).length];
  return [...(into > 0 || out === 0 ? ['Ingress'] : []), ...(out > 0 ? ['Egress'] : [])];
}

function calicoSelects(policy: any, pod: WorldPod, world: World): boolean {
  const { spec, metadata, kind } = policy;
  if (kind === 'NetworkPolicy' && metadata.namespace !== pod.namespace) return false;
  const who = identityOf(pod, world);
  return (
    ask(spec.selector, who.own) &&
    (kind === 'NetworkPolicy' || ask(spec.namespaceSelector, who.namespace)) &&
    ask(spec.serviceAccountSelector, who.account)
  );
}

interface Identity {
  own: Record<string, string>;
  namespace: Record<string, string> | undefined;
  account: Record<string, string>;
}

function identityOf(pod: WorldPod, world: World): Identity {
  const account = pod.serviceAccount ?? 'default';
  const labels = world.serviceAccounts?.find(
    (one) => one.namespace === pod.namespace && one.name === account,
  )?.labels;
  return {
    own: {
      ...pod.labels,
      'projectcalico.org/namespace': pod.namespace,
      'projectcalico.org/orchestrator': 'k8s',
      'projectcalico.org/serviceaccount': account,
    },
    namespace: namespaceLabels(pod.namespace, world),
    account: { ...labels, 'projectcalico.org/name': account },
  };
}

const namespaceLabels = (name: string, world: World): Record<string, string> => ({
  ...world.namespaces.find((one) => one.name === name)!.labels,
  'projectcalico.org/name': name,
});

/** Everything that Calico knows at the address of a pod: itself, and the network sets around it. */
function identitiesAt(pod: WorldPod, world: World): Identity[] {
  const sets = (world.policyResources ?? []).filter(
    (object: any) =>
      object.kind.endsWith('NetworkSet') &&
      object.spec.nets.some((net: string) => inside(pod.addresses[0]!, net)),
  );
  return [
    identityOf(pod, world),
    ...sets.map((object: any) => {
      const { namespace, labels } = object.metadata;
      const home = namespace === undefined ? {} : { 'projectcalico.org/namespace': namespace };
      return {
        own: { ...labels, ...home },
        namespace: namespace === undefined ? undefined : namespaceLabels(namespace, world),
        account: {},
      };
    }),
  ];
}

function calicoRule(rule: any, policy: any, packet: Packet): boolean {
  const { flow } = packet;
  const number = PROTOCOLS[flow.protocol]!;
  const is = (protocol: any): boolean => (PROTOCOLS[protocol] ?? Number(protocol)) === number;
  if (rule.protocol !== undefined && !is(rule.protocol)) return false;
  if (rule.notProtocol !== undefined && is(rule.notProtocol)) return false;
  if (rule.ipVersion !== undefined && rule.ipVersion !== 4) return false;
  return (
    calicoEnd(rule.source ?? {}, { policy, packet, pod: packet.source, port: undefined }) &&
    calicoEnd(rule.destination ?? {}, { policy, packet, pod: packet.target, port: flow.port })
  );
}

const PROTOCOLS: Record<string, number> = { TCP: 6, UDP: 17, SCTP: 132 };

function calicoEnd(
  end: any,
  scope: { policy: any; packet: Packet; pod: WorldPod; port: number | undefined },
): boolean {
  const { policy, packet, pod, port } = scope;
  const { world, flow } = packet;
  const [address = ''] = pod.addresses;
  if (end.nets !== undefined && !end.nets.some((net: string) => inside(address, net))) return false;
  if (end.notNets?.some((net: string) => inside(address, net)) === true) return false;
  const has = (wanted: any): boolean =>
    typeof wanted === 'string' && /^[a-z]/.test(wanted)
      ? pod.ports.some(
          (own) => own.name === wanted && own.port === port && own.protocol === flow.protocol,
        )
      : between(port!, String(wanted));
  if (end.ports !== undefined && !end.ports.some(has)) return false;
  if (end.notPorts?.some(has) === true) return false;
  const identities = identitiesAt(pod, world);
  if (end.notSelector !== undefined && identities.some(({ own }) => ask(end.notSelector, own))) {
    return false;
  }
  const isNamespaced = policy.kind === 'NetworkPolicy';
  const asks =
    end.selector !== undefined ||
    end.namespaceSelector !== undefined ||
    end.serviceAccounts !== undefined ||
    (isNamespaced && end.notSelector !== undefined);
  if (!asks) return true;
  return identities.some(({ own, namespace, account }) => {
    if (!ask(end.selector, own)) return false;
    if (end.namespaceSelector === undefined) {
      if (isNamespaced && own['projectcalico.org/namespace'] !== policy.metadata.namespace) {
        return false;
      }
    } else if (!ask(end.namespaceSelector, namespace)) return false;
    const names = end.serviceAccounts?.names;
    return names === undefined || names.includes(account['projectcalico.org/name']);
  });
}

const inside = (address: string, net: string): boolean =>
  insideCidr(address, net.includes('/') ? net : `${net}/32`);

function between(port: number, wanted: string): boolean {
  const [first, last = first] = wanted.split(':').map(Number);
  return port >= first! && port <= last!;
}

/** Undefined labels stand for what has no namespace. */
function ask(selector: string | undefined, labels: Record<string, string> | undefined): boolean {
  if (selector === undefined || selector === '') return true;
  const texts: string[] = [];
  let js = selector.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, one?: string, two?: string) => {
    texts.push(one ?? two ?? '');
    return `§${texts.length - 1}§`;
  });
  const key = String.raw`([\w./-]+)`;
  const replace = (pattern: string, by: string): void => {
    js = js.replaceAll(new RegExp(pattern, 'g'), by);
  };
  replace(String.raw`has\(\s*${key}\s*\)`, '(L["$1"]!==undefined)');
  replace(String.raw`all\(\)`, String(labels !== undefined));
  replace(String.raw`global\(\)`, String(labels === undefined));
  replace(String.raw`${key}\s+not\s*in\s*\{([^}]*)\}`, '![$2].includes(L["$1"])');
  replace(String.raw`${key}\s+in\s*\{([^}]*)\}`, '[$2].includes(L["$1"])');
  replace(String.raw`${key}\s*==\s*§`, 'L["$1"]===§');
  replace(String.raw`${key}\s*!=\s*§`, 'L["$1"]!==§');
  replace(String.raw`${key}\s+contains\s+§(\d+)§`, '(L["$1"]?.includes(§$2§)??false)');
  replace(String.raw`${key}\s+starts\s*with\s+§(\d+)§`, '(L["$1"]?.startsWith(§$2§)??false)');
  replace(String.raw`${key}\s+ends\s*with\s+§(\d+)§`, '(L["$1"]?.endsWith(§$2§)??false)');
  replace('§(\\d+)§', 'T[$1]');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- selectors come from this folder's own generator
  return Boolean(new Function('L', 'T', `return ${js}`)(labels ?? {}, texts));
}

function clusterPods(wanted: any, pod: WorldPod, world: World): boolean {
  const home = world.namespaces.find(({ name }) => name === pod.namespace)!.labels;
  if (wanted.namespaces !== undefined) return hasLabels(wanted.namespaces, home);
  const { namespaceSelector, podSelector } = wanted.pods;
  return hasLabels(namespaceSelector, home) && hasLabels(podSelector, pod.labels);
}

const hasLabels = (selector: any, labels: Record<string, string>): boolean =>
  Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);

function clusterRule(rule: any, side: Side, { flow, ...packet }: Packet): boolean {
  const far = side === 'leaves' ? packet.target : packet.source;
  const peers = side === 'leaves' ? rule.to : rule.from;
  const isPeer = peers.some((peer: any) =>
    peer.networks === undefined
      ? clusterPods(peer, far, packet.world)
      : peer.networks.some((net: string) => inside(far.addresses[0]!, net)),
  );
  if (!isPeer) return false;
  const entries = rule.protocols ?? rule.ports;
  if (entries === undefined) return true;
  return entries.some((entry: any) => {
    const name = entry.destinationNamedPort ?? entry.namedPort;
    if (name !== undefined) {
      return packet.target.ports.some(
        (own) => own.name === name && own.port === flow.port && own.protocol === flow.protocol,
      );
    }
    if (entry.portNumber !== undefined) {
      return entry.portNumber.protocol === flow.protocol && entry.portNumber.port === flow.port;
    }
    const port = entry[flow.protocol.toLowerCase()]?.destinationPort;
    if (port === undefined) return entry[flow.protocol.toLowerCase()] !== undefined;
    return port.number === undefined
      ? flow.port >= port.range.start && flow.port <= port.range.end
      : flow.port === port.number;
  });
}
