/** Calico's objects that policies refer to. */
import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { parseAddress, type Address, type AddressRange } from '../address-range.js';
import type { Labels } from '../label-predicate.js';
import type { NormalRule, Profile } from '../normal-form.js';
import { readProtocol } from '../protocols.js';
import { parseRule, readNet } from './parse-rule.js';

export interface TierSettings {
  name: string;
  order: number;
  defaultAction: 'deny' | 'pass';
}

export interface NetworkSet {
  /** Empty for a GlobalNetworkSet. */
  namespace: string;
  name: string;
  labels: Labels;
  ranges: readonly AddressRange[];
}

export interface HostEndpoint {
  name: string;
  labels: Labels;
  node: string;
  /** An interface's name, or `*` for all of the node's. */
  interfaceName: string;
  /** Where it names its interface by addresses, and what selectors find it by. */
  addresses: readonly Address[];
  profiles: readonly string[];
  ports: readonly { name: string; port: number; protocol: number }[];
}

export function parseTier(object: JsonObject): TierSettings | undefined {
  const { name } = metaOf(object);
  if (name === '') return undefined;
  const order = valueAt(object, ['spec', 'order']);
  return {
    name,
    order: typeof order === 'number' ? order : Infinity,
    defaultAction: valueAt(object, ['spec', 'defaultAction']) === 'Pass' ? 'pass' : 'deny',
  };
}

export function parseNetworkSet(object: JsonObject): NetworkSet {
  const nets = valueAt(object, ['spec', 'nets']);
  return {
    ...metaOf(object),
    ranges: (Array.isArray(nets) ? nets : []).flatMap((net) => {
      const read = readNet(net);
      return read?.type === 'net' ? read.ranges : [];
    }),
  };
}

export function parseHostEndpoint(object: JsonObject): HostEndpoint {
  const spec = isJsonObject(object['spec']) ? object['spec'] : {};
  const { name, labels } = metaOf(object);
  return {
    name,
    labels,
    node: text(spec['node']),
    interfaceName: text(spec['interfaceName']),
    addresses: texts(spec['expectedIPs']).flatMap((address) => parseAddress(address) ?? []),
    profiles: texts(spec['profiles']),
    ports: (Array.isArray(spec['ports']) ? spec['ports'] : []).flatMap((entry: unknown) => {
      const port = valueAt(entry, ['port']);
      const protocol = readProtocol(valueAt(entry, ['protocol']));
      return typeof port === 'number' && protocol !== undefined
        ? [{ name: text(valueAt(entry, ['name'])), port, protocol }]
        : [];
    }),
  };
}

export function parseProfile(object: JsonObject): Profile {
  const rulesOf = (direction: 'ingress' | 'egress'): NormalRule[] => {
    const rules = valueAt(object, ['spec', direction]);
    return (Array.isArray(rules) ? rules : []).map((rule: unknown, index) =>
      parseRule(rule, {
        index,
        field: `spec.${direction}[${index}]`,
        namespace: '',
        complain: () => () => null,
      }),
    );
  };
  return {
    name: metaOf(object).name,
    ingress: rulesOf('ingress'),
    egress: rulesOf('egress'),
    labels: labelsAt(object, ['spec', 'labelsToApply']),
  };
}

function metaOf(object: JsonObject): { namespace: string; name: string; labels: Labels } {
  return {
    namespace: text(valueAt(object, ['metadata', 'namespace'])),
    name: text(valueAt(object, ['metadata', 'name'])),
    labels: labelsAt(object, ['metadata', 'labels']),
  };
}

function labelsAt(object: JsonObject, path: string[]): Labels {
  const labels = valueAt(object, path);
  if (!isJsonObject(labels)) return {};
  return Object.fromEntries(
    Object.entries(labels).flatMap(([key, value]) =>
      typeof value === 'string' ? [[key, value]] : [],
    ),
  );
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
