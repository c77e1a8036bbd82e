import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '../../common/json.js';
import { QuestionDefinition, type Answer } from '../../common/lab.js';
import { podObject, serviceObject } from '../test-cluster.js';
import type { Mutant } from './mutant.js';
import { answerMutants } from './mutate-answers.js';
import { serviceMutants } from './mutate-service.js';
import { controllerMutants, podMutants } from './mutate-workload.js';

const NAMESPACES = ['default', 'shop', 'audit'];
const SERVICE = serviceObject('shop/web', { app: 'web', tier: 'front' }, [80, 8080]);
const POD = podObject('shop/web', { app: 'web' });
const DEPLOYMENT: JsonObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'shop', name: 'web' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'nginx', args: ['-g', 'daemon off;'] }] },
    },
  },
};

const names = (mutants: readonly Mutant[]): string[] => mutants.map(({ what }) => what);

test.each([
  ['Service', SERVICE, serviceMutants],
  ['Pod', POD, podMutants],
  ['Deployment', DEPLOYMENT, controllerMutants],
])('every mutant of a %s is another one, and says what was changed', (_kind, object, mutate) => {
  const original = structuredClone(object);
  const mutants = mutate(object, NAMESPACES);
  expect(object).toEqual(original);
  expect(mutants.filter((mutant) => isDeepStrictEqual(mutant.object, object))).toEqual([]);
  expect(new Set(names(mutants)).size).toBe(mutants.length);
});

test('every kind of mistake with a Service is among them', () => {
  expect(names(serviceMutants(SERVICE, NAMESPACES))).toEqual([
    'left out',
    'in namespace default',
    'in namespace audit',
    'no selector',
    'selector: app misspelt',
    'selector: app left out',
    'selector: tier misspelt',
    'selector: tier left out',
    'port 1: 81 dialled',
    'port 1: to 8081',
    'port 1: UDP instead',
  ]);
});

test('a Service on the nodes may be none, and a port may be of a name', () => {
  const service = {
    ...SERVICE,
    spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 'web', nodePort: 30080 }] },
  };
  const mutants = serviceMutants(service, ['shop']);
  expect(mutants).toContainEqual({
    what: 'not on the nodes',
    object: {
      ...service,
      spec: { type: 'ClusterIP', ports: [{ port: 80, targetPort: 'web' }] },
    },
  });
  expect(names(mutants)).toContain('port 1: to a port of another name');
});

test('every kind of mistake with what runs is among them', () => {
  expect(names(podMutants(POD, NAMESPACES))).toEqual([
    'left out',
    'in namespace default',
    'in namespace audit',
    'label app misspelt',
    'no labels',
    'container 1: image misspelt',
    'container 1: serves nothing',
  ]);
  expect(names(controllerMutants(DEPLOYMENT, ['shop']))).toEqual([
    'left out',
    'no replicas',
    'label app misspelt',
    'container 1: image misspelt',
    'container 1: serves nothing',
  ]);
});

test('a Deployment of other labels still finds its own pods', () => {
  const mutant = controllerMutants(DEPLOYMENT, ['shop']).find(({ what }) =>
    what.startsWith('label'),
  );
  expect(mutant?.object).toMatchObject({
    spec: {
      selector: { matchLabels: { app: 'webx' } },
      template: { metadata: { labels: { app: 'webx' } } },
    },
  });
});

test('a pod that serves nothing anyway has no such mutant', () => {
  const idle = podObject('shop/client', { app: 'client' });
  idle['spec'] = { containers: [{ name: 'c', image: 'busybox', command: ['sleep', 'infinity'] }] };
  expect(names(podMutants(idle, ['shop']))).not.toContain('container 1: serves nothing');
});

test.each<[QuestionDefinition['type'], Answer, Answer[]]>([
  ['choice', 'a', ['b', 'c']],
  ['choices', ['a', 'b'], [['b'], ['a'], ['a', 'b', 'c']]],
  ['number', 3, [4, 2]],
  ['text', '10.0.0.0/8', ['10.0.0.0/80', '10.0.0.0/']],
])('of a question of type %s every answer beside the right one is tried', (type, right, wrong) => {
  const question = QuestionDefinition.parse({
    id: 'q',
    type,
    prompt: 'P',
    options: ['a', 'b', 'c'].map((id) => ({ id, text: id, explanation: 'E' })),
  });
  const mutants = answerMutants([question], { q: right, other: 'kept' });
  expect(mutants.map(({ value }) => value)).toEqual(wrong.map((q) => ({ q, other: 'kept' })));
});
