import { isJsonObject, valueAt, type Json, type JsonObject } from '../../common/json.js';
import { leftOutOrMoved, listOf, mutateMap, textOf, type Change, type Mutant } from './mutant.js';

/**
 * Every way to get one thing of a NetworkPolicy wrong: the policy, its namespace, its selector, a direction, a
 * rule, a peer, a label, a port, changed, left out or widened. Some mean the same; `compare` tells which. Pure.
 */
export function policyMutants(policy: JsonObject, namespaces: readonly string[]): Mutant[] {
  const spec = valueAt(policy, ['spec']);
  if (!isJsonObject(spec)) return [];
  const respec = (changed: JsonObject): JsonObject => ({ ...policy, spec: changed });
  return [
    ...leftOutOrMoved(policy, namespaces),
    ...selectorMutants(spec['podSelector']).map(({ what, value }) => ({
      what: `podSelector: ${what}`,
      object: respec({ ...spec, podSelector: value }),
    })),
    ...directionMutants(spec).map(({ what, value }) => ({ what, object: respec(value) })),
    ...(['ingress', 'egress'] as const).flatMap((direction) =>
      ruleListMutants(listOf(spec[direction]), direction).map(({ what, value }) => ({
        what: `${direction} ${what}`,
        object: respec({ ...spec, [direction]: value }),
      })),
    ),
  ];
}

function directionMutants(spec: JsonObject): Change<JsonObject>[] {
  const types = listOf(spec['policyTypes']);
  const others = ['Ingress', 'Egress'].filter((type) => !types.includes(type));
  const { ingress, egress, ...rest } = spec;
  const swapped = {
    ...rest,
    policyTypes: types.map((type) => (type === 'Ingress' ? 'Egress' : 'Ingress')),
    ...(ingress === undefined ? {} : { egress: renamePeers(ingress, 'from', 'to') }),
    ...(egress === undefined ? {} : { ingress: renamePeers(egress, 'to', 'from') }),
  };
  return [
    { what: 'directions swapped', value: swapped },
    ...others.map((type) => ({
      what: `${type} closed as well`,
      value: { ...spec, policyTypes: [...types, type] },
    })),
    ...(types.length < 2
      ? []
      : types.map((type) => ({
          what: `policyTypes without ${textOf(type)}`,
          value: { ...spec, policyTypes: types.filter((other) => other !== type) },
        }))),
  ];
}

function renamePeers(rules: Json, before: string, after: string): Json[] {
  return listOf(rules).map((rule) => {
    if (!isJsonObject(rule)) return rule;
    const { [before]: peers, ...rest } = rule;
    return { ...rest, ...(peers === undefined ? {} : { [after]: peers }) };
  });
}

function ruleListMutants(
  rules: readonly Json[],
  direction: 'ingress' | 'egress',
): Change<Json[]>[] {
  const peersKey = direction === 'ingress' ? 'from' : 'to';
  return [
    { what: 'rule added that allows everything', value: [...rules, {}] },
    ...rules.flatMap((rule, i) => {
      const replaced = (...by: Json[]): Json[] => [
        ...rules.slice(0, i),
        ...by,
        ...rules.slice(i + 1),
      ];
      const name = `rule ${i + 1}`;
      return [
        { what: `${name} left out`, value: replaced() },
        ...(isJsonObject(rule) ? ruleMutants(rule, peersKey) : []).map(({ what, value }) => ({
          what: `${name}${what}`,
          value: replaced(...value),
        })),
      ];
    }),
  ];
}

