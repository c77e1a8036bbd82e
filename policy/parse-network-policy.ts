import { isJsonObject, valueAt } from '../common/json.js';
import { parseCidr, subtract, type AddressRange } from './address-range.js';
import { EVERYTHING, parseLabelSelector, type Complain } from './label-predicate.js';
import {
  ALL_PORTS,
  type NormalPolicy,
  type NormalRule,
  type Peer,
  type PodSet,
  type PolicyProtocol,
  type PortMatch,
} from './normal-form.js';

/** True for networking.k8s.io NetworkPolicy objects, also where a list left out their kind. */
export function isNetworkPolicy(object: unknown): boolean {
  const kind = valueAt(object, ['kind']) ?? 'NetworkPolicy';
  const version = valueAt(object, ['apiVersion']) ?? 'networking.k8s.io/v1';
  return (
    kind === 'NetworkPolicy' &&
    typeof version === 'string' &&
    (version.startsWith('networking.k8s.io/') || version.startsWith('extensions/'))
  );
}

/**
 * Reads a stored NetworkPolicy. Never throws: what cannot be understood allows nothing and selects more
 * rather than fewer pods, so that a broken policy is a closed one. Undefined only without a namespace and
 * name, where there is nothing to apply it to.
 */
export function parseNetworkPolicy(object: unknown): NormalPolicy | undefined {
  const namespace = valueAt(object, ['metadata', 'namespace']);
  const name = valueAt(object, ['metadata', 'name']);
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined;
  const problems: string[] = [];
  const written = valueAt(object, ['spec']);
  if (!isJsonObject(written)) problems.push('spec: is not an object');
  const spec = isJsonObject(written) ? written : {};
  const complain = (field: string) => (problem: string) => {
    problems.push(`${field}: ${problem}`);
    return null;
  };
  const pods = parseLabelSelector(spec['podSelector'], complain('spec.podSelector'));
  const types = parseTypes(spec, complain('spec.policyTypes'));
  const parts = { namespace, complain };
  return {
    namespace,
    name,
    subject: { namespaces: { type: 'named', name: namespace }, pods: pods ?? EVERYTHING },
    ingress: types.ingress
      ? parseRules(spec['ingress'], { ...parts, field: 'spec.ingress', peers: 'from' })
      : undefined,
    egress: types.egress
      ? parseRules(spec['egress'], { ...parts, field: 'spec.egress', peers: 'to' })
      : undefined,
    problems,
  };
}

interface RuleContext {
  namespace: string;
  field: string;
  peers: 'from' | 'to';
  complain: (field: string) => Complain;
}

function parseTypes(
  spec: Record<string, unknown>,
  complain: Complain,
): { ingress: boolean; egress: boolean } {
  const types = spec['policyTypes'];
  if (types === undefined || types === null || (Array.isArray(types) && types.length === 0)) {
    const egress = spec['egress'];
    // Defaulting counts egress rules, so `egress: []` leaves egress alone. No spec at all closes both.
    const broken = egress !== undefined && egress !== null && !Array.isArray(egress);
    return { ingress: true, egress: broken || (Array.isArray(egress) && egress.length > 0) };
  }
  if (!Array.isArray(types)) {
    complain('is not a list');
    return { ingress: true, egress: true };
  }
  if (types.some((type) => type !== 'Ingress' && type !== 'Egress')) {
    complain('names an unknown direction');
    return { ingress: true, egress: true };
  }
  return { ingress: types.includes('Ingress'), egress: types.includes('Egress') };
}

function parseRules(rules: unknown, context: RuleContext): NormalRule[] {
  if (rules === undefined || rules === null) return [];
  if (!Array.isArray(rules)) {
    context.complain(context.field)('is not a list');
    return [];
  }
  return rules.map((rule: unknown, index) => {
    const field = `${context.field}[${index}]`;
    if (isJsonObject(rule)) {
      return {
        index,
        action: 'allow',
        peers: parsePeers(rule[context.peers], { ...context, field: `${field}.${context.peers}` }),
        ports: parsePorts(rule['ports'], {
          field: `${field}.ports`,
          complain: context.complain,
        }),
      };
    }
    context.complain(field)('is not an object');
    return { index, action: 'allow', peers: [], ports: [] };
  });
}

