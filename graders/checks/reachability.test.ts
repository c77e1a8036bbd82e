import type { JsonObject } from '../../common/json.js';
import { runChecks } from '../run-checks.js';
import {
  isSelf,
  labWith,
  namespaceObject,
  podObject,
  policyObject,
  recordedCluster,
  serviceObject,
  startObjects,
  type Answering,
} from '../test-cluster.js';

const CLIENT = { 'dev/client': '10.244.1.6' };
const PODS = { 'prod/web': '10.244.1.5', ...CLIENT };
const BASE = startObjects(PODS);
const WITHOUT_WEB = [namespaceObject('prod'), ...startObjects(CLIENT)];
const DENY_ALL = policyObject('prod/deny-all', { podSelector: {}, policyTypes: ['Ingress'] });
const ALLOW_ALL = policyObject('prod/open', {
  podSelector: {},
  policyTypes: ['Ingress'],
  ingress: [{}],
});

const ROW = { from: 'dev/{app=client}', to: 'prod/{app=web}', port: 80 };
const DENY = { ...ROW, expect: 'deny' };
const ALLOW = { ...ROW, expect: 'allow' };

async function check(
  rows: JsonObject[],
  objects: JsonObject[] | (() => JsonObject[]),
  answering?: Answering,
) {
  const cluster = recordedCluster(objects, answering);
  const lab = labWith([{ kind: 'reachability', rows }]);
  const { checks } = await runChecks({ lab, cluster, answers: {}, patience: 0.02 });
  return { ...checks[0]!, probed: cluster.probed };
}

/** The source and the server answer themselves; the path between them is as told. */
const path =
  (cause: 'open' | 'filtered' | 'refused' | 'unknown', rest: object = {}): Answering =>
  (request) =>
    isSelf(request)
      ? { cause: 'open' }
      : { cause, tookMs: cause === 'filtered' ? 800 : 1, ...rest };

test('a denial that packets and policies agree on passes at once and names the policy', async () => {
  const result = await check([DENY], [...BASE, DENY_ALL], path('filtered'));
  expect(result.outcome).toBe('passed');
  expect(result.findings[0]).toMatchObject({
    subject: 'dev/client → prod/web:80/TCP',
    expected: 'denied',
    observed: 'no answer',
    reason:
      'Denied: policy prod/deny-all selects pod prod/web for ingress and has no ingress rules.',
  });
  expect(result.probed).toHaveLength(1);
});

test('main probe, canary and proof of life go out in one batch', async () => {
  const { probed } = await check([DENY], [...BASE, DENY_ALL], path('filtered'));
  const web = { type: 'pod', namespace: 'prod', name: 'web' };
  const client = { type: 'pod', namespace: 'dev', name: 'client' };
  expect(probed[0]?.map(({ from, to }) => [from, to])).toEqual([
    [client, web],
    [client, client],
    [web, web],
  ]);
});

test('a denial without a policy is a failure at once, and says that nothing isolates', async () => {
  const result = await check([DENY], BASE, path('open'));
  expect(result.outcome).toBe('failed');
  expect(result.message).toBe(
    'dev/client → prod/web:80/TCP should be denied, but was: connected. Allowed: no policy isolates pod dev/client for egress or pod prod/web for ingress. There is no policy in the whole cluster.',
  );
  expect(result.probed).toHaveLength(1);
});

test('a path that is wrongly open names the rule that opens it, and the command that shows it', async () => {
  const result = await check([DENY], [...BASE, ALLOW_ALL], path('open'));
  expect(result.findings[0]).toMatchObject({
    outcome: 'failed',
    reason:
      'Allowed: the first ingress rule of prod/open admits it. The rules were asked about dev/client (app=client).',
    next: 'kubectl describe networkpolicy open -n prod',
  });
});

