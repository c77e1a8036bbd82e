/** Cluster-wide policies of policy.networking.k8s.io: ClusterNetworkPolicy and the older pair it replaces. */
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { parseCidr } from '../address-range.js';
import { allOf, isKind, type LabelPredicate } from '../label-predicate.js';
import { parseLabelSelector, type Complain } from '../label-selector.js';
import {
  farSide,
  type Action,
  type Criterion,
  type Direction,
  type EndMatch,
  type NormalPolicy,
  type NormalRule,
  type PacketMatch,
} from '../normal-form.js';
import { PROTOCOL, readProtocol, WITH_PORTS } from '../protocols.js';

export const ADMIN_TIER = 'kube-admin';
export const BASELINE_TIER = 'kube-baseline';

const KINDS = ['ClusterNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy'] as const;
type Kind = (typeof KINDS)[number];

export function isClusterPolicy(object: unknown): boolean {
  const version = valueAt(object, ['apiVersion']);
  return (
    typeof version === 'string' &&
    version.startsWith('policy.networking.k8s.io/') &&
    kindOf(object) !== undefined
  );
}

/**
 * Reads any of the three kinds. Never throws: what cannot be understood accepts nothing and denies more
 * rather than less. Undefined only without a name.
 */
export function parseClusterPolicy(object: unknown): NormalPolicy | undefined {
  const name = valueAt(object, ['metadata', 'name']);
  const kind = kindOf(object);
  if (typeof name !== 'string' || kind === undefined) return undefined;
  const problems: string[] = [];
  const complain = (field: string) => (problem: string) => {
    problems.push(`${field}: ${problem}`);
    return null;
  };
  const written = valueAt(object, ['spec']);
  const spec = isJsonObject(written) ? written : {};
  const rulesOf = (direction: Direction): NormalRule[] | undefined => {
    const rules = spec[direction];
    // There is no isolation without rules: a policy says nothing about a direction it has none for.
    if (!Array.isArray(rules) || rules.length === 0) return undefined;
    return rules.map((rule: unknown, index) =>
      parseRule(rule, { index, direction, complain, field: `spec.${direction}[${index}]` }),
    );
  };
  const isBaseline =
    kind === 'BaselineAdminNetworkPolicy' ||
    (kind === 'ClusterNetworkPolicy' && spec['tier'] === 'Baseline');
  const { priority } = spec;
  return {
    kind,
    namespace: '',
    name,
    tier: isBaseline ? BASELINE_TIER : ADMIN_TIER,
    order: typeof priority === 'number' ? priority : 0,
    subject:
      readPods(spec['subject'], complain('spec.subject')) ??
      // Better too many pods than too few.
      isKind('pod'),
    ingress: rulesOf('ingress'),
    egress: rulesOf('egress'),
    stage: 'filter',
    onForward: false,
    problems,
  };
}

const kindOf = (object: unknown): Kind | undefined =>
  KINDS.find((kind) => kind === valueAt(object, ['kind']));

interface RuleContext {
  index: number;
  direction: Direction;
  field: string;
  complain: (field: string) => Complain;
}

const ACTIONS = new Map<unknown, Action>([
  ['Accept', 'allow'],
  ['Allow', 'allow'],
  ['Deny', 'deny'],
  ['Pass', 'pass'],
]);

function parseRule(rule: unknown, { index, direction, field, complain }: RuleContext): NormalRule {
  const action = isJsonObject(rule) ? ACTIONS.get(rule['action']) : undefined;
  if (!isJsonObject(rule) || action === undefined) {
    complain(field)('has no action that is known');
    return { index, action: 'deny', when: [] };
  }
  const problems: string[] = [];
  const note = (part: string) => (problem: string) => {
    problems.push(problem);
    return complain(`${field}.${part}`)(problem);
  };
  const part = direction === 'ingress' ? 'from' : 'to';
  const peers = rule[part];
  const anyOf = (Array.isArray(peers) ? peers : []).flatMap((peer: unknown, i) =>
    readPeer(peer, note(`${part}[${i}]`)),
  );
  const about = farSide(direction);
  const when: Criterion[] = [{ about, not: false, anyOf }, ...readPorts(rule, note)];
  // A peer or port that is not understood must not make a hole in a Deny.
  return { index, action, when: problems.length > 0 && action === 'deny' ? [] : when };
}