function parsePeers(peers: unknown, context: RuleContext): 'any' | Peer[] {
  if (isAbsentOrEmpty(peers)) return 'any';
  if (!Array.isArray(peers)) {
    context.complain(context.field)('is not a list');
    return [];
  }
  return peers.flatMap((peer: unknown, index) => {
    const parsed = parsePeer(peer, {
      namespace: context.namespace,
      complain: context.complain(`${context.field}[${index}]`),
    });
    return parsed === null ? [] : [parsed];
  });
}

function parsePeer(
  peer: unknown,
  { namespace, complain }: { namespace: string; complain: Complain },
): Peer | null {
  if (!isJsonObject(peer)) return complain('is not an object');
  const podSelector = peer['podSelector'] ?? undefined;
  const namespaceSelector = peer['namespaceSelector'] ?? undefined;
  const ipBlock = peer['ipBlock'] ?? undefined;
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (ipBlock !== undefined) {
    if (selects) return complain('names both ipBlock and another peer');
    return parseIpBlock(ipBlock, complain);
  }
  if (!selects) return complain('names no peer');
  const pods = parseLabelSelector(podSelector, complain);
  const namespaces = parseLabelSelector(namespaceSelector, complain);
  if (pods === null || namespaces === null) return null;
  const from: PodSet['namespaces'] =
    namespaceSelector === undefined
      ? { type: 'named', name: namespace }
      : { type: 'labels', labels: namespaces };
  return { type: 'pods', pods: { namespaces: from, pods } };
}

function parseIpBlock(ipBlock: unknown, complain: Complain): Peer | null {
  const cidr = valueAt(ipBlock, ['cidr']);
  const except = valueAt(ipBlock, ['except']) ?? [];
  const range = typeof cidr === 'string' ? parseCidr(cidr) : undefined;
  if (typeof cidr !== 'string' || range === undefined) return complain('cidr is not valid');
  if (!Array.isArray(except)) return complain('except is not a list');
  const cuts: AddressRange[] = [];
  const words: string[] = [];
  for (const text of except) {
    const cut = typeof text === 'string' ? parseCidr(text) : undefined;
    // Ignoring an exception would open what the author closed.
    if (typeof text !== 'string' || cut === undefined) {
      return complain('except is not valid');
    }
    cuts.push(cut);
    words.push(text);
  }
  return { type: 'addresses', ranges: subtract(range, cuts), cidr, except: words };
}

function parsePorts(
  ports: unknown,
  { field, complain }: { field: string; complain: (field: string) => Complain },
): 'any' | PortMatch[] {
  if (isAbsentOrEmpty(ports)) return 'any';
  if (!Array.isArray(ports)) {
    complain(field)('is not a list');
    return [];
  }
  return ports.flatMap((port: unknown, index) => {
    const parsed = parsePort(port, complain(`${field}[${index}]`));
    return parsed === null ? [] : [parsed];
  });
}

function parsePort(written: unknown, complain: Complain): PortMatch | null {
  if (!isJsonObject(written)) return complain('is not an object');
  const protocol = parseProtocol(written['protocol'] ?? 'TCP');
  if (protocol === undefined) return complain('protocol is not TCP, UDP or SCTP');
  const port = written['port'] ?? undefined;
  const endPort = written['endPort'] ?? undefined;
  if (port === undefined) {
    if (endPort !== undefined) return complain('endPort without port');
    return { type: 'range', protocol, ...ALL_PORTS };
  }
  if (typeof port === 'string') {
    if (endPort !== undefined) return complain('endPort with a named port');
    return { type: 'name', protocol, name: port };
  }
  const last = endPort ?? port;
  if (!isPortNumber(port) || !isPortNumber(last) || last < port) {
    return complain('port numbers are not valid');
  }
  return { type: 'range', protocol, first: port, last };
}

const parseProtocol = (text: unknown): PolicyProtocol | undefined =>
  text === 'TCP' || text === 'UDP' || text === 'SCTP' ? text : undefined;

const isPortNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;

const isAbsentOrEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);
