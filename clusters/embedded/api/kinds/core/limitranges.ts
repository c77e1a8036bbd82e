import type { LimitRangeItem, LimitRangeSpec } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { CREATED_AT, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { duplicate, forbidden, invalid } from '../field-errors.js';
import type { Loose, ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { canonicalQuantity, compareQuantities } from '../quantity.js';

export type LimitRange = ObjectOf<LimitRangeSpec>;
type Amounts = Readonly<Record<string, string>>;

export const LIMIT_RANGES = defineResource({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  shortNames: ['limits'],
  applyDefaults(range: LimitRange) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    range.spec ??= {};
    for (const item of range.spec.limits ?? []) if (item.type === 'Container') defaultItem(item);
  },
  validate: (range: LimitRange) => [...validateMeta(range), ...validateItems(range)],
  columns: [NAME, CREATED_AT],
});

/** Limits default to the maximum; requests to the limits, else to the minimum. */
function defaultItem(item: Loose<LimitRangeItem>): void {
  const { max = {}, min = {} } = item;
  const limits = { ...max, ...item.default };
  const requests = { ...min, ...limits, ...item.defaultRequest };
  if (Object.keys(limits).length > 0) item.default = limits;
  if (Object.keys(requests).length > 0) item.defaultRequest = requests;
}

function validateItems({ spec }: LimitRange): FieldError[] {
  const types = new Set<string>();
  return (spec.limits ?? []).flatMap((item, index) => {
    const path = `spec.limits[${index}]`;
    const { type = '', min = {}, max = {}, default: limits = {}, defaultRequest = {} } = item;
    const errors: FieldError[] = [];
    if (types.has(type)) errors.push(duplicate(`${path}.type`, type));
    types.add(type);
    if (type === 'Pod') {
      const why = "may not be specified when `type` is 'Pod'";
      if (item.default !== undefined) errors.push(forbidden(`${path}.default`, why));
      if (item.defaultRequest !== undefined) errors.push(forbidden(`${path}.defaultRequest`, why));
    }
    const all = { min, max, default: limits, defaultRequest };
    for (const name of new Set(
      Object.values(all).flatMap((amounts: Amounts) => Object.keys(amounts)),
    )) {
      errors.push(...compare(path, name, all));
    }
    return errors;
  });
}

function compare(
  path: string,
  name: string,
  amounts: { min: Amounts; max: Amounts; default: Amounts; defaultRequest: Amounts },
): FieldError[] {
  const pairs = [
    ['min', 'max', 'min value', 'max value', 'min'],
    ['min', 'defaultRequest', 'min value', 'default request value', 'defaultRequest'],
    ['defaultRequest', 'max', 'default request value', 'max value', 'defaultRequest'],
    ['defaultRequest', 'default', 'default request value', 'default limit value', 'defaultRequest'],
    ['min', 'default', 'min value', 'default value', 'min'],
    ['default', 'max', 'default value', 'max value', 'default'],
  ] as const;
  return pairs.flatMap(([less, more, lessText, moreText, field]) => {
    const a = amounts[less][name];
    const b = amounts[more][name];
    if (a === undefined || b === undefined || compareQuantities(a, b) <= 0) return [];
    const shown = canonicalQuantity(amounts[field][name] ?? a);
    const why = `${lessText} ${canonicalQuantity(a)} is greater than ${moreText} ${canonicalQuantity(b)}`;
    return [invalid(`${path}.${field}[${name}]`, shown, why)];
  });
}
