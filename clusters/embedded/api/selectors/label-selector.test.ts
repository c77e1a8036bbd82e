import fc from 'fast-check';
import { ApiError } from '../api-error.js';
import { parseLabelSelector } from './label-selector.js';
import { formatSelector, selectorMatcher } from './selector-object.js';

const key = fc.constantFrom('app', 'tier', 'example.com/x');
const value = fc.constantFrom('', 'a', 'b', '7', '12');
const labels = fc.dictionary(key, value);
const term = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('=', '==', '!='),
    values: fc.array(value, { minLength: 1, maxLength: 1 }),
  }),
  fc.record({
    key,
    operator: fc.constantFrom('in', 'notin'),
    values: fc.array(value, { minLength: 1 }),
  }),
  fc.record({ key, operator: fc.constantFrom('exists', '!'), values: fc.constant<string[]>([]) }),
);
interface Term {
  key: string;
  operator: string;
  values: string[];
}

const write = ({ key: name, operator, values }: Term): string => {
  switch (operator) {
    case 'in':
    case 'notin':
      return `${name} ${operator} (${values.join(',')})`;
    case 'exists':
      return name;
    case '!':
      return `!${name}`;
    default:
      return `${name}${operator}${values[0] ?? ''}`;
  }
};

const holds = ({ key: name, operator, values }: Term, object: Record<string, string>): boolean => {
  const own = object[name];
  switch (operator) {
    case 'in':
    case '=':
    case '==':
      return own !== undefined && values.includes(own);
    case 'notin':
    case '!=':
      return own === undefined || !values.includes(own);
    case 'exists':
      return own !== undefined;
    default:
      return own === undefined;
  }
};

test('a selector means what its terms mean, all together', () => {
  fc.assert(
    fc.property(
      fc.array(term, { minLength: 1 }),
      labels,
      fc.constantFrom('', ' '),
      (terms, object, space) => {
        const matcher = parseLabelSelector(terms.map(write).join(`${space},${space}`));
        expect(matcher?.(object)).toBe(terms.every((item) => holds(item, object)));
      },
    ),
  );
});

test('any text is parsed or refused with 400, never anything else', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-c=!,() <>in]{0,12}$/), (text) => {
      try {
        parseLabelSelector(text)?.({});
      } catch (error) {
        if (!(error instanceof ApiError) || error.code !== 400) throw error;
      }
    }),
  );
});

test('the empty selector matches all', () => {
  expect(parseLabelSelector('')).toBeUndefined();
});

test('numbers compare as numbers', () => {
  expect(parseLabelSelector('n>5')?.({ n: '12' })).toBe(true);
  expect(parseLabelSelector('n<5')?.({ n: '12' })).toBe(false);
  expect(parseLabelSelector('n>5')?.({ n: 'x' })).toBe(false);
});

test('a selector object and its text match the same labels', () => {
  const expressions = fc.array(
    fc.record({
      key,
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: fc.array(value, { minLength: 1 }),
    }),
  );
  fc.assert(
    fc.property(labels, expressions, labels, (matchLabels, raw, object) => {
      const matchExpressions = raw.map((item) => ({
        ...item,
        values: item.operator.endsWith('In') ? item.values : [],
      }));
      const selector = { matchLabels, matchExpressions };
      const viaText = parseLabelSelector(formatSelector(selector));
      expect(selectorMatcher(selector)(object)).toBe(viaText?.(object) ?? true);
    }),
  );
});