function readPeer(peer: unknown, complain: Complain): EndMatch[] {
  if (!isJsonObject(peer)) {
    complain('is not an object');
    return [];
  }
  if (peer['namespaces'] !== undefined || peer['pods'] !== undefined) {
    const where = readPods(peer, complain);
    return where === null ? [] : [{ type: 'endpoint', where }];
  }
  if (peer['nodes'] !== undefined) {
    const nodes = parseLabelSelector(peer['nodes'], 'own', complain);
    return nodes === null ? [] : [{ type: 'endpoint', where: allOf(isKind('node'), nodes) }];
  }
  if (Array.isArray(peer['networks'])) {
    return peer['networks'].flatMap((cidr): EndMatch[] => {
      const range = typeof cidr === 'string' ? parseCidr(cidr) : undefined;
      if (typeof cidr !== 'string' || range === undefined) {
        complain('networks holds no CIDR');
        return [];
      }
      return [{ type: 'net', ranges: [range], cidr, except: [] }];
    });
  }
  complain('is of a kind that is not known here');
  return [];
}

/** `namespaces: selector`, or `pods: { namespaceSelector, podSelector }`. */
function readPods(written: unknown, complain: Complain): LabelPredicate | null {
  const namespaces = valueAt(written, ['namespaces']);
  if (namespaces !== undefined) {
    const where = parseLabelSelector(namespaces, 'namespace', complain);
    return where === null ? null : allOf(isKind('pod'), where);
  }
  const pods = valueAt(written, ['pods']);
  if (!isJsonObject(pods)) return complain('names neither namespaces nor pods');
  const ofNamespace = parseLabelSelector(pods['namespaceSelector'], 'namespace', complain);
  const own = parseLabelSelector(pods['podSelector'], 'own', complain);
  if (ofNamespace === null || own === null) return null;
  return allOf(isKind('pod'), ofNamespace, own);
}

/** v1alpha2 says `protocols`, v1alpha1 `ports`; absent means every packet. */
function readPorts(rule: JsonObject, note: (part: string) => Complain): Criterion[] {
  const [part, read] = Array.isArray(rule['protocols'])
    ? (['protocols', readProtocolEntry] as const)
    : (['ports', readPortEntry] as const);
  const list = rule[part];
  if (!Array.isArray(list) || list.length === 0) return [];
  const anyOf = list.flatMap((entry: unknown, i) => read(entry, note(`${part}[${i}]`)));
  return [{ about: 'packet', not: false, anyOf }];
}

function readProtocolEntry(entry: unknown, complain: Complain): PacketMatch[] {
  for (const name of ['tcp', 'udp', 'sctp'] as const) {
    const written = valueAt(entry, [name]);
    if (!isJsonObject(written)) continue;
    const protocol = readProtocol(name) ?? PROTOCOL.TCP;
    const port = written['destinationPort'];
    if (port === undefined) return [{ type: 'protocol', protocol }];
    return readNumbers(port, { protocol, complain });
  }
  const name = valueAt(entry, ['destinationNamedPort']);
  if (typeof name === 'string') return namedPort(name);
  complain('is of a kind that is not known here');
  return [];
}

function readPortEntry(entry: unknown, complain: Complain): PacketMatch[] {
  const number = valueAt(entry, ['portNumber']);
  const range = valueAt(entry, ['portRange']);
  const written = number ?? range;
  if (written !== undefined) {
    const protocol = readProtocol(valueAt(written, ['protocol']) ?? 'TCP') ?? PROTOCOL.TCP;
    return readNumbers(number === undefined ? { range } : { number: valueAt(number, ['port']) }, {
      protocol,
      complain,
    });
  }
  const name = valueAt(entry, ['namedPort']);
  if (typeof name === 'string') return namedPort(name);
  complain('is of a kind that is not known here');
  return [];
}

function readNumbers(
  port: unknown,
  { protocol, complain }: { protocol: number; complain: Complain },
): PacketMatch[] {
  const number = valueAt(port, ['number']);
  const first = number ?? valueAt(port, ['range', 'start']);
  const last = number ?? valueAt(port, ['range', 'end']);
  if (typeof first !== 'number' || typeof last !== 'number' || last < first) {
    complain('port numbers are not valid');
    return [];
  }
  return [{ type: 'port', side: 'destination', protocol, first, last }];
}

const namedPort = (name: string): PacketMatch[] =>
  WITH_PORTS.map((protocol) => ({ type: 'named-port', side: 'destination', protocol, name }));
