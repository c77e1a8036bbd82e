import { isJsonObject } from '../../../../common/json.js';
import type { LabelMatcher } from './label-selector.js';
import { meetsRequirement } from './match-labels.js';

/** The text of a LabelSelector object or a plain map of labels: `a=b,c in (d,e),!f`, sorted by key. */
export function formatSelector(selector: unknown): string {
  return terms(selector)
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, operator, values }) => {
      switch (operator) {
        case 'In':
          return `${key} in (${[...values].sort().join(',')})`;
        case 'NotIn':
          return `${key} notin (${[...values].sort().join(',')})`;
        case 'Exists':
          return key;
        case 'DoesNotExist':
          return `!${key}`;
        case '=':
          return `${key}=${values[0] ?? ''}`;
      }
    })
    .join(',');
}

/** Matches labels against a LabelSelector object; an absent selector matches nothing, an empty one all. */
export function selectorMatcher(selector: unknown): LabelMatcher {
  if (!isJsonObject(selector)) return () => false;
  const all = terms(selector).map(({ key, operator, values }) => ({
    key,
    operator: operator === '=' ? 'In' : operator,
    values,
  }));
  return (labels) => all.every((requirement) => meetsRequirement(requirement, labels));
}

interface Term {
  key: string;
  operator: '=' | 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  values: readonly string[];
}

function terms(selector: unknown): Term[] {
  if (!isJsonObject(selector)) return [];
  const { matchLabels, matchExpressions } = selector;
  const isPlain = matchLabels === undefined && matchExpressions === undefined;
  const labels = isPlain ? selector : isJsonObject(matchLabels) ? matchLabels : {};
  const result: Term[] = Object.entries(labels).map(([key, value]) => ({
    key,
    operator: '=',
    values: [typeof value === 'string' ? value : ''],
  }));
  for (const expression of Array.isArray(matchExpressions) ? matchExpressions : []) {
    if (!isJsonObject(expression)) continue;
    const { key, operator, values } = expression;
    if (typeof key !== 'string' || !isOperator(operator)) continue;
    result.push({ key, operator, values: Array.isArray(values) ? values.map(String) : [] });
  }
  return result;
}

function isOperator(value: unknown): value is Term['operator'] {
  return value === 'In' || value === 'NotIn' || value === 'Exists' || value === 'DoesNotExist';
}