/** A rule may become two: peers and ports apart. */
function ruleMutants(rule: JsonObject, peersKey: 'from' | 'to'): Change<Json[]>[] {
  const { [peersKey]: peers, ports } = rule;
  const withPeers = (value: Json[]): Json[] => [{ ...rule, [peersKey]: value }];
  const withPorts = (value: Json[]): Json[] => [{ ...rule, ports: value }];
  const without = (key: string): JsonObject =>
    Object.fromEntries(Object.entries(rule).filter(([name]) => name !== key));
  return [
    ...(peers === undefined ? [] : [{ what: ': peers left out', value: [without(peersKey)] }]),
    ...(ports === undefined ? [] : [{ what: ': ports left out', value: [without('ports')] }]),
    ...(peers === undefined || ports === undefined
      ? []
      : [{ what: ': peers and ports in two rules', value: [{ [peersKey]: peers }, { ports }] }]),
    ...itemMutants(listOf(peers), peerMutants).map(({ what, value }) => ({
      what: `, peer ${what}`,
      value: withPeers(value),
    })),
    ...itemMutants(listOf(ports), portMutants).map(({ what, value }) => ({
      what: `, port ${what}`,
      value: withPorts(value),
    })),
  ];
}

/** Each item left out where others stay, and each changed. */
function itemMutants(
  items: readonly Json[],
  mutate: (item: JsonObject) => Change<Json[]>[],
): Change<Json[]>[] {
  return items.flatMap((item, i) => {
    const replaced = (by: readonly Json[]): Json[] => [
      ...items.slice(0, i),
      ...by,
      ...items.slice(i + 1),
    ];
    return [
      ...(items.length > 1 ? [{ what: `${i + 1} left out`, value: replaced([]) }] : []),
      ...(isJsonObject(item) ? mutate(item) : []).map(({ what, value }) => ({
        what: `${i + 1}: ${what}`,
        value: replaced(value),
      })),
    ];
  });
}

function peerMutants(peer: JsonObject): Change<Json[]>[] {
  const { podSelector, namespaceSelector, ipBlock } = peer;
  if (ipBlock !== undefined) {
    return [{ what: 'every address', value: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }];
  }
  const changes: Change<Json[]>[] = (
    [
      ['podSelector', podSelector],
      ['namespaceSelector', namespaceSelector],
    ] as const
  ).flatMap(([key, selector]) =>
    selector === undefined
      ? []
      : selectorMutants(selector).map(({ what, value }) => ({
          what: `${key}: ${what}`,
          value: [{ ...peer, [key]: value }],
        })),
  );
  if (podSelector !== undefined && namespaceSelector !== undefined) {
    changes.push(
      { what: 'podSelector left out', value: [{ namespaceSelector }] },
      { what: 'namespaceSelector left out', value: [{ podSelector }] },
      { what: 'two peers instead of one', value: [{ namespaceSelector }, { podSelector }] },
    );
  } else if (podSelector !== undefined) {
    changes.push({ what: 'in any namespace', value: [{ namespaceSelector: {}, podSelector }] });
  }
  return changes;
}

function portMutants(port: JsonObject): Change<Json[]>[] {
  const number = port['port'];
  const other = port['protocol'] === 'UDP' ? 'TCP' : 'UDP';
  return [
    { what: `${other} instead`, value: [{ ...port, protocol: other }] },
    ...(typeof number === 'number'
      ? [
          { what: `${number + 1} instead of ${number}`, value: [{ ...port, port: number + 1 }] },
          { what: `up to ${number + 10}`, value: [{ ...port, endPort: number + 10 }] },
          { what: 'of any number', value: [{ protocol: port['protocol'] ?? 'TCP' }] },
        ]
      : []),
  ];
}

function selectorMutants(selector: Json | undefined): Change<JsonObject>[] {
  if (!isJsonObject(selector)) return [];
  const labels = isJsonObject(selector['matchLabels']) ? selector['matchLabels'] : {};
  const withLabels = (matchLabels: JsonObject): JsonObject => ({ ...selector, matchLabels });
  return [
    ...(Object.keys(selector).length === 0
      ? [{ what: 'one label asked for', value: { matchLabels: { app: 'somebody' } } }]
      : [{ what: 'empty', value: {} }]),
    ...mutateMap(labels).map(({ what, value }) => ({ what, value: withLabels(value) })),
  ];
}
