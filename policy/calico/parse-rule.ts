/** Reads one rule of a Calico policy or profile. */
import { isJsonObject, type JsonObject } from '../../common/json.js';
import { parseAddress, parseCidr } from '../address-range.js';
import { allOf, inNamespace, isKind, NAME, type LabelPredicate } from '../label-predicate.js';
import type { Complain } from '../label-selector.js';
import type { Action, Criterion, EndMatch, NormalRule, PacketMatch, Side } from '../normal-form.js';
import { PROTOCOL, readProtocol, WITH_PORTS } from '../protocols.js';
import { parseSelector } from './parse-selector.js';
import { SelectorError } from './selector-tokens.js';

export interface RuleContext {
  /** Empty for policies and profiles that live in no namespace. */
  namespace: string;
  complain: (field: string) => Complain;
}

/**
 * Never throws. What cannot be understood lets nothing pass: a part of an Allow, Pass or Log rule then
 * matches no packet, and a Deny rule goes without the part.
 */
export function parseRule(
  written: unknown,
  { index, field, ...context }: RuleContext & { index: number; field: string },
): NormalRule {
  if (!isJsonObject(written)) {
    context.complain(field)('is not an object');
    return { index, action: 'deny', when: [] };
  }
  const action = ACTIONS.get(written['action']);
  if (action === undefined) {
    context.complain(`${field}.action`)('is not Allow, Deny, Pass or Log');
    return { index, action: 'deny', when: [] };
  }
  const parts = new RuleParts(written, { ...context, field });
  const criteria = parts.read();
  const broken = parts.isBroken && action !== 'deny' ? [NEVER] : [];
  return { index, action, when: [...criteria, ...broken] };
}

/** Reads a selector; null and a complaint where it is wrong. */
export function readSelector(
  selector: unknown,
  scope: 'own' | 'namespace' | 'account',
  complain: Complain,
): LabelPredicate | null {
  if (typeof selector !== 'string') return complain('is not a string');
  try {
    return parseSelector(selector, scope);
  } catch (error) {
    if (error instanceof SelectorError) return complain(error.message);
    throw error;
  }
}

/** Addresses and ranges; an address alone stands for itself. */
export function readNet(net: unknown): EndMatch | undefined {
  if (typeof net !== 'string') return undefined;
  const alone = parseAddress(net);
  const range =
    alone === undefined
      ? parseCidr(net)
      : { family: alone.family, first: alone.value, last: alone.value };
  return range === undefined ? undefined : { type: 'net', ranges: [range], cidr: net, except: [] };
}

const ACTIONS = new Map<unknown, Action>([
  ['Allow', 'allow'],
  ['Deny', 'deny'],
  ['Pass', 'pass'],
  ['Log', 'log'],
]);

const NEVER: Criterion = { about: 'packet', not: false, anyOf: [] };
/** What a selector of a rule can find. */
const SELECTABLE = isKind('pod', 'host', 'set');

class RuleParts {
  isBroken = false;
  readonly #rule: JsonObject;
  readonly #context: RuleContext & { field: string };

  constructor(rule: JsonObject, context: RuleContext & { field: string }) {
    this.#rule = rule;
    this.#context = context;
  }

  read(): Criterion[] {
    return [
      ...this.#readEnd('source'),
      ...this.#readEnd('destination'),
      ...this.#readProtocols(),
      ...this.#readPorts('source'),
      ...this.#readPorts('destination'),
      ...this.#readIcmp('icmp'),
      ...this.#readIcmp('notICMP'),
      ...this.#readFamily(),
      ...this.#readHttp(),
    ];
  }

