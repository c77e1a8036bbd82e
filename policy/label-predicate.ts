export type Labels = Readonly<Record<string, string>>;

/** Whose labels are asked: the endpoint's own, its namespace's, or its service account's. */
export type Scope = 'own' | 'namespace' | 'account';

/**
 * A question about an endpoint. `all` of nothing is always true, `any` of nothing is never true. A key that
 * is absent answers every question but `not` with no.
 */
export type LabelPredicate =
  | { op: 'in'; scope: Scope; key: string; values: readonly string[] }
  | { op: 'exists'; scope: Scope; key: string }
  | { op: 'starts' | 'ends' | 'contains'; scope: Scope; key: string; text: string }
  | { op: 'not'; of: LabelPredicate }
  | { op: 'all'; of: readonly LabelPredicate[] }
  | { op: 'any'; of: readonly LabelPredicate[] };

/** Keys that no label can have: the name of a namespace or service account, and what an endpoint is (`own`). */
export const NAME = '@name';
export const KIND = '@kind';

/**
 * What a packet's address can belong to. `pod`: on the pod network; `host`: an interface of a node that a
 * HostEndpoint declares; `set`: addresses that a network set names; `node`: a node's own addresses.
 */
export type EndpointKind = 'pod' | 'host' | 'set' | 'node';

/** What predicates ask about. */
export interface Facts {
  kind: EndpointKind;
  labels: Labels;
  namespace?: { name: string; labels: Labels };
  account?: { name: string; labels: Labels };
}

export const EVERYTHING: LabelPredicate = { op: 'all', of: [] };

export const isKind = (...kinds: EndpointKind[]): LabelPredicate => ({
  op: 'in',
  scope: 'own',
  key: KIND,
  values: kinds,
});

export const inNamespace = (...names: string[]): LabelPredicate => ({
  op: 'in',
  scope: 'namespace',
  key: NAME,
  values: names,
});

/** The conjunction, flat and without what is always true. */
export function allOf(...parts: readonly LabelPredicate[]): LabelPredicate {
  const flat = conjuncts({ op: 'all', of: parts });
  const [only] = flat;
  return only !== undefined && flat.length === 1 ? only : { op: 'all', of: flat };
}

/** The parts that must all hold. */
export const conjuncts = (predicate: LabelPredicate): readonly LabelPredicate[] =>
  predicate.op === 'all' ? predicate.of.flatMap(conjuncts) : [predicate];

/** A question about one key. */
export type LabelQuestion = Exclude<LabelPredicate, { op: 'not' | 'all' | 'any' }>;

/** Every question about a single key in it. */
export function leavesOf(predicate: LabelPredicate): LabelQuestion[] {
  switch (predicate.op) {
    case 'not':
      return leavesOf(predicate.of);
    case 'all':
    case 'any':
      return predicate.of.flatMap(leavesOf);
    case 'in':
    case 'exists':
    case 'starts':
    case 'ends':
    case 'contains':
      return [predicate];
  }
}

export function matchesLabels(predicate: LabelPredicate, facts: Facts): boolean {
  switch (predicate.op) {
    case 'in': {
      const value = valueOf(facts, predicate);
      return value !== undefined && predicate.values.includes(value);
    }
    case 'exists':
      return valueOf(facts, predicate) !== undefined;
    case 'starts':
      return valueOf(facts, predicate)?.startsWith(predicate.text) ?? false;
    case 'ends':
      return valueOf(facts, predicate)?.endsWith(predicate.text) ?? false;
    case 'contains':
      return valueOf(facts, predicate)?.includes(predicate.text) ?? false;
    case 'not':
      return !matchesLabels(predicate.of, facts);
    case 'all':
      return predicate.of.every((part) => matchesLabels(part, facts));
    case 'any':
      return predicate.of.some((part) => matchesLabels(part, facts));
  }
}

/** What the facts hold under a key; undefined where they hold nothing. */
export function valueOf(
  facts: Facts,
  { scope, key }: { scope: Scope; key: string },
): string | undefined {
  if (scope === 'own') return key === KIND ? facts.kind : labelOf(facts.labels, key);
  const owner = facts[scope];
  if (owner === undefined) return undefined;
  return key === NAME ? owner.name : labelOf(owner.labels, key);
}

// A label may be called `constructor`: only the object's own keys are labels.
const labelOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;
