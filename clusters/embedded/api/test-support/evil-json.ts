import fc from 'fast-check';

/** Keys that mean something to JavaScript, to patches, to server-side apply or to Kubernetes. */
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '$deleteFromPrimitiveList/finalizers',
  'apiVersion',
  'kind',
  'metadata',
  'name',
  'labels',
  'annotations',
  'finalizers',
  'managedFields',
  'ownerReferences',
  'spec',
  'containers',
  'volumes',
  'env',
  'image',
  'ports',
  'resources',
  'limits',
  'cpu',
  'selector',
  'data',
  'status',
  'replicas',
  '',
  'a.b/c',
  'ключ',
];
const SCALARS = [
  'null',
  'true',
  '0',
  '-1',
  '1.5',
  '1e308',
  '9007199254740993',
  '""',
  '"a"',
  '"Never"',
  '"delete"',
  '"replace"',
  '"1Gi"',
  '"2024-01-01T00:00:00Z"',
  '"\\u0000\\ud800"',
  '"../.."',
  '[]',
  '{}',
];

/** JSON objects as text, so that `__proto__` is a key like any other, with fields in places they do not belong. */
export const evilObject: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(...SCALARS),
      fc.string().map((text) => JSON.stringify(text)),
      fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
      tie('object'),
    ),
    object: fc
      .array(fc.tuple(fc.constantFrom(...KEYS), tie('value')), { maxLength: 5 })
      .map(
        (fields) =>
          `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`,
      ),
  }),
).object;
