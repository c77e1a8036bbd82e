import { startTestServer } from '../test-support/api-client.js';
import type { Answer, TestServer } from '../test-support/api-client.js';

const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

let count = 0;
interface Kind {
  create(spec: object, name?: string): Promise<Answer>;
  update(spec: object, name?: string): Promise<Answer>;
  defined: Answer;
}

/** A kind of its own whose spec has this schema. */
async function define(spec: object, rootRules: object[] = []): Promise<Kind> {
  count += 1;
  const plural = `things${count}`;
  const kind = `Thing${count}`;
  const defined = await api.call('POST', CRDS, {
    body: {
      metadata: { name: `${plural}.example.com` },
      spec: {
        group: 'example.com',
        scope: 'Cluster',
        names: { plural, singular: `thing${count}`, kind },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            schema: {
              openAPIV3Schema: {
                type: 'object',
                'x-kubernetes-validations': rootRules,
                properties: { spec: { type: 'object', ...spec } },
              },
            },
          },
        ],
      },
    },
  });
  const path = `/apis/example.com/v1/${plural}`;
  const body = (spec: object, name: string): object => ({
    apiVersion: 'example.com/v1',
    kind,
    metadata: { name },
    spec,
  });
  return {
    defined,
    create: (spec, name = 'x') => api.call('POST', path, { body: body(spec, name) }),
    update: (spec, name = 'x') =>
      api.call('PATCH', `${path}/${name}`, {
        headers: { 'content-type': 'application/merge-patch+json' },
        body: { spec },
      }),
  };
}

/** The causes of a refusal as `field: message`. */
function faults(answer: Answer): string[] {
  const { details } = answer.json as {
    details?: { causes?: { field: string; message: string }[] };
  };
  return (details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);
}

const range = {
  properties: {
    min: { type: 'integer' },
    max: { type: 'integer' },
    name: { type: 'string' },
  },
};

test('a rule over several fields is held, with its own message, its expression’s, or none', async () => {
  const things = await define({
    ...range,
    'x-kubernetes-validations': [
      { rule: 'self.min <= self.max' },
      { rule: 'self.min >= 0', message: 'min is not negative' },
      {
        rule: 'self.max < 100',
        messageExpression: '"max is " + string(self.max) + ", at most 99"',
        fieldPath: '.max',
      },
    ],
  });
  expect(things.defined.status).toBe(201);
  expect((await things.create({ min: 1, max: 2 }, 'good')).status).toBe(201);
  expect(faults(await things.create({ min: -1, max: -2 }))).toEqual([
    'spec: Invalid value: "object": failed rule: self.min <= self.max',
    'spec: Invalid value: "object": min is not negative',
  ]);
  expect(faults(await things.create({ min: 1, max: 200 }))).toEqual([
    'spec.max: Invalid value: "object": max is 200, at most 99',
  ]);
  expect(faults(await things.create({ max: 1 }))).toEqual([
    'spec: Invalid value: "object": no such key: min evaluating rule: self.min <= self.max',
    'spec: Invalid value: "object": no such key: min evaluating rule: min is not negative',
  ]);
});

test('a rule about oldSelf is asked only where there is something old', async () => {
  const things = await define({
    properties: {
      color: {
        type: 'string',
        'x-kubernetes-validations': [
          { rule: 'self == oldSelf', message: 'color is immutable', reason: 'FieldValueForbidden' },
        ],
      },
      level: { type: 'integer' },
    },
    'x-kubernetes-validations': [
      {
        rule: '!oldSelf.hasValue() || self.level >= oldSelf.value().level',
        optionalOldSelf: true,
        message: 'level only rises',
      },
    ],
  });
  expect(things.defined.status).toBe(201);
  expect((await things.create({ color: 'red', level: 3 })).status).toBe(201);
  expect(faults(await things.update({ color: 'blue' }))).toEqual([
    'spec.color: Forbidden: color is immutable',
  ]);
  expect(faults(await things.update({ level: 2 }))).toEqual([
    'spec: Invalid value: "object": level only rises',
  ]);
  expect((await things.update({ level: 4 })).status).toBe(200);
});

