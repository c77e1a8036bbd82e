import fc from 'fast-check';
import type { KubeObject } from '../cluster-api.js';
import { CONFIG_MAPS, PODS } from '../test-support/small-definitions.js';
import { parseFieldSelector, parseTerms } from './field-selector.js';

const object = (name: string, namespace = 'demo'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, uid: '', resourceVersion: '', creationTimestamp: '' },
  status: { phase: 'Running' },
});
const pods = {
  ...PODS,
  selectableFields: {
    'status.phase': ({ status }: KubeObject) => String(Reflect.get(Object(status), 'phase')),
  },
};

test('terms hold together', () => {
  const matcher = parseFieldSelector('metadata.name=a,status.phase!=Failed', pods);
  expect(matcher?.matches(object('a'))).toBe(true);
  expect(matcher?.matches(object('b'))).toBe(false);
  expect(matcher?.name).toBe('a');
  expect(parseFieldSelector('', pods)).toBeUndefined();
});

test('unknown fields are refused as their kind refuses them', () => {
  expect(() => parseFieldSelector('spec.foo=x', pods)).toThrow(
    'field label not supported: spec.foo',
  );
  expect(() => parseFieldSelector('spec.foo=x', CONFIG_MAPS)).toThrow(
    '"spec.foo" is not a known field selector: only "metadata.name", "metadata.namespace"',
  );
  expect(() => parseFieldSelector('nonsense', pods)).toThrow(
    "invalid selector: 'nonsense'; can't understand 'nonsense'",
  );
});

test('escaped values are read back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'b.c'), fc.boolean(), fc.string())),
      (terms) => {
        const escape = (text: string): string => text.replace(/[\\,=]/g, '\\$&');
        const text = terms
          .map(([field, equal, value]) => `${field}${equal ? '=' : '!='}${escape(value)}`)
          .join(',');
        expect(parseTerms(text)).toEqual(
          terms.map(([field, equal, value]) => ({ field, equal, value })),
        );
      },
    ),
  );
});
