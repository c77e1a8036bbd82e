import { setTimeout as sleep } from 'node:timers/promises';
import {
  labWith,
  nodeObject,
  podObject,
  serviceObject,
  recordedCluster,
  namespaceObject,
  pluginObject,
} from './test-cluster.js';
import { runChecks } from './run-checks.js';

const QUESTION = {
  id: 'which',
  type: 'choice',
  prompt: 'Which?',
  options: [
    { id: 'a', text: 'A', right: true, explanation: 'Because of a.' },
    { id: 'b', text: 'B', explanation: 'Not b, because.' },
  ],
};
const ANSWER = { id: 'answer', kind: 'answer', question: 'which' };
const POD = {
  kind: 'resource',
  resource: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web' },
  expect: [{ path: '.metadata.labels.app', equals: 'web' }],
};

test('a right answer passes with its explanation, a wrong one fails with its own, none fails without any', async () => {
  const lab = labWith([ANSWER], [QUESTION]);
  const cluster = recordedCluster([]);
  const say = async (answers: Record<string, string>) =>
    (await runChecks({ lab, cluster, answers })).checks[0];
  expect(await say({ which: 'a' })).toMatchObject({ outcome: 'passed', message: 'Because of a.' });
  expect(await say({ which: 'b' })).toMatchObject({
    outcome: 'failed',
    message: '"B": Not b, because.',
    findings: [{ next: expect.stringContaining('try it in your cluster') }],
  });
  const nothing = await say({});
  expect(nothing).toMatchObject({
    outcome: 'failed',
    message: 'The question is not answered yet.',
    findings: [{ next: 'answer it in the text of the step, then check again.' }],
  });
  expect(JSON.stringify(nothing)).not.toContain('Because');
});

test('a half right choice of several does not tell what is missing', async () => {
  const question = {
    ...QUESTION,
    type: 'choices',
    options: [...QUESTION.options, { id: 'c', text: 'C', right: true, explanation: 'And c.' }],
  };
  const { checks } = await runChecks({
    lab: labWith([ANSWER], [question]),
    cluster: recordedCluster([]),
    answers: { which: ['a'] },
  });
  expect(checks[0]).toMatchObject({
    outcome: 'failed',
    message: 'Everything you picked is right, but something is still missing.',
  });
});

test('a pod that should run says why it cannot, and the command that shows it', async () => {
  const lab = labWith([{ ...POD, expect: [{ path: '.status.phase', equals: 'Running' }] }]);
  const broken = podObject(
    'shop/web',
    { app: 'web' },
    { phase: 'Pending', waiting: 'ImagePullBackOff' },
  );
  const { checks } = await runChecks({
    lab,
    cluster: recordedCluster([namespaceObject('shop'), broken]),
    answers: {},
    patience: 0.02,
  });
  expect(checks[0]?.message).toBe(
    'Pod web .status.phase should be Running, but is Pending. It says: ImagePullBackOff.',
  );
  expect(checks[0]?.findings[0]?.next).toBe('kubectl describe pod web -n shop');
});

test("an answer is compared with the learner's own cluster", async () => {
  const question = {
    id: 'which',
    type: 'text',
    prompt: 'P',
    explanation: 'No.',
    fromCluster: {
      apiVersion: 'v1',
      kind: 'Pod',
      namespace: 'shop',
      name: 'web',
      path: '.status.podIP',
    },
  };
  const lab = labWith([ANSWER], [question]);
  const cluster = recordedCluster([podObject('shop/web', {}, { address: '10.244.7.7' })]);
  const outcome = async (answer: string) =>
    (await runChecks({ lab, cluster, answers: { which: answer } })).checks[0]?.outcome;
  expect(await outcome(' 10.244.7.7 ')).toBe('passed');
  expect(await outcome('10.244.7.8')).toBe('failed');
  const gone = await runChecks({ lab, cluster: recordedCluster([]), answers: { which: 'x' } });
  expect(gone.checks[0]?.outcome).toBe('inconclusive');
});

test.each([
  ['None', 'none'],
  ['', ' '],
])('a field that says nothing (%j) is no right answer', async (clusterIP, which) => {
  const fromCluster = {
    apiVersion: 'v1',
    kind: 'Service',
    namespace: 'shop',
    name: 'web',
    path: '.spec.clusterIP',
  };
  const question = { id: 'which', type: 'text', prompt: 'P', explanation: 'No.', fromCluster };
  const service = serviceObject('shop/web', {}, [80, 80]);
  const cluster = recordedCluster([{ ...service, spec: { clusterIP } }]);
  const lab = labWith([ANSWER], [question]);
  const { checks } = await runChecks({ lab, cluster, answers: { which } });
  expect(checks[0]?.outcome).toBe('inconclusive');
});

test('a missing object names what exists instead', async () => {
  const say = async (...paths: string[]) => {
    const cluster = recordedCluster(paths.map((path) => podObject(path, { app: 'web' })));
    return (await runChecks({ lab: labWith([POD]), cluster, answers: {} })).checks[0]?.message;
  };
  expect(await say('shop/web')).toBe('Pod web in shop is as asked for.');
  expect(await say('shop/wep')).toBe('No Pod web in shop. There is wep: is that the one?');
  expect(await say('default/web')).toBe(
    'No Pod web in shop. There is one of this name in default. That is where things go when neither the command nor the file names a namespace.',
  );
  expect(await say('dev/web')).toBe('No Pod web in shop. There is one of this name in dev.');
  expect(await say('default/other')).toBe('No Pod web in shop. There is none in this namespace.');
  expect(await say()).toBe('No Pod web in shop. There is none in this namespace.');
});