test('rules reach into lists and maps, and items of a keyed list know what they were', async () => {
  const things = await define({
    properties: {
      ports: {
        type: 'array',
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        items: {
          type: 'object',
          required: ['name'],
          properties: { name: { type: 'string' }, port: { type: 'integer' } },
          'x-kubernetes-validations': [
            { rule: 'self.port == oldSelf.port', message: 'ports stay' },
          ],
        },
      },
      tags: {
        type: 'object',
        additionalProperties: {
          type: 'string',
          'x-kubernetes-validations': [{ rule: 'size(self) <= 3' }],
        },
      },
    },
  });
  const web = { name: 'web', port: 80 };
  await things.create({ ports: [web], tags: { a: 'abc' } });
  const moved = {
    ports: [
      { name: 'other', port: 1 },
      { ...web, port: 81 },
    ],
  };
  expect(faults(await things.update(moved))).toEqual([
    'spec.ports[1]: Invalid value: "object": ports stay',
  ]);
  expect(faults(await things.update({ tags: { b: 'abcd' } }))).toEqual([
    'spec.tags[b]: Invalid value: "string": failed rule: size(self) <= 3',
  ]);
});

test('an invalid object is not asked further, and what did not change is not asked again', async () => {
  const things = await define({
    ...range,
    required: ['name'],
    'x-kubernetes-validations': [{ rule: 'self.min <= self.max' }],
  });
  expect(faults(await things.create({ min: 2, max: 1 }))).toEqual([
    'spec.name: Required value',
    '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
  ]);
});

test('Kubernetes’ libraries and the object’s own name can be used', async () => {
  const things = await define(
    {
      properties: {
        cidr: { type: 'string', 'x-kubernetes-validations': [{ rule: 'isCIDR(self)' }] },
        size: {
          'x-kubernetes-int-or-string': true,
          'x-kubernetes-validations': [
            { rule: 'type(self) == int || quantity(self).isLessThan(quantity("1Gi"))' },
          ],
        },
        after: {
          type: 'string',
          format: 'date-time',
          'x-kubernetes-validations': [{ rule: 'self > timestamp("2020-01-01T00:00:00Z")' }],
        },
        namespace: { type: 'string' },
      },
      'x-kubernetes-validations': [
        { rule: '!has(self.__namespace__) || self.__namespace__ != ""' },
      ],
    },
    [{ rule: 'self.metadata.name.startsWith("a")' }],
  );
  expect(things.defined.json).toMatchObject({ kind: 'CustomResourceDefinition' });
  const good = { cidr: '10.0.0.0/8', size: '1Mi', after: '2024-01-01T00:00:00Z', namespace: 'n' };
  expect((await things.create(good, 'a')).status).toBe(201);
  const bad = { cidr: '10.0.0.0/33', size: '2Gi', after: '2019-01-01T00:00:00Z', namespace: '' };
  expect(faults(await things.create(bad, 'b')).map((fault) => fault.split(':')[0])).toEqual([
    '<nil>',
    'spec',
    'spec.cidr',
    'spec.size',
    'spec.after',
  ]);
});

test('a definition whose rules speak of what is not there is refused', async () => {
  const causes = async (...rules: object[]): Promise<string[]> =>
    faults((await define({ ...range, 'x-kubernetes-validations': rules })).defined);
  const at = 'spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0]';
  expect(await causes({ rule: 'self.mix > 1' })).toEqual([
    `${at}.rule: Invalid value: apiextensions.ValidationRule{Rule:"self.mix > 1", Message:"", MessageExpression:"", Reason:(*apiextensions.FieldValueErrorReason)(nil), FieldPath:"", OptionalOldSelf:(*bool)(nil)}: compilation failed: ERROR: <input>:1:6: undefined field 'mix'\n | self.mix > 1\n | .....^`,
  ]);
  expect((await causes({ rule: 'self.min > self.name' }))[0]).toContain(
    "found no matching overload for '_>_' applied to '(int, string)'",
  );
  expect((await causes({ rule: 'other.min > 1' }))[0]).toContain("undeclared reference to 'other'");
  expect((await causes({ rule: 'self.min + 1' }))[0]).toContain('must evaluate to bool');
  expect((await causes({ rule: 'self.min >' }))[0]).toContain('Syntax error');
  expect(await causes({ rule: '' })).toEqual([`${at}.rule: Required value: rule is not specified`]);
});

test('neither a loop over loops nor a pattern that backtracks holds the server up', async () => {
  const things = await define({
    properties: {
      list: {
        type: 'array',
        items: { type: 'integer' },
        'x-kubernetes-validations': [
          { rule: 'self.all(a, self.all(b, self.all(c, self.all(d, a + b + c + d > 0))))' },
        ],
      },
      text: { type: 'string', pattern: '^(a+)+$' },
    },
  });
  const began = Date.now();
  const list = Array.from({ length: 1000 }, () => 1);
  expect(faults(await things.create({ list }))[0]).toContain('running out of cost budget');
  expect((await things.create({ text: `${'a'.repeat(50)}b` })).status).toBe(422);
  // Without an end to either it would be years.
  expect(Date.now() - began).toBeLessThan(20_000);
}, 30_000);
