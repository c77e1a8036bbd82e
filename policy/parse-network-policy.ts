import { isJsonObject, valueAt } from '../common/json.js';
import { parseCidr, subtract, type AddressRange } from './address-range.js';
import { allOf, inNamespace, isKind } from './label-predicate.js';
import { parseLabelSelector, type Complain } from './label-selector.js';
import {
  farSide,
  type Criterion,
  type Direction,
  type EndMatch,
  type NormalPolicy,
  type NormalRule,
  type PacketMatch,
} from './normal-form.js';
import { PROTOCOL } from './protocols.js';

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
  const pods = parseLabelSelector(spec['podSelector'], 'own', complain('spec.podSelector'));
  const types = parseTypes(spec, complain('spec.policyTypes'));
  const rulesOf = (direction: Direction): NormalRule[] | undefined =>
    types[direction]
      ? parseRules(spec[direction], { namespace, direction, complain, field: `spec.${direction}` })
      : undefined;
  return {
    kind: 'NetworkPolicy',
    namespace,
    name,
    tier: 'default',
    order: NETWORK_POLICY_ORDER,
    subject: allOf(isKind('pod'), inNamespace(namespace), ...(pods === null ? [] : [pods])),
    ingress: rulesOf('ingress'),
    egress: rulesOf('egress'),
    stage: 'filter',
    onForward: false,
    problems,
  };
}

/** Where Calico places them among its own policies of the tier. */
const NETWORK_POLICY_ORDER = 1000;

interface RuleContext {
  namespace: string;
  direction: Direction;
  field: string;
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
    const about = farSide(context.direction);
    if (!isJsonObject(rule)) {
      context.complain(field)('is not an object');
      return { index, action: 'allow', when: [{ about, not: false, anyOf: [] }] };
    }
    const peers = context.direction === 'ingress' ? 'from' : 'to';
    return {
      index,
      action: 'allow',
      when: [
        ...parsePeers(rule[peers], { ...context, field: `${field}.${peers}` }),
        ...parsePorts(rule['ports'], { ...context, field: `${field}.ports` }),
      ],
    };
  });
}

/** No criterion where no peer is named. */
function parsePeers(peers: unknown, { direction, ...context }: RuleContext): Criterion[] {
  if (isAbsentOrEmpty(peers)) return [];
  const about = farSide(direction);
  const anyOf = parseList(peers, context, (peer, complain) =>
    parsePeer(peer, { namespace: context.namespace, complain }),
  );
  return [{ about, not: false, anyOf }];
}

/** What cannot be understood is left out, and so matches nothing. */
function parseList<T>(
  list: unknown,
  { field, complain }: Pick<RuleContext, 'field' | 'complain'>,
  parse: (entry: unknown, complain: Complain) => T | null,
): T[] {
  if (!Array.isArray(list)) {
    complain(field)('is not a list');
    return [];
  }
  return list.flatMap((entry: unknown, index) => {
    const parsed = parse(entry, complain(`${field}[${index}]`));
    return parsed === null ? [] : [parsed];
  });
}

function parsePeer(
  peer: unknown,
  { namespace, complain }: { namespace: string; complain: Complain },
): EndMatch | null {
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
  const pods = parseLabelSelector(podSelector, 'own', complain);
  const namespaces =
    namespaceSelector === undefined
      ? inNamespace(namespace)
      : parseLabelSelector(namespaceSelector, 'namespace', complain);
  if (pods === null || namespaces === null) return null;
  return { type: 'endpoint', where: allOf(isKind('pod'), namespaces, pods) };
}

function parseIpBlock(ipBlock: unknown, complain: Complain): EndMatch | null {
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
  return { type: 'net', ranges: subtract(range, cuts), cidr, except: words };
}

/** No criterion where no port is named. */
function parsePorts(ports: unknown, context: RuleContext): Criterion[] {
  if (isAbsentOrEmpty(ports)) return [];
  return [{ about: 'packet', not: false, anyOf: parseList(ports, context, parsePort) }];
}

function parsePort(written: unknown, complain: Complain): PacketMatch | null {
  if (!isJsonObject(written)) return complain('is not an object');
  const protocol = parseProtocol(written['protocol'] ?? 'TCP');
  if (protocol === undefined) return complain('protocol is not TCP, UDP or SCTP');
  const port = written['port'] ?? undefined;
  const endPort = written['endPort'] ?? undefined;
  if (port === undefined) {
    if (endPort !== undefined) return complain('endPort without port');
    return { type: 'protocol', protocol };
  }
  const side = 'destination';
  if (typeof port === 'string') {
    if (endPort !== undefined) return complain('endPort with a named port');
    return { type: 'named-port', side, protocol, name: port };
  }
  const last = endPort ?? port;
  if (!isPortNumber(port) || !isPortNumber(last) || last < port) {
    return complain('port numbers are not valid');
  }
  return { type: 'port', side, protocol, first: port, last };
}

const parseProtocol = (text: unknown): number | undefined =>
  text === 'TCP' || text === 'UDP' || text === 'SCTP' ? PROTOCOL[text] : undefined;

const isPortNumber = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 65_535;

const isAbsentOrEmpty = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.length === 0);