test('a path that no rule is meant for says which labels the rules were asked about', async () => {
  const typo = policyObject('prod/typo', {
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'cleint' } } }] }],
  });
  const result = await check([ALLOW], [...BASE, typo], path('filtered'));
  expect(result.findings[0]?.reason).toBe(
    'Denied: policy prod/typo selects pod prod/web for ingress and none of its rules allows this source. The rules were asked about dev/client (app=client).',
  );
});

test('a path that is wrongly closed names the policy that closes it', async () => {
  const result = await check([ALLOW], [...BASE, DENY_ALL], path('filtered'));
  expect(result.outcome).toBe('failed');
  expect(result.message).toContain('policy prod/deny-all selects pod prod/web for ingress');
});

test('silence of a dead server is no denial, although a policy would deny as well', async () => {
  const result = await check([DENY], [...BASE, DENY_ALL], (request) => {
    if (!isSelf(request)) return { cause: 'filtered', tookMs: 800 };
    return request.from.type === 'pod' && request.from.name === 'web' ? { cause: 'refused' } : {};
  });
  expect(result.outcome).toBe('failed');
  expect(result.message).toContain('Nobody listens on TCP port 80 in prod/web');
});

test('a Service that sends to a closed port is looked at itself, not its pods', async () => {
  const service = serviceObject('prod/web', { app: 'web' }, [80, 8081]);
  const result = await check(
    [{ ...ALLOW, to: 'service:prod/web' }],
    [...BASE, service],
    (request) =>
      isSelf(request) && request.from.type === 'pod' && request.from.name === 'client'
        ? {}
        : { cause: 'refused' },
  );
  expect(result.message).toContain(
    'Nobody listens where service prod/web sends its TCP port 80 to',
  );
  expect(result.findings[0]?.next).toBe('kubectl describe service web -n prod');
});

test('a deleted server is a failure that says what was looked for and what there is', async () => {
  const objects = [
    ...WITHOUT_WEB,
    podObject('prod/web-2', { app: 'wep' }, { address: '10.244.1.9' }),
  ];
  const result = await check([DENY], objects, path('filtered'));
  expect(result.outcome).toBe('failed');
  expect(result.message).toBe('No pod matches {app=web} in prod; pods there are web-2 (app=wep).');
});

test('a pod that runs in another namespace is named', async () => {
  const objects = [
    ...WITHOUT_WEB,
    podObject('default/web', { app: 'web' }, { address: '10.244.1.9' }),
  ];
  const result = await check([ALLOW], objects, path('filtered'));
  expect(result.message).toBe(
    'No pod matches {app=web} in prod; there is one with these labels in default.',
  );
});

test('a refused connection is no denial: the packet arrived', async () => {
  const result = await check([DENY], BASE, (request) =>
    isSelf(request) ? {} : { cause: 'refused' },
  );
  expect(result.outcome).toBe('failed');
  expect(result.message).toContain('"Refused" is an answer');
});

test("silence without a policy is nobody's failure and nobody's pass", async () => {
  const result = await check([DENY], BASE, path('filtered'));
  expect(result.outcome).toBe('inconclusive');
  expect(result.message).toContain('Packets and policies do not agree');
  expect(result.points.earned).toBe(0);
});

test('a prober that does not even reach itself proves nothing', async () => {
  const result = await check([DENY], [...BASE, DENY_ALL], () => ({
    cause: 'filtered',
    tookMs: 800,
  }));
  expect(result.outcome).toBe('inconclusive');
  expect(result.message).toContain('no answer even from itself');
});

test('a change that the cluster is still applying is waited for', async () => {
  const result = await check([DENY], [...BASE, DENY_ALL], (request, round) =>
    isSelf(request) ? {} : round < 2 ? { cause: 'open' } : { cause: 'filtered', tookMs: 800 },
  );
  expect(result.outcome).toBe('passed');
  expect(result.probed).toHaveLength(3);
});

