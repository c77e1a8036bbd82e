/** Mistakes with selectors: and against or, empty against absent, labels of the wrong thing. */
import { isJsonObject, type Json, type JsonObject } from '../../common/json.js';
import {
  objectAt,
  rulesOf,
  networkPolicies,
  withObject,
  withPeers,
  withValue,
  type FindRepairs,
  type Repair,
  type RuleAt,
} from './repair.js';

/** `from: [{namespaceSelector, podSelector}]` where two entries were meant, and the reverse. */
export const andOr: FindRepairs = function* ({ objects }) {
  for (const rule of rulesOf(objects)) {
    for (const [i, peer] of rule.peers.entries()) {
      const { namespaceSelector, podSelector } = peer;
      if (namespaceSelector === undefined || podSelector === undefined) continue;
      const apart = rule.peers.toSpliced(i, 1, { namespaceSelector }, { podSelector });
      yield withPeers(rule, apart, {
        i,
        sentence:
          '`namespaceSelector` and `podSelector` stand in one entry, so a pod must match both. To let either one be enough, make them two entries, each with a dash of its own.',
      });
    }
    yield* joinedPeers(rule);
  }
};

function* joinedPeers(rule: RuleAt): Generator<Repair> {
  for (const [i, first] of rule.peers.entries()) {
    for (const [j, second] of rule.peers.entries()) {
      const { namespaceSelector } = first;
      const { podSelector } = second;
      if (namespaceSelector === undefined || podSelector === undefined) continue;
      if (first['podSelector'] !== undefined || second['namespaceSelector'] !== undefined) continue;
      const others = rule.peers.filter((_, at) => at !== i && at !== j);
      yield withPeers(rule, [...others, { namespaceSelector, podSelector }], {
        i: j,
        sentence:
          '`namespaceSelector` and `podSelector` are two entries, so matching one of them is enough. To ask for both, make them one entry: take the dash before the second away.',
      });
    }
  }
}

/** Selectors, lists and rules that are empty where they should be absent, and the reverse. */
export const emptyOrAbsent: FindRepairs = function* ({ objects }) {
  for (const rule of rulesOf(objects)) {
    for (const [i, peer] of rule.peers.entries()) yield* peerScope(rule, peer, i);
    yield* wholeRule(rule);
  }
  for (const { at, object } of networkPolicies(objects)) {
    for (const direction of ['ingress', 'egress'] as const) {
      const rules = objectAt(object, ['spec'])?.[direction];
      if (rules !== undefined && !(Array.isArray(rules) && rules.length === 0)) continue;
      const [verb, word] = direction === 'ingress' ? ['come in', 'from'] : ['go out', 'to'];
      const path = ['spec', direction];
      yield {
        at,
        path,
        sentence: `Without ${direction} rules nothing may ${verb}. To allow everything, write one empty rule: \`${direction}: [{}]\`; what is left out of it (${word}, ports) does not restrict.`,
        objects: withObject(objects, at, withValue(object, path, [{}])),
      };
    }
  }
};

function* peerScope(rule: RuleAt, peer: JsonObject, i: number): Generator<Repair> {
  const { podSelector, namespaceSelector } = peer;
  if (podSelector !== undefined && namespaceSelector === undefined) {
    yield withPeers(rule, rule.peers.with(i, { ...peer, namespaceSelector: {} }), {
      i,
      sentence:
        "Without a namespaceSelector a podSelector finds pods of the policy's own namespace only. For pods of every namespace, add an empty one: `namespaceSelector: {}`.",
    });
  }
  if (namespaceSelector === undefined || !isEmptySelector(namespaceSelector)) return;
  yield withPeers(rule, rule.peers.with(i, { podSelector: podSelector ?? {} }), {
    i,
    sentence:
      "An empty namespaceSelector means every namespace. For pods of the policy's own namespace, leave it out and use a podSelector alone.",
  });
}

function* wholeRule(rule: RuleAt): Generator<Repair> {
  const { at, direction, path, peersPath, peers } = rule;
  const [who, word] = direction === 'ingress' ? ['everybody', 'from'] : ['everywhere', 'to'];
  if (peers.length === 0) {
    yield {
      at,
      path: peersPath,
      sentence: `A rule whose \`${word}\` is empty or absent is for ${who}. To allow nobody, leave the whole rule out.`,
      objects: withObject(rule.objects, at, withValue(rule.object, path, undefined)),
    };
    yield withPeers(rule, [{ podSelector: {} }], {
      sentence: `A rule whose \`${word}\` is empty or absent is for ${who}, outside the cluster too. For pods of the policy's own namespace, write \`podSelector: {}\` as its only entry.`,
    });
    yield withPeers(rule, [{ namespaceSelector: {} }], {
      sentence: `A rule whose \`${word}\` is empty or absent is for ${who}, outside the cluster too. For pods of every namespace, write \`namespaceSelector: {}\` as its only entry.`,
    });
  } else {
    yield withPeers(rule, undefined, {
      sentence: `\`${word}\` lists pods, and only those match. A rule for ${who}, outside the cluster too, has no \`${word}\` at all.`,
    });
  }
}

const isEmptySelector = (selector: Json): boolean =>
  isJsonObject(selector) && Object.values(selector).every(isEmpty);

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) ? value.length === 0 : isJsonObject(value) && isEmptySelector(value));
