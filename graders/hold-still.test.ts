import type { JsonObject } from '../common/json.js';
import { runChecks } from './run-checks.js';
import {
  isSelf,
  labWith,
  namespaceObject,
  policyObject,
  recordedCluster,
  startObjects,
} from './test-cluster.js';

const PATHS = {
  kind: 'reachability',
  rows: [{ from: 'shop/c', to: 'shop/web', port: 80, expect: 'allow' }],
};
const LABEL = {
  id: 'label',
  kind: 'resource',
  resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' },
  expect: [{ path: '.metadata.labels.app', equals: 'other' }],
};

const CLOSED = {
  kind: 'reachability',
  rows: [{ from: 'shop/c', to: 'shop/web', port: 80, expect: 'deny' }],
};

const objects = (uid: string): JsonObject[] => [
  { ...namespaceObject('kube-system'), metadata: { name: 'kube-system', uid } },
  ...startObjects({ 'shop/web': '10.1.1.2', 'shop/c': '10.1.1.1' }),
];

type Look = JsonObject[] | Error;

/** What is seen until the first packet, and from then on, look by look; the last one stays. An error is a server's. */
async function check({ before, after = before }: { before: Look[]; after?: Look[] }) {
  let looks = [...before];
  const cluster = recordedCluster(
    () => {
      const look = looks.length > 1 ? looks.shift() : looks[0];
      if (look === undefined || look instanceof Error) throw look ?? new Error('no look');
      return look;
    },
    () => {
      if (after !== before) looks = [...after];
      return { cause: 'open' };
    },
  );
  const told: string[] = [];
  const { checks } = await runChecks({
    lab: labWith([PATHS, LABEL]),
    cluster,
    answers: {},
    patience: 0.1,
    onResult: ({ id, outcome }) => told.push(`${id} ${outcome}`),
  });
  return { outcomes: checks.map(({ outcome }) => outcome), message: checks[0]?.message, told };
}

const stumbles = new Error('the API server answered with HTTP 500');

test('a policy made a moment ago has a second to go', async () => {
  const policy = policyObject('shop/p', { podSelector: { matchLabels: { app: 'nobody' } } });
  const creationTimestamp = new Date().toISOString();
  const metadata = { name: 'p', namespace: 'shop', uid: 'p', creationTimestamp };
  const begin = performance.now();
  const { outcomes } = await check({ before: [[...objects('one'), { ...policy, metadata }]] });
  expect(outcomes[0]).toBe('passed');
  // A tenth of it, as all patience here.
  expect(performance.now() - begin).toBeGreaterThanOrEqual(99);
});

test('a policy that came and was gone again while it was looked for is doubted', async () => {
  const policy = policyObject('shop/p', { podSelector: {}, policyTypes: ['Ingress'] });
  const [open, closed] = [objects('one'), [...objects('one'), policy]];
  const looks = [open, closed, open];
  const cluster = recordedCluster(
    () => (looks.length > 1 ? looks.shift() : looks[0]) ?? [],
    (request) =>
      isSelf(request)
        ? { cause: 'open' }
        : {
            cause: 'filtered',
            droppedBy: { node: 'worker-1', direction: 'ingress', policies: ['shop/p'] },
          },
  );
  const { checks } = await runChecks({
    lab: labWith([CLOSED]),
    cluster,
    answers: {},
    patience: 0.5,
  });
  expect(checks[0]).toMatchObject({ outcome: 'inconclusive' });
  expect(checks[0]?.message).toContain('Policies changed while we looked (shop/p)');
});

test('what stays as it was is told as it was seen', async () => {
  const { outcomes } = await check({ before: [objects('one')] });
  expect(outcomes).toEqual(['passed', 'failed']);
});

test('a cluster that is reset during a Check says nothing, neither good nor bad', async () => {
  const { outcomes, message, told } = await check({
    before: [objects('one')],
    after: [objects('two')],
  });
  expect(outcomes).toEqual(['inconclusive', 'inconclusive']);
  expect(message).toContain('The cluster was reset while we looked at it');
  expect(told).toEqual(
    expect.arrayContaining(['check passed', 'label failed', 'check inconclusive']),
  );
});

test('policies that change during a Check take back what passed', async () => {
  const policy = policyObject('shop/new', { podSelector: {} });
  const { outcomes, message } = await check({
    before: [objects('one')],
    after: [[...objects('one'), policy]],
  });
  expect(outcomes).toEqual(['inconclusive', 'failed']);
  expect(message).toContain('Policies changed while we looked (shop/new)');
});

test.each([
  ['at the start', { before: [stumbles, objects('one')] }],
  ['in the middle', { before: [objects('one')], after: [stumbles, objects('one')] }],
])('a server that stumbles once %s costs no verdict', async (_, looks) => {
  expect((await check(looks)).outcomes).toEqual(['passed', 'failed']);
});

test('a cluster that cannot be looked at to the end passes nothing', async () => {
  const { outcomes, message } = await check({ before: [objects('one')], after: [stumbles] });
  expect(outcomes[0]).toBe('inconclusive');
  expect(message).toContain('could not be looked at all the time');
});

test('a policy that was changed and changed back is not the one that was there', async () => {
  const at = (generation: number) => {
    const policy = policyObject('shop/p', { podSelector: { matchLabels: { app: 'nobody' } } });
    return { ...policy, metadata: { name: 'p', namespace: 'shop', uid: 'p', generation } };
  };
  const { outcomes } = await check({
    before: [[...objects('one'), at(1)]],
    after: [[...objects('one'), at(3)]],
  });
  expect(outcomes[0]).toBe('inconclusive');
});
