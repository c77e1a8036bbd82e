import fc from 'fast-check';
import type { Json, JsonObject } from '../../../../common/json.js';
import { schemaCatalogue } from '../schema/index.js';
import { catalogueNode } from '../typed/catalogue-nodes.js';
import { applyJsonPatch } from './json-patch.js';
import { mergePatch } from './merge-patch.js';
import { strategicMerge } from './strategic-merge.js';

const POD = catalogueNode(schemaCatalogue, 'io.k8s.api.core.v1.Pod');
const DEPLOYMENT = catalogueNode(schemaCatalogue, 'io.k8s.api.apps.v1.Deployment');

const plain: fc.Arbitrary<Json> = fc.letrec<{ value: Json; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom<Json>('a', 'b', 1, true),
    fc.array(fc.constantFrom<Json>('a', 1), { maxLength: 2 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom('x', 'y', 'z'), tie('value'), { maxKeys: 3 }),
})).object;

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The smallest merge patch from one value to another. */
function difference(from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of Object.keys(from)) if (!(key in to)) patch[key] = null;
  for (const [key, value] of Object.entries(to)) {
    const before = from[key];
    if (isObject(before) && isObject(value)) patch[key] = difference(before, value);
    else if (JSON.stringify(before) !== JSON.stringify(value)) patch[key] = value;
  }
  return patch;
}

test('a merge patch made of a difference makes the one of the other, and changes neither', () => {
  fc.assert(
    fc.property(plain, plain, (from, to) => {
      if (!isObject(from) || !isObject(to)) return;
      const before = JSON.stringify(from);
      expect(mergePatch(from, difference(from, to))).toEqual(to);
      expect(JSON.stringify(from)).toBe(before);
    }),
  );
});

test('a strategic patch without lists does what a merge patch does', () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'));
  fc.assert(
    fc.property(labels, labels, (from, to) => {
      const original = { metadata: { labels: from } };
      const patch = difference(original, { metadata: { labels: to } });
      expect(strategicMerge(original, patch, POD)).toEqual(mergePatch(original, patch));
    }),
  );
});

const container = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  image: fc.constantFrom('x', 'y'),
});
const containers = fc.uniqueArray(container, { selector: ({ name }) => name });

test('a patch as kubectl computes it turns one list of containers into the other, in its order', () => {
  fc.assert(
    fc.property(containers, containers, (from, to) => {
      const patch = {
        spec: {
          '$setElementOrder/containers': to.map(({ name }) => ({ name })),
          containers: [
            ...to,
            ...from
              .filter(({ name }) => !to.some((item) => item.name === name))
              .map(({ name }) => ({ $patch: 'delete', name })),
          ],
        },
      };
      expect(strategicMerge({ spec: { containers: from } }, patch, POD)).toEqual({
        spec: { containers: to },
      });
    }),
  );
});

test('items that the patch does not know stay where they were among those it orders', () => {
  const original = { spec: { containers: ['injected', 'a', 'b'].map((name) => ({ name })) } };
  const patch = {
    spec: {
      '$setElementOrder/containers': [{ name: 'b' }, { name: 'a' }],
      containers: [{ name: 'b', image: 'new' }],
    },
  };
  expect(strategicMerge(original, patch, POD)).toEqual({
    spec: { containers: [{ name: 'injected' }, { name: 'b', image: 'new' }, { name: 'a' }] },
  });
});

test('directives replace, delete, retain and delete from plain lists', () => {
  const original = {
    metadata: { finalizers: ['a', 'b'] },
    spec: {
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      template: { spec: { nodeSelector: { a: '1' }, containers: [{ name: 'x' }, { name: 'y' }] } },
    },
  };
  const patch = {
    metadata: { '$deleteFromPrimitiveList/finalizers': ['a'], finalizers: ['c'] },
    spec: {
      strategy: { $retainKeys: ['type'], type: 'Recreate' },
      template: {
        spec: {
          nodeSelector: { $patch: 'replace', b: '2' },
          containers: [{ $patch: 'replace' }, { name: 'z' }],
        },
      },
    },
  };
  expect(strategicMerge(original, patch, DEPLOYMENT)).toEqual({
    metadata: { finalizers: ['c', 'b'] },
    spec: {
      strategy: { type: 'Recreate' },
      template: { spec: { nodeSelector: { b: '2' }, containers: [{ name: 'z' }] } },
    },
  });
});

test('a list without a merge key is replaced, and an item without its key refused', () => {
  const original = { spec: { containers: [{ name: 'x', command: ['a', 'b'] }] } };
  const patched = strategicMerge(
    original,
    { spec: { containers: [{ name: 'x', command: ['c'] }] } },
    POD,
  );
  expect(patched).toEqual({ spec: { containers: [{ name: 'x', command: ['c'] }] } });
  expect(() => strategicMerge(original, { spec: { containers: [{ image: 'y' }] } }, POD)).toThrow(
    'does not contain declared merge key: name',
  );
});

test('a JSON patch applies whole or not at all', () => {
  const target = { a: [1, 2], b: { c: 1 } };
  expect(
    applyJsonPatch(target, [
      { op: 'add', path: '/a/1', value: 9 },
      { op: 'move', from: '/b/c', path: '/d' },
    ]),
  ).toEqual({ a: [1, 9, 2], b: {}, d: 1 });
  expect(target).toEqual({ a: [1, 2], b: { c: 1 } });
  for (const operations of [
    [{ op: 'remove', path: '/nope' }],
    [{ op: 'replace', path: '/nope', value: 1 }],
    [{ op: 'test', path: '/b/c', value: 2 }],
    [{ op: 'add', path: '/no/where', value: 2 }],
  ]) {
    expect(() => applyJsonPatch(target, operations)).toThrow(
      'the server rejected our request due to an error in our request',
    );
  }
});
