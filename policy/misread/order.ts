/** Mistakes about what beats what: lists that only allow, and orders the wrong way round. */
import { valueAt, type Json, type JsonObject } from '../../common/json.js';
import {
  listAt,
  networkPolicies,
  objectAt,
  orderedPolicies,
  rulesOf,
  textAt,
  withObject,
  withPeers,
  withValue,
  type FindRepairs,
} from './repair.js';

/** NetworkPolicy has no deny: a list of those to keep out lets exactly them in. */
export const denyExpected: FindRepairs = function* ({ objects }) {
  for (const rule of rulesOf(objects)) {
    for (const [i, peer] of rule.peers.entries()) {
      for (const opposite of opposites(peer)) {
        yield withPeers(rule, rule.peers.with(i, opposite), {
          i,
          sentence:
            'Rules of a NetworkPolicy only allow: this one lets in what it lists. To keep those out, list all others instead (matchExpressions with NotIn, or ipBlock with except).',
        });
      }
    }
    const { at, object, path, direction } = rule;
    if (rule.peers.length === 0 || listAt(object, ['spec', direction]).length > 1) continue;
    yield {
      at,
      path,
      sentence:
        'Rules of a NetworkPolicy only allow: this one lets in what it lists. Whom no rule lists is kept out already, so leave the rule away.',
      objects: withObject(objects, at, withValue(object, path, undefined)),
    };
  }
  yield* allowedElsewhere(objects);
};

function* allowedElsewhere(objects: readonly JsonObject[]): ReturnType<FindRepairs> {
  const policies = [...networkPolicies(objects)];
  for (const { at, object } of policies) {
    const namespace = textAt(object, ['metadata', 'namespace']);
    const besides = policies.some(
      (other) => other.at !== at && textAt(other.object, ['metadata', 'namespace']) === namespace,
    );
    if (!besides) continue;
    yield {
      at,
      path: ['metadata', 'name'],
      sentence:
        'Policies only add up: none takes back what another allows. As long as this one is there, what it allows stays allowed, whatever the others leave out.',
      objects: withObject(objects, at, undefined),
    };
  }
}

/** Calico and cluster-wide policies: the lower number and the upper rule come first, and the first match ends it. */
export const orderReversed: FindRepairs = function* ({ objects }) {
  const ordered = [...orderedPolicies(objects)];
  for (const [i, first] of ordered.entries()) {
    const key = first.orderKey;
    for (const second of ordered.slice(i + 1)) {
      const [low, high] = [first, second].map(({ object }) => objectAt(object, ['spec'])?.[key]);
      if (second.orderKey !== key || low === high) continue;
      const swapped = withObject(objects, first.at, withValue(first.object, ['spec', key], high));
      yield {
        at: first.at,
        path: ['spec', key],
        sentence: `The lower ${key} is asked first, and the first rule that matches ends it. These two policies are the wrong way round: swap their ${key}.`,
        objects: withObject(swapped, second.at, withValue(second.object, ['spec', key], low)),
      };
    }
    for (const direction of ['ingress', 'egress'] as const) {
      const path = ['spec', direction];
      for (const [j] of listAt(first.object, path).entries()) {
        const rules = listAt(first.object, path);
        const [rule, next] = rules.slice(j, j + 2);
        if (rule === undefined || next === undefined) continue;
        const turned = withValue(first.object, path, rules.toSpliced(j, 2, next, rule));
        yield {
          at: first.at,
          path: [...path, j],
          sentence:
            'Rules are asked from top to bottom, and the first that matches ends it. These two are the wrong way round: what the first says, the second can no longer change.',
          objects: withObject(objects, first.at, turned),
        };
      }
    }
  }
};

/** All but what a peer names. */
function* opposites(peer: JsonObject): Generator<JsonObject> {
  const cidr = textAt(peer, ['ipBlock', 'cidr']);
  if (cidr !== undefined) {
    const everything = cidr.includes(':') ? '::/0' : '0.0.0.0/0';
    yield { ipBlock: { cidr: everything, except: [cidr] } };
  }
  for (const key of ['podSelector', 'namespaceSelector'] as const) {
    const selector = objectAt(peer, [key]);
    const [label, ...more] = Object.entries(objectAt(peer, [key, 'matchLabels']) ?? {});
    if (selector === undefined || label === undefined || more.length > 0) continue;
    if (valueAt(selector, ['matchExpressions']) !== undefined) continue;
    const values: Json[] = [label[1] ?? ''];
    yield {
      ...peer,
      [key]: { matchExpressions: [{ key: label[0], operator: 'NotIn', values }] },
    };
  }
}
