/** What Calico refuses in its own objects, in its words where it has some. */
import { isJsonObject, valueAt, type Json, type JsonObject } from '../../common/json.js';
import { parseCidr } from '../address-range.js';
import { PROTOCOL, readProtocol, WITH_PORTS } from '../protocols.js';
import { FAILSAFE_FIELDS, readFailsafePort } from './felix-configuration.js';
import { readNet, readPortRange } from './parse-rule.js';
import { parseSelector } from './parse-selector.js';
import { SelectorError } from './selector-tokens.js';

export interface CalicoProblem {
  path: string;
  value: Json | undefined;
  problem: string;
}

/** All problems of an object of any kind of Calico's; kinds without rules have none. */
export function validateCalico(object: JsonObject): CalicoProblem[] {
  const check = new Check();
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  const { kind } = object;
  if (kind === 'NetworkPolicy' || kind === 'StagedNetworkPolicy') {
    check.policy(spec, { isGlobal: false });
  } else if (kind === 'GlobalNetworkPolicy' || kind === 'StagedGlobalNetworkPolicy') {
    check.policy(spec, { isGlobal: true });
    check.stages(spec);
  } else if (kind === 'Profile') check.rules(spec, { isGlobal: true });
  else if (kind === 'Tier') check.tier(object, spec);
  else if (kind === 'NetworkSet' || kind === 'GlobalNetworkSet') {
    check.nets(spec['nets'], 'spec.nets');
    check.labels(object);
  } else if (kind === 'HostEndpoint') check.hostEndpoint(spec);
  else if (kind === 'IPPool') check.pool(spec);
  else if (kind === 'FelixConfiguration') check.failsafePorts(spec);
  return check.problems;
}

class Check {
  readonly problems: CalicoProblem[] = [];

  policy(spec: JsonObject, { isGlobal }: { isGlobal: boolean }): void {
    for (const field of ['selector', 'namespaceSelector', 'serviceAccountSelector'] as const) {
      if (field === 'namespaceSelector' && !isGlobal) continue;
      this.#selector(spec[field], `spec.${field}`);
      const selector = spec[field];
      if (typeof selector === 'string' && selector.includes('global()')) {
        this.#add(`spec.${field}`, selector, GLOBAL_ELSEWHERE);
      }
    }
    this.#types(spec['types']);
    this.rules(spec, { isGlobal });
    const { order } = spec;
    if (order !== undefined && order !== null && typeof order !== 'number') {
      this.#add('spec.order', order, 'must be a number');
    }
  }

  /** What only global policies have. */
  stages(spec: JsonObject): void {
    const { preDNAT, doNotTrack, applyOnForward, egress, types } = spec;
    if (preDNAT === true && doNotTrack === true) {
      const problem = 'PreDNAT and DoNotTrack cannot both be true, for a given PolicySpec';
      this.#add('spec.preDNAT', preDNAT, problem);
    }
    if (preDNAT === true && Array.isArray(egress) && egress.length > 0) {
      this.#add('spec.egress', egress, 'PreDNAT PolicySpec cannot have any Egress rules');
    }
    if (preDNAT === true && Array.isArray(types) && types.includes('Egress')) {
      this.#add('spec.types', types, "PreDNAT PolicySpec cannot have 'egress' Type");
    }
    if ((preDNAT === true || doNotTrack === true) && applyOnForward !== true) {
      const problem =
        'ApplyOnForward must be true if either PreDNAT or DoNotTrack is true, for a given PolicySpec';
      this.#add('spec.applyOnForward', applyOnForward ?? false, problem);
    }
  }

  failsafePorts(spec: JsonObject): void {
    for (const field of Object.values(FAILSAFE_FIELDS)) {
      const ports = spec[field];
      for (const [i, port] of (Array.isArray(ports) ? ports : []).entries()) {
        if (readFailsafePort(port) !== undefined) continue;
        const problem =
          'must be a protocol (tcp, udp or sctp), a port from 0 to 65535 and, if any, a net';
        this.#add(`spec.${field}[${i}]`, port, problem);
      }
    }
  }