test('a field that differs says what was expected and what is there', async () => {
  const cluster = recordedCluster([podObject('shop/web', { app: 'wep' })]);
  const { checks } = await runChecks({ lab: labWith([POD]), cluster, answers: {} });
  expect(checks[0]?.findings[0]).toMatchObject({
    subject: 'Pod web .metadata.labels.app',
    expected: 'web',
    observed: 'wep',
    next: 'kubectl get pod web -n shop -o yaml',
  });
});

test('a check is skipped, with the reason, until those it depends on pass', async () => {
  const lab = labWith(
    [
      { ...ANSWER, title: 'First' },
      { ...POD, id: 'second', dependsOn: ['answer'] },
      { ...POD, id: 'third', dependsOn: ['second'] },
    ],
    [QUESTION],
  );
  const cluster = recordedCluster([podObject('shop/web', { app: 'web' })]);
  const wrong = await runChecks({ lab, cluster, answers: {} });
  expect(wrong.checks.map(({ outcome }) => outcome)).toEqual(['failed', 'skipped', 'skipped']);
  expect(wrong.checks[1]?.message).toBe('Not looked at yet: first "First" has to pass.');
  expect(wrong).toMatchObject({ outcome: 'failed', points: { earned: 0, possible: 3 } });
  const right = await runChecks({ lab, cluster, answers: { which: 'a' } });
  expect(right).toMatchObject({ outcome: 'passed', points: { earned: 3, possible: 3 } });
});

test('a fault of ours is an error and not a failure', async () => {
  const cluster = recordedCluster(() => {
    throw new Error('the API server is gone');
  });
  const { checks, outcome } = await runChecks({
    lab: labWith([POD]),
    cluster,
    answers: {},
    patience: 0.02,
  });
  expect(checks[0]).toMatchObject({ outcome: 'error', points: { earned: 0 } });
  expect(checks[0]?.message).toContain('Nothing is counted against you');
  expect(outcome).toBe('inconclusive');
});

/** A path to a pod that does not come up: there is something to wait for. */
function neverReady() {
  const objects = [
    namespaceObject('shop'),
    podObject('shop/web', { app: 'web' }, { phase: 'Pending' }),
    podObject('shop/c', { app: 'c' }, { address: '10.1.1.1' }),
  ];
  const rows = [{ from: 'shop/c', to: 'shop/web', port: 80, expect: 'allow' }];
  return {
    lab: labWith([{ kind: 'reachability', rows }]),
    cluster: recordedCluster(objects, () => ({ cause: 'no-target' })),
  };
}

test('a check that takes too long is inconclusive', async () => {
  const { checks } = await runChecks({ ...neverReady(), answers: {}, budgetMs: 300 });
  expect(checks[0]).toMatchObject({
    outcome: 'inconclusive',
    message: 'The check did not come to an end within 0 s. Try it again.',
  });
});

test('cancelling ends a run with CANCELLED', async () => {
  const cancel = new AbortController();
  const run = runChecks({ ...neverReady(), answers: {}, signal: cancel.signal });
  await Promise.all([
    expect(run).rejects.toMatchObject({ code: 'CANCELLED' }),
    sleep(50).then(() => {
      cancel.abort();
    }),
  ]);
});

test('nodes, plugin and addresses are read as the cluster reports them', async () => {
  const check = { kind: 'cluster', nodesReady: true, plugin: 'calico', podsNetworked: true };
  const say = async (...objects: Parameters<typeof recordedCluster>[0] & object[]) =>
    (
      await runChecks({
        lab: labWith([check]),
        cluster: recordedCluster(objects),
        answers: {},
        patience: 0.02,
      })
    ).checks[0];
  const pod = podObject('shop/web', {}, { address: '10.244.1.9' });
  expect(await say(nodeObject('n1'), pluginObject('calico-node'), pod)).toMatchObject({
    outcome: 'passed',
  });
  const bare = await say(nodeObject('n1', false), pod);
  expect(
    bare?.findings.filter(({ outcome }) => outcome === 'failed').map(({ reason }) => reason),
  ).toEqual([
    'The node says: cni plugin not initialized.',
    'No DaemonSet called calico-node exists, and none of another network plugin.',
  ]);
  const inName = await say(nodeObject('n1'), pluginObject('calico-node', 'busybox'), pod);
  expect(inName?.message).toContain('it does not run the images of calico');
  const stray = podObject('shop/web', {}, { address: '192.168.9.9' });
  expect((await say(nodeObject('n1'), pluginObject('calico-node'), stray))?.message).toContain(
    '192.168.9.9 is in none of the pools 10.244.1.0/24',
  );
});

test('an unknown step is refused with those there are', async () => {
  const run = runChecks({
    lab: labWith([POD]),
    cluster: recordedCluster([]),
    answers: {},
    stepIds: ['stp'],
  });
  await expect(run).rejects.toMatchObject({ code: 'BAD_REQUEST', fix: 'Its steps are step.' });
});
