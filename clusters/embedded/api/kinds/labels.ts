import type { Labels, LabelRequirement, LabelSelector } from '../selectors/match-labels.js';
import type { FieldError } from '../resource-definition.js';
import { forbidden, GoText, goStringMap, invalid, invalidEach, required } from './field-errors.js';
import { labelValue, qualifiedName } from './names.js';

export function validateLabels(path: string, labels: Labels | undefined): FieldError[] {
  return Object.entries(labels ?? {}).flatMap(([key, value]) => [
    ...invalidEach(path, key, qualifiedName(key)),
    ...invalidEach(path, value, labelValue(value)),
  ]);
}

export function validateLabelSelector(
  path: string,
  selector: LabelSelector | undefined,
): FieldError[] {
  if (selector === undefined) return [];
  return [
    ...validateLabels(`${path}.matchLabels`, selector.matchLabels),
    ...(selector.matchExpressions ?? []).flatMap((requirement, index) =>
      validateRequirement(`${path}.matchExpressions[${index}]`, requirement),
    ),
  ];
}

function validateRequirement(path: string, requirement: LabelRequirement): FieldError[] {
  const { key = '', values = [] } = requirement;
  return [
    ...validateOperands(path, requirement),
    ...invalidEach(`${path}.key`, key, qualifiedName(key)),
    ...values.flatMap((value, index) =>
      invalidEach(`${path}.values[${index}]`, value, labelValue(value)),
    ),
  ];
}

/** The four operators of label selectors, and how many values each goes with. */
export function validateOperands(
  path: string,
  { operator = '', values = [] }: LabelRequirement,
): FieldError[] {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length > 0) return [];
      return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")];
    case 'Exists':
    case 'DoesNotExist': {
      const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
      return values.length === 0 ? [] : [forbidden(`${path}.values`, why)];
    }
    default:
      return [invalid(`${path}.operator`, operator, 'not a valid selector operator')];
  }
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return (
    Object.keys(selector.matchLabels ?? {}).length === 0 &&
    (selector.matchExpressions ?? []).length === 0
  );
}

/** `app=web,tier=back`, sorted; `<none>` where there are none. */
export function formatLabels(labels: Labels | undefined): string {
  const entries = Object.entries(labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0
    ? '<none>'
    : entries.map(([key, value]) => `${key}=${value}`).join(',');
}

/** A selector as the API writes it in query strings and columns: `app=web,tier in (a,b),!old`. */
export function formatSelector(selector: LabelSelector | undefined): string {
  if (selector === undefined || isEmptySelector(selector)) return '<none>';
  const parts = [
    ...Object.entries(selector.matchLabels ?? {}).map(([key, value]) => ({
      key,
      text: `${key}=${value}`,
    })),
    ...(selector.matchExpressions ?? []).map((requirement) => ({
      key: requirement.key ?? '',
      text: formatRequirement(requirement),
    })),
  ];
  parts.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return parts.map(({ text }) => text).join(',');
}

function formatRequirement({ key = '', operator, values = [] }: LabelRequirement): string {
  const list = `(${[...values].sort().join(',')})`;
  switch (operator) {
    case 'In':
      return `${key} in ${list}`;
    case 'NotIn':
      return `${key} notin ${list}`;
    case 'Exists':
      return key;
    case 'DoesNotExist':
      return `!${key}`;
    case undefined:
    default:
      return '<error>';
  }
}

/** A selector as Go prints the struct in errors. */
export function goSelector(selector: LabelSelector | undefined): GoText {
  const requirements = selector?.matchExpressions;
  const expressions =
    requirements === undefined || requirements.length === 0
      ? '[]v1.LabelSelectorRequirement(nil)'
      : `[]v1.LabelSelectorRequirement{${requirements.map(goRequirement).join(', ')}}`;
  const labels = goStringMap(selector?.matchLabels).text;
  return new GoText(`v1.LabelSelector{MatchLabels:${labels}, MatchExpressions:${expressions}}`);
}

function goRequirement({ key = '', operator = '', values }: LabelRequirement): string {
  const list =
    values === undefined
      ? '[]string(nil)'
      : `[]string{${values.map((value) => JSON.stringify(value)).join(', ')}}`;
  return `v1.LabelSelectorRequirement{Key:${JSON.stringify(key)}, Operator:${JSON.stringify(operator)}, Values:${list}}`;
}