  #complain(part: string): Complain {
    return (problem) => {
      this.isBroken = true;
      return this.#context.complain(`${this.#context.field}.${part}`)(problem);
    };
  }

  #entity(side: Side): JsonObject {
    const entity = this.#rule[side] ?? {};
    if (isJsonObject(entity)) return entity;
    this.#complain(side)('is not an object');
    return {};
  }

  #readEnd(about: Side): Criterion[] {
    const entity = this.#entity(about);
    const criteria: Criterion[] = [];
    const wants = this.#readEndpoints(about, entity);
    if (wants !== undefined) criteria.push({ about, not: false, anyOf: [wants] });
    const notSelector = entity['notSelector'];
    if (isGiven(notSelector)) {
      const where = readSelector(notSelector, 'own', this.#complain(`${about}.notSelector`));
      if (where !== null) {
        criteria.push({
          about,
          not: true,
          anyOf: [{ type: 'endpoint', where: allOf(SELECTABLE, where) }],
        });
      }
    }
    for (const [field, not] of [
      ['nets', false],
      ['notNets', true],
    ] as const) {
      const nets = this.#list(entity[field], `${about}.${field}`);
      if (nets.length === 0) continue;
      const anyOf = nets.flatMap(
        (net) => readNet(net) ?? this.#complain(`${about}.${field}`)('invalid CIDR') ?? [],
      );
      criteria.push({ about, not, anyOf });
    }
    return criteria;
  }

  /** Selectors and accounts of one end speak of the same endpoint. */
  #readEndpoints(side: Side, entity: JsonObject): EndMatch | undefined {
    const services = entity['services'];
    if (isJsonObject(services)) {
      const { name, namespace } = services;
      return {
        type: 'service',
        namespace: typeof namespace === 'string' ? namespace : this.#context.namespace,
        name: typeof name === 'string' ? name : '',
      };
    }
    const { namespace } = this.#context;
    const parts: LabelPredicate[] = [];
    const selector = (field: string, scope: 'own' | 'namespace' | 'account', value: unknown) => {
      const read = readSelector(value, scope, this.#complain(`${side}.${field}`));
      if (read !== null) parts.push(read);
    };
    const [own, ofNamespace] = [entity['selector'], entity['namespaceSelector']];
    const accounts = isJsonObject(entity['serviceAccounts']) ? entity['serviceAccounts'] : {};
    const names = this.#list(accounts['names'], `${side}.serviceAccounts.names`).map(String);
    if (isGiven(own)) selector('selector', 'own', own);
    if (isGiven(ofNamespace)) selector('namespaceSelector', 'namespace', ofNamespace);
    if (names.length > 0) parts.push({ op: 'in', scope: 'account', key: NAME, values: names });
    if (isGiven(accounts['selector'])) {
      selector('serviceAccounts.selector', 'account', accounts['selector']);
    }
    const asks =
      isGiven(own) ||
      isGiven(ofNamespace) ||
      names.length > 0 ||
      isGiven(accounts['selector']) ||
      (namespace !== '' && isGiven(entity['notSelector']));
    if (!asks) return undefined;
    // A namespaced policy means its own namespace unless it says otherwise.
    const home = namespace !== '' && !isGiven(ofNamespace) ? [inNamespace(namespace)] : [];
    return { type: 'endpoint', where: allOf(SELECTABLE, ...home, ...parts) };
  }

  #readProtocols(): Criterion[] {
    const criteria: Criterion[] = [];
    for (const [field, not] of [
      ['protocol', false],
      ['notProtocol', true],
    ] as const) {
      const written = this.#rule[field];
      if (!isGiven(written)) continue;
      const protocol = readProtocol(written);
      if (protocol === undefined) {
        this.#complain(field)('protocol name invalid');
        continue;
      }
      // Ports name their protocol themselves.
      if (!not && this.#hasPorts()) continue;
      criteria.push({ about: 'packet', not, anyOf: [{ type: 'protocol', protocol }] });
    }
    return criteria;
  }

  #hasPorts(): boolean {
    return (['source', 'destination'] as const).some(
      (side) => this.#list(this.#entity(side)['ports'], `${side}.ports`).length > 0,
    );
  }

  #readPorts(side: Side): Criterion[] {
    const entity = this.#entity(side);
    const criteria: Criterion[] = [];
    for (const [field, not] of [
      ['ports', false],
      ['notPorts', true],
    ] as const) {
      const ports = this.#list(entity[field], `${side}.${field}`);
      if (ports.length === 0) continue;
      const complain = this.#complain(`${side}.${field}`);
      const anyOf = ports.flatMap((port) => this.#readPort(port, side, complain));
      criteria.push({ about: 'packet', not, anyOf });
    }
    return criteria;
  }

  #readPort(written: unknown, side: Side, complain: Complain): PacketMatch[] {
    const protocol = readProtocol(this.#rule['protocol']);
    const range = readPortRange(written);
    if (range !== undefined) {
      if (protocol !== undefined && WITH_PORTS.some((known) => known === protocol)) {
        return [{ type: 'port', side, protocol, ...range }];
      }
      complain('rules with numeric port or port range must set protocol to TCP or UDP or SCTP');
      return [];
    }
    if (typeof written !== 'string' || written === '') {
      complain('is not a port');
      return [];
    }
    const protocols = protocol === undefined ? WITH_PORTS : [protocol];
    return protocols.map((one) => ({ type: 'named-port', side, protocol: one, name: written }));
  }

  #readIcmp(field: 'icmp' | 'notICMP'): Criterion[] {
    const icmp = this.#rule[field];
    if (!isJsonObject(icmp)) return [];
    const [type, code] = [icmp['type'], icmp['code'] ?? undefined];
    if (typeof type !== 'number' || (code !== undefined && typeof code !== 'number')) {
      if (code !== undefined) this.#complain(field)('ICMP code specified without an ICMP type');
      return [];
    }
    const family = readProtocol(this.#rule['protocol']) === PROTOCOL.ICMPv6 ? 6 : 4;
    return [
      {
        about: 'packet',
        not: field === 'notICMP',
        anyOf: [{ type: 'icmp', family, icmpType: type, code }],
      },
    ];
  }

  #readFamily(): Criterion[] {
    const family = this.#rule['ipVersion'];
    if (family !== 4 && family !== 6) return [];
    return [{ about: 'packet', not: false, anyOf: [{ type: 'family', family }] }];
  }

  #readHttp(): Criterion[] {
    if (isGiven(this.#rule['http'])) {
      this.#complain('http')('needs the application layer policy, which is not there');
    }
    return [];
  }

  #list(list: unknown, part: string): readonly unknown[] {
    if (list === undefined || list === null) return [];
    if (Array.isArray(list)) return list;
    this.#complain(part)('is not a list');
    return [];
  }
}

/** `80` or `"6000:6010"`; undefined for a name. */
export function readPortRange(written: unknown): { first: number; last: number } | undefined {
  const text = typeof written === 'number' ? String(written) : written;
  const match = typeof text === 'string' ? /^(\d+)(?::(\d+))?$/.exec(text) : null;
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first <= last && last <= 65_535 ? { first, last } : undefined;
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== '';
