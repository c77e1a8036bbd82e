import { isJsonObject } from '../common/json.js';

export type Labels = Readonly<Record<string, string>>;

/** A question about labels. `all` of nothing is always true, `any` of nothing is never true. */
export type LabelPredicate =
  | { op: 'in'; key: string; values: readonly string[] }
  | { op: 'exists'; key: string }
  | { op: 'not'; of: LabelPredicate }
  | { op: 'all'; of: readonly LabelPredicate[] }
  | { op: 'any'; of: readonly LabelPredicate[] };

/** Told why something could not be understood; returns null, so that a parser can end with it. */
export type Complain = (problem: string) => null;

export const EVERYTHING: LabelPredicate = { op: 'all', of: [] };

export function matchesLabels(predicate: LabelPredicate, labels: Labels): boolean {
  switch (predicate.op) {
    case 'in': {
      const value = valueOf(labels, predicate.key);
      return value !== undefined && predicate.values.includes(value);
    }
    case 'exists':
      return valueOf(labels, predicate.key) !== undefined;
    case 'not':
      return !matchesLabels(predicate.of, labels);
    case 'all':
      return predicate.of.every((part) => matchesLabels(part, labels));
    case 'any':
      return predicate.of.some((part) => matchesLabels(part, labels));
  }
}

/**
 * Reads a Kubernetes LabelSelector. Absent and empty select everything. Null where it cannot be
 * understood; the caller decides which side is the safe one, and `complain` is told why.
 */
export function parseLabelSelector(selector: unknown, complain: Complain): LabelPredicate | null {
  if (selector === undefined || selector === null) return EVERYTHING;
  if (!isJsonObject(selector)) return complain('the selector is not an object');
  const parts: LabelPredicate[] = [];
  const matchLabels = selector['matchLabels'] ?? {};
  if (!isJsonObject(matchLabels)) return complain('matchLabels is not an object');
  for (const [key, value] of Object.entries(matchLabels)) {
    if (typeof value !== 'string') return complain(`matchLabels.${key} is not a string`);
    parts.push({ op: 'in', key, values: [value] });
  }
  const expressions = selector['matchExpressions'] ?? [];
  if (!Array.isArray(expressions)) return complain('matchExpressions is not a list');
  for (const expression of expressions) {
    const part = parseExpression(expression);
    if (part === undefined) return complain('an entry of matchExpressions is not valid');
    parts.push(part);
  }
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : { op: 'all', of: parts };
}

/** In words: `app=web and tier in (a, b)`; undefined where everything matches. */
export function describePredicate(predicate: LabelPredicate): string | undefined {
  switch (predicate.op) {
    case 'in':
      return predicate.values.length === 1
        ? `${predicate.key}=${String(predicate.values[0])}`
        : `${predicate.key} in (${predicate.values.join(', ')})`;
    case 'exists':
      return `a label ${predicate.key}`;
    case 'not':
      return describeNegation(predicate.of);
    case 'all':
      if (predicate.of.length === 0) return undefined;
      return predicate.of.map((part) => describePredicate(part) ?? 'anything').join(' and ');
    case 'any':
      if (predicate.of.length === 0) return 'nothing at all';
      return predicate.of.map((part) => describePredicate(part) ?? 'anything').join(' or ');
  }
}

function describeNegation(of: LabelPredicate): string {
  if (of.op === 'in') {
    return of.values.length === 1
      ? `${of.key} not ${String(of.values[0])}`
      : `${of.key} not in (${of.values.join(', ')})`;
  }
  if (of.op === 'exists') return `no label ${of.key}`;
  return `not (${describePredicate(of) ?? 'anything'})`;
}

function parseExpression(expression: unknown): LabelPredicate | undefined {
  if (!isJsonObject(expression)) return undefined;
  const key = expression['key'];
  const values = expression['values'] ?? [];
  if (typeof key !== 'string' || !Array.isArray(values)) return undefined;
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length !== values.length) return undefined;
  const operator = expression['operator'];
  switch (typeof operator === 'string' ? operator : '') {
    case 'In':
      return texts.length === 0 ? undefined : { op: 'in', key, values: texts };
    case 'NotIn':
      return texts.length === 0 ? undefined : { op: 'not', of: { op: 'in', key, values: texts } };
    case 'Exists':
      return { op: 'exists', key };
    case 'DoesNotExist':
      return { op: 'not', of: { op: 'exists', key } };
    default:
      return undefined;
  }
}

// A label may be called `constructor`: only the object's own keys are labels.
const valueOf = (labels: Labels, key: string): string | undefined =>
  Object.hasOwn(labels, key) ? labels[key] : undefined;
