import type { JsonObject } from '../../common/json.js';
import { viewOf } from '../cluster-view.js';
import {
  labWith,
  namespaceObject,
  podObject,
  policyObject,
  serviceObject,
} from '../test-cluster.js';
import { meansTheSame } from './same-meaning.js';

const LAB = labWith([
  {
    kind: 'reachability',
    rows: [
      {
        from: 'shop/{app=web,!debug}',
        to: 'service:shop/db',
        port: 5432,
        expect: 'allow',
        servedBy: 'shop/{kind=database}',
      },
    ],
  },
]);
const DEPLOYMENT: JsonObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    selector: { matchLabels: { run: 'web' } },
    template: { metadata: { labels: { run: 'web', role: 'front' } }, spec: {} },
  },
};
const OBJECTS = [
  namespaceObject('shop'),
  serviceObject('shop/db', { role: 'db' }, [5432, 5432]),
  policyObject('shop/db', {
    podSelector: { matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['data'] }] },
    policyTypes: ['Ingress'],
  }),
  DEPLOYMENT,
];

function isSame(original: JsonObject, object: JsonObject | undefined): boolean {
  const view = viewOf({ takenAt: '2026-01-01T00:00:00Z', objects: [...OBJECTS, original] });
  return meansTheSame({ what: 'changed', object }, { original, lab: LAB, view });
}

type Labels = Record<string, string>;

test.each<[string, [Labels, Labels], boolean]>([
  ['a label that nobody reads', [{ owner: 'a' }, { owner: 'b' }], true],
  ['a value that no Service asks for', [{ role: 'front' }, { role: 'frontx' }], true],
  ['the value that a Service asks for', [{ role: 'db' }, { role: 'dbx' }], false],
  ['the value that a check asks for', [{ app: 'web' }, {}], false],
  ['the value that a Service must lead to', [{ kind: 'database' }, { kind: 'cache' }], false],
  ['a label whose presence a check asks about', [{ debug: 'a' }, { debug: 'b' }], true],
  ['its absence', [{}, { debug: 'b' }], false],
  ['the value that a policy names', [{ tier: 'data' }, { tier: 'web' }], false],
])('labels: %s', (_title, [before, after], same) => {
  expect(isSame(podObject('shop/x', before), podObject('shop/x', after))).toBe(same);
});

test('a Deployment that gives its pods other labels means the same, unless somebody else reads them', () => {
  const labelled = (labels: JsonObject): JsonObject => ({
    ...DEPLOYMENT,
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: {} } },
  });
  expect(isSame(DEPLOYMENT, labelled({ run: 'webx', role: 'front' }))).toBe(true);
  expect(isSame(DEPLOYMENT, labelled({ run: 'web', role: 'db' }))).toBe(false);
});

test('what is left out, or elsewhere, is another thing', () => {
  const service = serviceObject('shop/web', { app: 'web' }, [80, 80]);
  expect(isSame(service, undefined)).toBe(false);
  expect(isSame(service, serviceObject('default/web', { app: 'web' }, [80, 80]))).toBe(false);
});

test('policies are compared by what they allow', () => {
  const policy = policyObject('shop/web', {
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{}],
  });
  expect(isSame(policy, { ...policy, spec: { podSelector: {}, ingress: [{ from: [] }] } })).toBe(
    true,
  );
  expect(isSame(policy, { ...policy, spec: { podSelector: {} } })).toBe(false);
});
