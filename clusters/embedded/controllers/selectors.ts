import type { LabelSelector } from './objects.js';

type Labels = Readonly<Record<string, string>>;

/** An empty selector matches everything, an absent one nothing. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  if (selector === undefined) return false;
  if (!matchesLabels(selector.matchLabels, labels)) return false;
  return (selector.matchExpressions ?? []).every((expression) =>
    matchesExpression(expression, labels),
  );
}

/** Every wanted label is there with its value. */
export function matchesLabels(wanted: Labels | undefined, labels: Labels = {}): boolean {
  if (wanted === undefined) return true;
  for (const key in wanted) if (labels[key] !== wanted[key]) return false;
  return true;
}

/** In, NotIn, Exists, DoesNotExist as in label selectors; Gt and Lt as node affinity adds them. */
export function matchesExpression(
  expression: { key: string; operator: string; values?: readonly string[] },
  labels: Labels,
): boolean {
  const value = labels[expression.key];
  const values = expression.values ?? [];
  switch (expression.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    case 'Gt':
      return isInteger(value) && Number(value) > Number(values[0]);
    case 'Lt':
      return isInteger(value) && Number(value) < Number(values[0]);
    default:
      return false;
  }
}

function isInteger(text: string | undefined): text is string {
  return text !== undefined && /^-?\d+$/.test(text);
}
