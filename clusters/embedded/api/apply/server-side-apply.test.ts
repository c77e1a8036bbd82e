import fc from 'fast-check';
import type { JsonObject } from '../../../../common/json.js';
import { ApiError } from '../api-error.js';
import { isKubeObject } from '../json/object-json.js';
import { schemaCatalogue } from '../schema/index.js';
import { catalogueNode } from '../typed/catalogue-nodes.js';
import { FieldSet, parseFieldSet, pathText } from './field-set.js';
import { applyConfiguration } from './server-side-apply.js';

const DEPLOYMENT = catalogueNode(schemaCatalogue, 'io.k8s.api.apps.v1.Deployment');
const TIME = '2026-01-01T00:00:00Z';

interface Options {
  manager: string;
  force?: boolean;
}

/** Applies to what an earlier apply gave, or to nothing. */
function apply(
  live: JsonObject | undefined,
  spec: JsonObject,
  { manager, force = false }: Options,
): JsonObject {
  const object: unknown = live;
  return applyConfiguration(isKubeObject(object) ? object : undefined, {
    config: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web' }, spec },
    node: DEPLOYMENT,
    manager,
    apiVersion: 'apps/v1',
    subresource: undefined,
    force,
    time: TIME,
  });
}

const spec = (live: JsonObject): unknown => live['spec'];
const pod = (...containers: JsonObject[]): JsonObject => ({ template: { spec: { containers } } });

test('what an applier leaves out is removed, unless somebody else has it', () => {
  let live = apply(
    undefined,
    { replicas: 2, ...pod({ name: 'a', image: 'x' }, { name: 'b', image: 'y' }) },
    { manager: 'm1' },
  );
  live = apply(live, { replicas: 2 }, { manager: 'm2' });
  live = apply(live, pod({ name: 'a', image: 'x' }), { manager: 'm1' });
  expect(spec(live)).toEqual({ replicas: 2, ...pod({ name: 'a', image: 'x' }) });
  live = apply(live, {}, { manager: 'm2' });
  expect(spec(live)).toEqual(pod({ name: 'a', image: 'x' }));
});

test('a difference with another manager is a conflict, told in the real words, and force takes it', () => {
  const live = apply(undefined, { replicas: 2, paused: true }, { manager: 'm1' });
  const change = { replicas: 3, paused: false };
  let refusal: unknown;
  try {
    apply(live, change, { manager: 'm2' });
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toBeInstanceOf(ApiError);
  expect(refusal).toMatchObject({
    code: 409,
    message:
      'Apply failed with 2 conflicts: conflicts with "m1":\n- .spec.paused\n- .spec.replicas',
  });
  const forced = apply(live, change, { manager: 'm2', force: true });
  expect(spec(forced)).toEqual({ replicas: 3, paused: false });
  expect(managersOf(forced)).toEqual({ m2: ['.spec.paused', '.spec.replicas'] });
});

test('the same value shares a field', () => {
  let live = apply(undefined, { replicas: 2 }, { manager: 'm1' });
  live = apply(live, { replicas: 2 }, { manager: 'm2' });
  expect(managersOf(live)).toEqual({ m1: ['.spec.replicas'], m2: ['.spec.replicas'] });
});

test('applying the same twice changes nothing, not even the time', () => {
  const config = { replicas: 2, ...pod({ name: 'a', image: 'x', ports: [{ containerPort: 80 }] }) };
  const once = apply(undefined, config, { manager: 'm1' });
  expect(apply(once, config, { manager: 'm1' })).toEqual(once);
});

test('items are told apart by their keys, a missing protocol being TCP', () => {
  const live = apply(undefined, pod({ name: 'a', ports: [{ containerPort: 80 }] }), {
    manager: 'm1',
  });
  expect(managersOf(live)['m1']).toContain(
    '.spec.template.spec.containers[name="a"].ports[containerPort=80,protocol="TCP"].containerPort',
  );
});

test('for any two configurations, applying the second leaves exactly the second', () => {
  const container = fc.record(
    { name: fc.constantFrom('a', 'b', 'c'), image: fc.constantFrom('x', 'y'), tty: fc.boolean() },
    { requiredKeys: ['name'] },
  );
  const config = fc.record(
    {
      replicas: fc.integer({ min: 1, max: 3 }),
      containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1 }),
      labels: fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('1', '2'), { minKeys: 1 }),
    },
    { requiredKeys: [] },
  );
  const write = (value: {
    replicas?: number;
    containers?: JsonObject[];
    labels?: JsonObject;
  }): JsonObject => ({
    ...(value.replicas !== undefined && { replicas: value.replicas }),
    ...((value.containers ?? value.labels) !== undefined && {
      template: {
        ...(value.labels && { metadata: { labels: value.labels } }),
        ...(value.containers && { spec: { containers: value.containers } }),
      },
    }),
  });
  fc.assert(
    fc.property(config, config, (first, second) => {
      const live = apply(apply(undefined, write(first), { manager: 'm' }), write(second), {
        manager: 'm',
      });
      expect(sorted(spec(live) ?? {})).toEqual(sorted(write(second)));
    }),
  );
});

test('sets of fields behave as sets of paths', () => {
  const path = fc.array(fc.constantFrom('f:a', 'f:b', 'k:{"n":1}'), { minLength: 1, maxLength: 3 });
  const paths = fc.array(path);
  const build = (list: string[][]): FieldSet => {
    const set = new FieldSet();
    for (const item of list) set.insert(item);
    return set;
  };
  const texts = (set: FieldSet): string[] => [...set.paths()].map((item) => item.join('/')).sort();
  fc.assert(
    fc.property(paths, paths, (left, right) => {
      const a = new Set(left.map((item) => item.join('/')));
      const b = new Set(right.map((item) => item.join('/')));
      const [setA, setB] = [build(left), build(right)];
      expect(texts(setA.union(setB))).toEqual([...new Set([...a, ...b])].sort());
      expect(texts(setA.difference(setB))).toEqual([...a].filter((item) => !b.has(item)).sort());
      expect(texts(setA.intersection(setB))).toEqual([...a].filter((item) => b.has(item)).sort());
      expect(texts(parseFieldSet(setA.toJson()))).toEqual([...a].sort());
      expect(setA.equals(build([...left].reverse()))).toBe(true);
    }),
  );
});

/** Every leaf that each manager has, as text. */
function managersOf(live: JsonObject): Record<string, string[]> {
  const object: unknown = live;
  if (!isKubeObject(object)) throw new Error('not an object');
  return Object.fromEntries(
    (object.metadata.managedFields ?? []).map((entry) => [
      typeof entry['manager'] === 'string' ? entry['manager'] : '',
      [...parseFieldSet(entry['fieldsV1']).paths()].map(pathText),
    ]),
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sorted(item)]));
}