  rules(spec: JsonObject, { isGlobal }: { isGlobal: boolean }): void {
    for (const direction of ['ingress', 'egress'] as const) {
      const rules = spec[direction];
      if (!Array.isArray(rules)) continue;
      for (const [i, rule] of rules.entries()) {
        this.#rule(isJsonObject(rule) ? rule : {}, {
          path: `spec.${direction}[${i}]`,
          direction,
          isGlobal,
        });
      }
    }
  }

  tier(object: JsonObject, spec: JsonObject): void {
    const name = valueAt(object, ['metadata', 'name']);
    const fixed = typeof name === 'string' ? FIXED_ORDERS.get(name) : undefined;
    if (fixed !== undefined && spec['order'] !== fixed) {
      this.#add('spec.order', spec['order'], `${String(name)} tier order must be ${fixed}`);
    }
    if (typeof name === 'string' && name.includes('.')) {
      const problem = `name must consist of lower case alphanumeric characters or '-' (regex: ${NAME})`;
      this.#add('metadata.name', name, problem);
    }
    const { defaultAction } = spec;
    if (defaultAction !== undefined && defaultAction !== 'Deny' && defaultAction !== 'Pass') {
      this.#add('spec.defaultAction', defaultAction, 'must be Deny or Pass');
    }
  }

  nets(nets: Json | undefined, path: string): void {
    if (!Array.isArray(nets)) return;
    for (const [i, net] of nets.entries()) {
      if (readNet(net) === undefined) this.#add(`${path}[${i}]`, net, 'invalid CIDR');
    }
  }

  labels(object: JsonObject): void {
    if (valueAt(object, ['metadata', 'labels', NAMESPACE_LABEL]) !== undefined) {
      const problem = `${NAMESPACE_LABEL} is not a valid label name`;
      this.#add('metadata.labels', NAMESPACE_LABEL, problem);
    }
  }

  hostEndpoint(spec: JsonObject): void {
    const { interfaceName, expectedIPs, node, ports } = spec;
    const addresses = Array.isArray(expectedIPs) ? expectedIPs : [];
    if ((interfaceName ?? '') === '' && addresses.length === 0) {
      this.#add(
        'spec.interfaceName',
        interfaceName ?? '',
        'no interface or expected IPs have been specified',
      );
    }
    if ((node ?? '') === '') this.#add('spec.node', node ?? '', 'no node has been specified');
    for (const [i, port] of (Array.isArray(ports) ? ports : []).entries()) {
      const protocol = readProtocol(valueAt(port, ['protocol']));
      if (!WITH_PORTS.some((one) => one === protocol)) {
        this.#add(
          `spec.ports[${i}].protocol`,
          port,
          'EndpointPort protocol does not support ports.',
        );
      }
    }
  }

  pool(spec: JsonObject): void {
    const { cidr, ipipMode, vxlanMode } = spec;
    if (typeof cidr !== 'string' || parseCidr(cidr) === undefined) {
      this.#add('spec.cidr', cidr, 'invalid CIDR');
    }
    const isOn = (mode: Json | undefined): boolean => mode === 'Always' || mode === 'CrossSubnet';
    if (isOn(ipipMode) && isOn(vxlanMode)) {
      this.#add(
        'spec.ipipMode',
        ipipMode,
        'IPIPMode and VXLANMode cannot both be enabled on the same IP pool',
      );
    }
  }

  #add(path: string, value: Json | undefined, problem: string): void {
    this.problems.push({ path, value, problem });
  }

  #selector(selector: Json | undefined, path: string): void {
    if (selector === undefined || selector === null) return;
    if (typeof selector !== 'string') {
      this.#add(path, selector, 'must be a string');
      return;
    }
    if (selector.length > MAX_SELECTOR) {
      this.#add(path, selector, `must be no more than ${MAX_SELECTOR} characters`);
    }
    try {
      parseSelector(selector, 'own');
    } catch (error) {
      if (!(error instanceof SelectorError)) throw error;
      this.#add(path, selector, `invalid selector: ${error.message}`);
    }
  }

  #types(types: Json | undefined): void {
    if (!Array.isArray(types)) return;
    for (const [i, type] of types.entries()) {
      if (type !== 'Ingress' && type !== 'Egress') {
        this.#add(`spec.types[${i}]`, type, 'must be Ingress or Egress');
      } else if (types.indexOf(type) !== i) {
        this.#add('spec.types', types, `'${type}' type specified more than once`);
      }
    }
  }

  #rule(rule: JsonObject, context: RuleContext): void {
    const { path } = context;
    const { action, protocol, notProtocol, ipVersion } = rule;
    if (!ACTIONS.some((known) => known === action)) {
      this.#add(`${path}.action`, action, 'must be Allow, Deny, Log or Pass');
    }
    for (const [field, written] of [
      ['protocol', protocol],
      ['notProtocol', notProtocol],
    ] as const) {
      if (written !== undefined && written !== null && readProtocol(written) === undefined) {
        const problem = `protocol ${typeof written === 'number' ? 'number' : 'name'} invalid`;
        this.#add(`${path}.${field}`, written, problem);
      }
    }
    if (ipVersion !== undefined && ipVersion !== 4 && ipVersion !== 6) {
      this.#add(`${path}.ipVersion`, ipVersion, 'must be 4 or 6');
    }
    this.#icmp(rule, path);
    this.#http(rule, context);
    for (const side of ['source', 'destination'] as const) {
      const entity = rule[side];
      if (isJsonObject(entity)) this.#entity(entity, { ...context, rule, side });
    }
    this.#families(rule, path);
  }

  #icmp(rule: JsonObject, path: string): void {
    const protocol = readProtocol(rule['protocol']);
    for (const field of ['icmp', 'notICMP'] as const) {
      const icmp = rule[field];
      if (!isJsonObject(icmp)) continue;
      if (protocol !== PROTOCOL.ICMP && protocol !== PROTOCOL.ICMPv6) {
        const problem = 'rules that specify ICMP fields must set protocol to ICMP';
        this.#add(`${path}.${field}`, icmp, problem);
      }
      const { type, code } = icmp;
      if (code !== undefined && type === undefined) {
        this.#add(`${path}.${field}.code`, code, 'ICMP code specified without an ICMP type');
      }
      if (type !== undefined && !isWithin(type, 254)) {
        this.#add(`${path}.${field}.type`, type, 'must be between 0 and 254');
      }
    }
  }

  #http(rule: JsonObject, { path, direction }: RuleContext): void {
    const { http, action } = rule;
    if (http === undefined) return;
    if (direction === 'egress') this.#add(`${path}.http`, http, 'not allowed in egress rules');
    if (action !== 'Allow') this.#add(`${path}.http`, http, 'only valid for Allow rules');
  }

  #entity(entity: JsonObject, context: EntityContext): void {
    const { direction, rule, side } = context;
    const path = `${context.path}.${side}`;
    this.#selector(entity['selector'], `${path}.selector`);
    this.#selector(entity['notSelector'], `${path}.notSelector`);
    this.#selector(entity['namespaceSelector'], `${path}.namespaceSelector`);
    this.#selector(
      isJsonObject(entity['serviceAccounts']) ? entity['serviceAccounts']['selector'] : undefined,
      `${path}.serviceAccounts.selector`,
    );
    const { selector, namespaceSelector } = entity;
    if (typeof selector === 'string' && selector.includes('global()')) {
      this.#add(`${path}.selector`, selector, GLOBAL_ELSEWHERE);
    }
    if (
      typeof namespaceSelector === 'string' &&
      namespaceSelector.includes('global(') &&
      namespaceSelector.replaceAll(/\s/g, '') !== 'global()'
    ) {
      const problem = 'global() cannot be combined with other selectors';
      this.#add(`${path}.namespaceSelector`, namespaceSelector, problem);
    }
    this.nets(entity['nets'], `${path}.nets`);
    this.nets(entity['notNets'], `${path}.notNets`);
    for (const field of ['ports', 'notPorts'] as const) {
      this.#ports(entity[field], { path: `${path}.${field}`, protocol: rule['protocol'] });
    }
    if (entity['services'] !== undefined) {
      this.#services(entity, {
        ...context,
        path,
        wanted: direction === 'ingress' ? 'source' : 'destination',
      });
    }
  }

  #ports(
    ports: Json | undefined,
    { path, protocol }: { path: string; protocol: Json | undefined },
  ): void {
    if (!Array.isArray(ports)) return;
    const known = readProtocol(protocol);
    for (const [i, port] of ports.entries()) {
      if (readPortRange(port) !== undefined) {
        if (!WITH_PORTS.some((one) => one === known)) {
          const problem =
            'rules with numeric port or port range must set protocol to TCP or UDP or SCTP';
          this.#add(`${path}[${i}]`, port, problem);
        }
      } else if (typeof port !== 'string' || !PORT_NAME.test(port)) {
        this.#add(`${path}[${i}]`, port, 'is neither a port, a range nor a name of a port');
      }
    }
  }

  #services(entity: JsonObject, context: EntityContext & { wanted: string }): void {
    const { path, side, wanted, direction, isGlobal } = context;
    const services = isJsonObject(entity['services']) ? entity['services'] : {};
    const add = (problem: string): void => {
      this.#add(`${path}.services`, services, problem);
    };
    if (side !== wanted) add(`not allowed in ${direction} rule ${side}`);
    if ((services['name'] ?? '') === '') add('must specify a service name');
    if (isGlobal && (services['namespace'] ?? '') === '') add('must specify a namespace');
    for (const [fields, words] of [
      [['namespaceSelector'], 'NamespaceSelector'],
      [['selector', 'notSelector'], 'Selector/NotSelector'],
      [['serviceAccounts'], 'ServiceAccounts'],
      [['nets', 'notNets'], 'Nets/NotNets'],
    ] as const) {
      if (fields.some((field) => entity[field] !== undefined)) {
        add(`cannot specify ${words} and Services on the same rule`);
      }
    }
    for (const field of ['ports', 'notPorts'] as const) {
      const list = entity[field];
      if (side === 'destination' && Array.isArray(list) && list.length > 0) {
        const problem = `cannot specify ${field.toLowerCase()} with a service selector`;
        this.#add(`${path}.${field}`, list, problem);
      }
    }
  }

  #families(rule: JsonObject, path: string): void {
    const seen = new Set<number>();
    for (const side of ['source', 'destination'] as const) {
      for (const field of ['nets', 'notNets'] as const) {
        const nets = valueAt(rule, [side, field]);
        if (!Array.isArray(nets)) continue;
        const texts = nets.filter((net): net is string => typeof net === 'string');
        for (const net of texts) {
          const read = readNet(net);
          if (read?.type === 'net') for (const { family } of read.ranges) seen.add(family);
        }
        if (seen.size > 1) {
          this.#add(`${path}.${side}.${field}`, texts, 'rule contains both IPv4 and IPv6 CIDRs');
          return;
        }
      }
    }
  }
}

interface RuleContext {
  path: string;
  direction: 'ingress' | 'egress';
  isGlobal: boolean;
}

type EntityContext = RuleContext & { rule: JsonObject; side: 'source' | 'destination' };

const ACTIONS = ['Allow', 'Deny', 'Log', 'Pass'];
const GLOBAL_ELSEWHERE = 'global() can only be used in an EntityRule namespaceSelector';
const NAMESPACE_LABEL = 'projectcalico.org/namespace';
const NAME = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const PORT_NAME = /^[\w.-]{1,128}$/;
const MAX_SELECTOR = 1024;
const FIXED_ORDERS = new Map([
  ['default', 1_000_000],
  ['kube-admin', 1000],
  ['kube-baseline', 10_000_000],
]);

const isWithin = (value: Json, max: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max;
