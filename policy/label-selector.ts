import { isJsonObject } from '../common/json.js';
import { allOf, EVERYTHING, type LabelPredicate, type Scope } from './label-predicate.js';

/** Told why something could not be understood; returns null, so that a parser can end with it. */
export type Complain = (problem: string) => null;

/**
 * Reads a Kubernetes LabelSelector. Absent and empty select everything. Null where it cannot be
 * understood; the caller decides which side is the safe one, and `complain` is told why.
 */
export function parseLabelSelector(
  selector: unknown,
  scope: Scope,
  complain: Complain,
): LabelPredicate | null {
  if (selector === undefined || selector === null) return EVERYTHING;
  if (!isJsonObject(selector)) return complain('the selector is not an object');
  const parts: LabelPredicate[] = [];
  const matchLabels = selector['matchLabels'] ?? {};
  if (!isJsonObject(matchLabels)) return complain('matchLabels is not an object');
  for (const [key, value] of Object.entries(matchLabels)) {
    if (typeof value !== 'string') return complain(`matchLabels.${key} is not a string`);
    parts.push({ op: 'in', scope, key, values: [value] });
  }
  const expressions = selector['matchExpressions'] ?? [];
  if (!Array.isArray(expressions)) return complain('matchExpressions is not a list');
  for (const expression of expressions) {
    const part = parseExpression(expression, scope);
    if (part === undefined) return complain('an entry of matchExpressions is not valid');
    parts.push(part);
  }
  return allOf(...parts);
}

function parseExpression(expression: unknown, scope: Scope): LabelPredicate | undefined {
  if (!isJsonObject(expression)) return undefined;
  const key = expression['key'];
  const values = expression['values'] ?? [];
  if (typeof key !== 'string' || !Array.isArray(values)) return undefined;
  const texts = values.filter((value) => typeof value === 'string');
  if (texts.length !== values.length) return undefined;
  const operator = expression['operator'];
  switch (typeof operator === 'string' ? operator : '') {
    case 'In':
      return texts.length === 0 ? undefined : { op: 'in', scope, key, values: texts };
    case 'NotIn':
      return texts.length === 0
        ? undefined
        : { op: 'not', of: { op: 'in', scope, key, values: texts } };
    case 'Exists':
      return { op: 'exists', scope, key };
    case 'DoesNotExist':
      return { op: 'not', of: { op: 'exists', scope, key } };
    default:
      return undefined;
  }
}