test('what was final is not probed again while the rest settles', async () => {
  const other = podObject('prod/api', { app: 'api' }, { address: '10.244.1.7' });
  const result = await check(
    [{ ...DENY, to: ['prod/{app=web}', 'prod/{app=api}'] }],
    [...BASE, other, DENY_ALL],
    (request, round) => {
      if (isSelf(request)) return {};
      const late = request.to.type === 'pod' && request.to.name === 'api' && round === 0;
      return late ? { cause: 'open' } : { cause: 'filtered', tookMs: 800 };
    },
  );
  expect(result.outcome).toBe('passed');
  expect(result.probed[1]?.some(({ to }) => to.type === 'pod' && to.name === 'web')).toBe(false);
});

test('a cluster that enforces nothing is told apart from a wrong policy', async () => {
  const objects = [...startObjects(PODS, 'kube-flannel-ds'), DENY_ALL];
  const result = await check([DENY], objects, path('open'));
  expect(result.outcome).toBe('failed');
  expect(result.message).toContain('no network plugin of this cluster acts on policies');
});

/** With a policy of a kind that we do not read. */
const CILIUM = [
  ...startObjects(PODS, 'cilium'),
  {
    apiVersion: 'cilium.io/v2',
    kind: 'CiliumNetworkPolicy',
    metadata: { namespace: 'prod', name: 'default.deny' },
    spec: {},
  },
];
/** A second server, and everything but the path to it stays silent. */
const DEV_WEB = podObject('dev/web', { app: 'web' }, { address: '10.244.1.8' });
const WITH_OPEN_PATH = [DENY, { ...ALLOW, to: 'dev/{app=web}' }];
const onlyDevAnswers: Answering = (request) =>
  isSelf(request) || (request.to.type === 'pod' && request.to.namespace === 'dev')
    ? {}
    : { cause: 'filtered', tookMs: 800 };

test('policies of other kinds leave the decision to the wire, which says so', async () => {
  const droppedBy = { node: 'worker-1', direction: 'ingress', policies: ['prod/default.deny'] };
  const result = await check([DENY], CILIUM, path('filtered', { droppedBy }));
  expect(result.outcome).toBe('passed');
  expect(result.findings[0]?.reason).toBe(
    'dropped on node worker-1 by ingress of prod/default.deny.',
  );
});

test('silence that no policy is named for proves nothing where the kernel names them', async () => {
  const cluster = recordedCluster([...CILIUM, DEV_WEB], onlyDevAnswers);
  const { checks } = await runChecks({
    lab: labWith([{ kind: 'reachability', rows: WITH_OPEN_PATH }]),
    cluster: { ...cluster, info: { ...cluster.info, provider: 'embedded' } },
    answers: {},
    patience: 0.02,
  });
  expect(checks[0]).toMatchObject({ outcome: 'inconclusive' });
  expect(checks[0]?.message).toContain('no policy dropped the packet');
});

test('silence that neither policy nor kernel explains needs another open path', async () => {
  const lonely = await check([DENY], CILIUM, path('filtered'));
  expect(lonely.outcome).toBe('inconclusive');
  const accompanied = await check(WITH_OPEN_PATH, [...CILIUM, DEV_WEB], onlyDevAnswers);
  expect(accompanied.outcome).toBe('passed');
});

// kube-proxy refuses what is meant for such a Service, other networks drop it.
test.each(['refused', 'filtered'] as const)(
  'a Service without ready pods is told as such, with its selector, where its packets are %s',
  async (cause) => {
    const service = serviceObject('prod/web', { app: 'wep' }, [80, 80]);
    const result = await check(
      [{ ...ALLOW, to: 'service:prod/web' }],
      [...BASE, service],
      path(cause),
    );
    expect(result.outcome).toBe('failed');
    expect(result.message).toContain(
      'No ready pod stands behind service prod/web on port 80/TCP (its selector is {"app":"wep"})',
    );
  },
);

