/** Label predicates in words that a learner reads. */
import {
  conjuncts,
  KIND,
  leavesOf,
  NAME,
  valueOf,
  type EndpointKind,
  type Facts,
  type LabelPredicate,
  type Scope,
} from './label-predicate.js';

/** `pods with app=web in namespace prod` */
export function describeEndpoints(predicate: LabelPredicate): string {
  const parts = conjuncts(predicate);
  const kinds = parts.flatMap((part) => (part.op === 'in' && part.key === KIND ? part.values : []));
  const rest = parts.filter((part) => !(part.op === 'in' && part.key === KIND));
  const of = (scope: Scope | undefined): LabelPredicate[] =>
    rest.filter((part) => scopeOf(part) === scope);
  const [own, mixed] = [of('own'), of(undefined)];
  const noun = nounOf(kinds);
  const which =
    own.length === 0 ? `all ${noun}` : `${noun} with ${own.map(inScope('own')).join(' and ')}`;
  return [
    which,
    ownerWords(of('namespace'), { scope: 'namespace', noun: 'namespace', word: 'in' }) ||
      (kinds.length === 1 && kinds[0] === 'pod' && mixed.length === 0 ? 'in every namespace' : ''),
    ownerWords(of('account'), { scope: 'account', noun: 'service account', word: 'of' }),
    mixed.length === 0 ? '' : `where ${mixed.map(bracketed).join(' and ')}`,
  ]
    .filter((text) => text !== '')
    .join(' ');
}

/** What the endpoint has under the keys that a predicate asks about: `app=web, no label tier`. */
export function relevantFacts(predicate: LabelPredicate, facts: Facts): string {
  return leavesOf(predicate)
    .map((leaf) => {
      const value = valueOf(facts, leaf);
      const key = keyWords(leaf, leaf.scope);
      return value === undefined ? `no ${labelWords(leaf, leaf.scope)}` : `${key}=${value}`;
    })
    .filter((text, i, all) => all.indexOf(text) === i)
    .join(', ');
}

/** `app=web and no label tier`, without what an endpoint is. */
export function describeLabels(parts: readonly LabelPredicate[]): string {
  return parts.map((part) => describe(part, scopeOf(part))).join(' and ');
}

/** The only scope a predicate asks in; undefined for several. */
export function scopeOf(predicate: LabelPredicate): Scope | undefined {
  const scopes = new Set(leavesOf(predicate).map(({ scope }) => scope));
  const [only = 'own'] = scopes;
  return scopes.size <= 1 ? only : undefined;
}

function ownerWords(
  parts: readonly LabelPredicate[],
  { scope, noun, word }: { scope: Scope; noun: string; word: string },
): string {
  if (parts.length === 0) return '';
  const names = parts.flatMap((part) => (part.op === 'in' && part.key === NAME ? part.values : []));
  const rest = parts.filter((part) => !(part.op === 'in' && part.key === NAME));
  const named =
    names.length === 0 ? '' : `${names.length === 1 ? noun : `${noun}s`} ${names.join(' or ')}`;
  const labels = rest.map(inScope(scope)).join(' and ');
  if (labels === '') return `${word} ${named}`;
  return `${word} ${named === '' ? `${noun}s` : named} with ${labels}`;
}

const inScope =
  (scope: Scope) =>
  (predicate: LabelPredicate): string =>
    describe(predicate, scope);

const bracketed = (predicate: LabelPredicate): string => describe(predicate, undefined);

/** Keys of the scope that is being spoken of stand alone; others name theirs. */
function describe(predicate: LabelPredicate, within: Scope | undefined): string {
  switch (predicate.op) {
    case 'in': {
      const key = keyWords(predicate, within);
      return predicate.values.length === 1
        ? `${key}=${String(predicate.values[0])}`
        : `${key} in (${predicate.values.join(', ')})`;
    }
    case 'exists':
      return `a ${labelWords(predicate, within)}`;
    case 'starts':
    case 'ends':
      return `${keyWords(predicate, within)} ${predicate.op === 'starts' ? 'starting' : 'ending'} with ${predicate.text}`;
    case 'contains':
      return `${keyWords(predicate, within)} containing ${predicate.text}`;
    case 'not':
      return describeNegation(predicate.of, within);
    case 'all':
      if (predicate.of.length === 0) return 'anything';
      return predicate.of.map((part) => describe(part, within)).join(' and ');
    case 'any':
      if (predicate.of.length === 0) return 'nothing at all';
      return predicate.of.map((part) => describe(part, within)).join(' or ');
  }
}

function describeNegation(of: LabelPredicate, within: Scope | undefined): string {
  if (of.op === 'in') {
    const key = keyWords(of, within);
    return of.values.length === 1
      ? `${key} not ${String(of.values[0])}`
      : `${key} not in (${of.values.join(', ')})`;
  }
  if (of.op === 'exists') return `no ${labelWords(of, within)}`;
  return `not (${describe(of, within)})`;
}

function keyWords(leaf: { scope: Scope; key: string }, within: Scope | undefined): string {
  if (leaf.key === KIND) return 'kind';
  const owner = leaf.scope === within ? '' : OWNER[leaf.scope];
  if (leaf.key === NAME) return owner === '' ? 'name' : owner.trimEnd();
  return `${owner}${leaf.key}`;
}

function labelWords(leaf: { scope: Scope; key: string }, within: Scope | undefined): string {
  if (leaf.key === NAME) return OWNER[leaf.scope].trimEnd();
  return `${leaf.scope === within ? '' : OWNER[leaf.scope]}label ${leaf.key}`;
}

const OWNER: Readonly<Record<Scope, string>> = {
  own: '',
  namespace: 'namespace ',
  account: 'service account ',
};

const NOUNS: Readonly<Record<EndpointKind, string>> = {
  pod: 'pods',
  host: 'host endpoints',
  set: 'network sets',
  node: 'nodes',
};

const nounOf = (kinds: readonly string[]): string => {
  const nouns = Object.entries(NOUNS).flatMap(([kind, noun]) =>
    kinds.includes(kind) ? [noun] : [],
  );
  return nouns.length === 0 ? 'endpoints' : nouns.join(' and ');
};
