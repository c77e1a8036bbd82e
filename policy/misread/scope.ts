/** Mistakes about what a policy applies to: its namespace, its directions. */
import { valueAt } from '../../common/json.js';
import { NAMESPACE_NAME_LABEL } from '../compare/vocabulary.js';
import {
  listAt,
  networkPolicies,
  objectAt,
  rulesOf,
  textAt,
  withObject,
  withPeers,
  withValue,
  type FindRepairs,
} from './repair.js';

export const wrongNamespace: FindRepairs = function* ({ objects, intended }) {
  const meant = new Set(
    intended.flatMap((object) => textAt(object, ['metadata', 'namespace']) ?? []),
  );
  for (const [at, object] of objects.entries()) {
    const namespace = textAt(object, ['metadata', 'namespace']);
    if (namespace === undefined) continue;
    for (const other of meant) {
      if (other === namespace) continue;
      const path = ['metadata', 'namespace'];
      yield {
        at,
        path,
        sentence: `A policy applies to pods of its own namespace only: this one is in ${namespace}, and the pods it is meant for are in ${other}.`,
        objects: withObject(objects, at, withValue(object, path, other)),
      };
    }
  }
};

/** A label that people expect on namespaces, and that nobody puts there. */
export const namespaceLabel: FindRepairs = function* ({ objects }) {
  for (const rule of rulesOf(objects)) {
    for (const [i, peer] of rule.peers.entries()) {
      const labels = objectAt(peer, ['namespaceSelector', 'matchLabels']) ?? {};
      for (const [key, value] of Object.entries(labels)) {
        if (!['name', 'namespace', 'kubernetes.io/name'].includes(key)) continue;
        const { [key]: _, ...others } = labels;
        const matchLabels = { ...others, [NAMESPACE_NAME_LABEL]: value };
        const path = ['namespaceSelector', 'matchLabels'];
        yield withPeers(rule, rule.peers.with(i, withValue(peer, path, matchLabels)), {
          i,
          sentence: `Namespaces have no label \`${key}\` unless somebody puts it there. Their name is in the label \`${NAMESPACE_NAME_LABEL}\`, which is always there.`,
        });
      }
    }
  }
};

export const policyTypes: FindRepairs = function* ({ objects }) {
  for (const { at, object } of networkPolicies(objects)) {
    const path = ['spec', 'policyTypes'];
    const written = valueAt(object, path);
    const egressRules = listAt(object, ['spec', 'egress']).length > 0;
    const types: unknown[] = Array.isArray(written) ? written : [];
    const effective = types.length > 0 ? types : ['Ingress', ...(egressRules ? ['Egress'] : [])];
    for (const wanted of [['Ingress'], ['Egress'], ['Ingress', 'Egress']]) {
      const missing = wanted.filter((type) => !effective.includes(type));
      const extra = effective.filter((type) => typeof type === 'string' && !wanted.includes(type));
      if (missing.length === 0 && extra.length === 0) continue;
      yield {
        at,
        path,
        sentence: typesSentence({ missing, extra, inferred: types.length === 0 }),
        objects: withObject(objects, at, withValue(object, path, wanted)),
      };
    }
  }
};

function typesSentence(found: {
  missing: readonly string[];
  extra: readonly unknown[];
  inferred: boolean;
}): string {
  const { missing, extra, inferred } = found;
  const how = inferred
    ? 'Without policyTypes a policy is for ingress, and for egress only if it has egress rules.'
    : 'A policy is for the directions that its policyTypes name, whatever rules it has.';
  const parts = [
    ...missing.map((type) => `${type} must be named here for it to have an effect there`),
    ...extra.map(
      (type) => `with ${String(type)} it restricts that direction too, which is not meant`,
    ),
  ];
  return `${how} In this one, ${parts.join(', and ')}.`;
}

/** Rules under ingress that were meant for egress, or the reverse. */
export const wrongDirection: FindRepairs = function* ({ objects }) {
  for (const { at, object } of networkPolicies(objects)) {
    for (const [from, to, peers, otherPeers] of DIRECTIONS) {
      const rules = listAt(object, ['spec', from]);
      // Without peers a rule says the same in both directions, but for those it cannot mean.
      if (!rules.some((rule) => listAt(rule, [peers]).length > 0)) continue;
      const moved = rules.map(({ [peers]: list, ...rule }) =>
        list === undefined ? rule : { ...rule, [otherPeers]: list },
      );
      const { [from]: _, ...spec } = objectAt(object, ['spec']) ?? {};
      const turned = {
        ...spec,
        [to]: [...listAt(object, ['spec', to]), ...moved],
        policyTypes: [to === 'egress' ? 'Egress' : 'Ingress'],
      };
      yield {
        at,
        path: ['spec', from],
        sentence: `Directions are seen from the pods that the policy selects: ingress is what comes to them, egress what they send. These rules are under ${from} and are meant for ${to}.`,
        objects: withObject(objects, at, withValue(object, ['spec'], turned)),
      };
    }
  }
};

const DIRECTIONS = [
  ['ingress', 'egress', 'from', 'to'],
  ['egress', 'ingress', 'to', 'from'],
] as const;