test('a Service is judged by the port of the pods behind it', async () => {
  const service = serviceObject('prod/web', { app: 'web' }, [8080, 80]);
  const allow80 = policyObject('prod/only-80', {
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{ ports: [{ protocol: 'TCP', port: 80 }] }],
  });
  const result = await check(
    [{ ...ALLOW, to: 'service:prod/web', port: 8080 }],
    [...BASE, service, allow80],
    path('open'),
  );
  expect(result.outcome).toBe('passed');
  expect(result.findings[0]?.reason).toContain('prod/only-80');
});

test("a pod that cannot start is the learner's to repair, with the reason the cluster gives", async () => {
  const broken = podObject(
    'prod/web',
    { app: 'web' },
    { phase: 'Pending', waiting: 'ImagePullBackOff' },
  );
  const objects = [...WITHOUT_WEB, broken];
  const result = await check([ALLOW], objects, path('unknown', { cause: 'no-target' }));
  expect(result.outcome).toBe('failed');
  expect(result.message).toContain('The target prod/web does not run: ImagePullBackOff.');
});

test('a matrix of all to all leaves out each pod to itself', async () => {
  const other = podObject('prod/api', { app: 'api' }, { address: '10.244.1.7' });
  const result = await check(
    [{ from: 'prod/{}', to: 'prod/{}', port: 80, expect: 'allow' }],
    [...BASE, other],
    path('open'),
  );
  expect(result.findings.map(({ subject }) => subject)).toEqual([
    'prod/web → prod/api:80/TCP',
    'prod/api → prod/web:80/TCP',
  ]);
});

test('a pod of the lab that gave its labels to another is asked for by name', async () => {
  const cluster = recordedCluster(
    [
      ...WITHOUT_WEB,
      DENY_ALL,
      podObject('prod/web', { app: 'old' }, { address: '10.244.1.5' }),
      podObject('prod/decoy', { app: 'web' }, { address: '10.244.1.9' }),
    ],
    path('filtered'),
  );
  const lab = {
    ...labWith([{ kind: 'reachability', rows: [DENY] }]),
    manifests: [podObject('prod/web', { app: 'web' })],
  };
  const { checks } = await runChecks({ lab, cluster, answers: {}, patience: 0.02 });
  expect(checks[0]).toMatchObject({ outcome: 'failed' });
  expect(checks[0]!.message).toMatchInlineSnapshot(
    `"The pod web of prod had the labels (app=web) when this lab began and has (app=old) now. Labels say who a pod is: give them back, or reset the lab."`,
  );
});

test('a pod of the lab that is gone is not made up for by another with its labels', async () => {
  const cluster = recordedCluster([...BASE, DENY_ALL], path('filtered'));
  const lab = {
    ...labWith([{ kind: 'reachability', rows: [DENY] }]),
    manifests: [podObject('prod/first', { app: 'web' })],
  };
  const { checks } = await runChecks({ lab, cluster, answers: {}, patience: 0.02 });
  expect(checks[0]).toMatchObject({ outcome: 'failed' });
  expect(checks[0]!.message).toContain('The pod first of prod (app=web) came with this lab');
});

const slice = (name: string, address: string, conditions: JsonObject = {}): JsonObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'prod', name, labels: { 'kubernetes.io/service-name': 'web' } },
  endpoints: [{ addresses: [address], conditions }],
});

test('a Service that somebody else answers for is open and yet not what was asked for', async () => {
  const stranger = podObject('prod/helper', { app: 'helper' }, { address: '10.244.1.9' });
  const service = serviceObject('prod/web', { app: 'web' }, [80, 80]);
  const row = { ...ALLOW, to: 'service:prod/web', servedBy: 'prod/{app=web}' };
  const there = [...BASE, stranger, service, slice('own', '10.244.1.5')];
  const beside = await check([row], [...there, slice('added', '10.244.1.9')], path('open'));
  expect(beside.outcome).toBe('failed');
  expect(beside.message).toContain(
    'service prod/web leads to prod/helper, and it should lead to prod/{app=web} alone',
  );
  const ending = slice('added', '10.244.1.9', { ready: false });
  expect((await check([row], [...there, ending], path('open'))).outcome).toBe('passed');
});
