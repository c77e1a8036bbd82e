import { jest } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { SILENT } from '../../common/logger.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { kubectl, podEndpoint, spec } from '../provider.contract.js';
import type { JsonObject } from '../../common/json.js';
import { ExistingCluster } from './cluster.js';
import { ExistingContext } from './context.js';
import { createExistingUnderTest, type ExistingUnderTest } from './provider-fixture.js';
import { createExistingProvider } from './provider.js';
import { parseAnswers, probeScript } from './probe.js';
import { ExistingSettings } from './settings.js';
import { openWholeCluster } from './whole-cluster.js';

jest.setTimeout(120_000);

let under: ExistingUnderTest;
beforeAll(async () => {
  under = await createExistingUnderTest();
}, 120_000);
afterAll(() => under[Symbol.asyncDispose](), 120_000);

const lab = (name: string, more: Parameters<typeof spec>[1] = {}) =>
  spec(name, { nodeShell: false, ...more });

test('a learner rules the lab’s namespaces and nothing else', async () => {
  await using cluster = await under.provider.create(lab('rights'));
  const may = async (verb: string, ...rest: string[]): Promise<string> =>
    (await kubectl(cluster, 'learner', ['auth', 'can-i', verb, ...rest])).stdout.trim();
  expect(await may('create', 'networkpolicies', '-n', 'shop')).toBe('yes');
  expect(await may('delete', 'deployments', '-n', 'shop')).toBe('yes');
  expect(await may('list', 'networkpolicies', '-A')).toBe('yes');
  expect(await may('list', 'nodes')).toBe('yes');
  expect(await may('create', 'namespaces')).toBe('no');
  expect(await may('create', 'pods', '-n', 'default')).toBe('no');
  expect(await may('list', 'secrets', '-n', 'kube-system')).toBe('no');
  expect(await may('list', 'pods', '-A')).toBe('no');
  expect(await may('get', 'secrets', '-n', 'gatehouse-rights')).toBe('no');
  expect(await may('create', 'clusterrolebindings')).toBe('no');
  expect(await may('patch', 'resourcequotas', '-n', 'shop')).toBe('no');
  expect(await may('patch', 'namespaces/shop')).toBe('no');
  const levels = await kubectl(under.ground, 'platform', [
    ...['get', 'namespaces', 'shop', 'gatehouse-rights', '-o'],
    String.raw`jsonpath={.items[*].metadata.labels.pod-security\.kubernetes\.io/enforce}`,
  ]);
  // A privileged pod would reach the nodes that others use.
  expect(levels.stdout).toBe('baseline restricted');
  // In the workstation the same account signs in.
  const tried = await cluster.run('kubectl create namespace mine; kubectl get pods -n kube-system');
  expect(tried.stderr.match(/forbidden/gi)?.length).toBeGreaterThanOrEqual(2);
  await expect(
    cluster.shell({ type: 'pod', namespace: 'kube-system', name: 'x' }),
  ).rejects.toMatchObject({ code: 'FORBIDDEN' });
  // Our own beside the lab is not the learner's to see.
  const { objects } = await cluster.snapshot();
  const places = objects.map((object) => (object['metadata'] as JsonObject)['namespace']);
  expect(places).toContain('shop');
  expect(places).not.toContain('gatehouse-rights');
});

test('namespaces are one learner’s at a time, and those of others are never touched', async () => {
  await using _ = await under.provider.create(lab('first'));
  await expect(under.another().create(lab('second'))).rejects.toMatchObject({
    code: 'CLUSTER_EXISTS',
    message: expect.stringContaining('in use by the cluster "first"'),
    fix: expect.any(String),
  });
  await kubectl(under.ground, 'platform', ['create', 'namespace', 'payroll']);
  const payroll = lab('third', {
    manifests: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'payroll' } }],
  });
  await expect(under.provider.create(payroll)).rejects.toMatchObject({
    code: 'CLUSTER_EXISTS',
    message: expect.stringContaining('not ours'),
  });
  const left = await kubectl(under.ground, 'platform', [
    'get',
    'namespace',
    'payroll',
    '-o',
    'name',
  ]);
  expect(left.stdout).toBe('namespace/payroll\n');
  expect((await under.provider.list()).map(({ name }) => name)).toEqual(['first']);
});

test('labs that need the whole cluster are refused, and the doctor says why beforehand', async () => {
  const role = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: 'reader' },
    rules: [],
  };
  const inDefault = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  const more = lab('more', { manifests: [...lab('x').manifests, role, inDefault] });
  await expect(under.provider.create(more)).rejects.toMatchObject({
    code: 'NOT_AVAILABLE',
    message: expect.stringMatching(/ClusterRole reader, which needs rights.*namespace default/),
  });
  const checks = await under.provider.doctor([
    lab('fine'),
    more,
    lab('bare', { cni: 'none' }),
    lab('nodes', { nodeShell: true }),
  ]);
  expect(checks.map(({ id, status }) => `${id} ${status}`)).toEqual([
    'cluster ok',
    'rights ok',
    'lab-fine ok',
    'lab-more warning',
    'lab-bare warning',
    'lab-nodes warning',
  ]);
});

test('what a crash left is removed at the next start, and what is being made is not', async () => {
  const record = (name: string, maker: string): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: `gatehouse-${name}`,
      labels: { 'gatehouse.dev/cluster': name, 'gatehouse.dev/installation': installation },
      annotations: { 'gatehouse.dev/state': 'creating', 'gatehouse.dev/maker': maker },
    },
  });
  await using known = await under.provider.create(lab('known'));
  const { stdout } = await kubectl(under.ground, 'platform', [
    ...['get', 'namespace', 'gatehouse-known', '-o'],
    String.raw`jsonpath={.metadata.labels.gatehouse\.dev/installation}`,
  ]);
  const installation = stdout;
  expect(installation).toMatch(/^[0-9a-f]{12}$/);
  const { hostname } = await import('node:os');
  const { newMaker } = await import('../../system/maker.js');
  await under.ground.apply([
    record('dead', `${hostname()}/1/1/x`),
    record('alive', newMaker()),
    {
      ...record('others', `${hostname()}/1/1/x`),
      metadata: {
        name: 'gatehouse-others',
        labels: { 'gatehouse.dev/cluster': 'others', 'gatehouse.dev/installation': 'another' },
      },
    },
  ]);
  const states = (await under.another().list()).map(({ name, state }) => `${name} ${state}`);
  expect(states).toEqual(['alive creating', 'known ready']);
  const { stdout: left } = await kubectl(under.ground, 'platform', [
    'get',
    'namespaces',
    '-o',
    'name',
  ]);
  expect(left).toContain('gatehouse-others');
  expect(left).not.toContain('gatehouse-dead');
  await kubectl(under.ground, 'platform', [
    'delete',
    'namespace',
    'gatehouse-alive',
    'gatehouse-others',
  ]);
  expect(known.info.state).toBe('ready');
});

test('a prober is put into a pod once, and asked in one go for all its probes', async () => {
  await using cluster = await under.provider.create(lab('probed'));
  const [from, to] = [await podEndpoint(cluster, 'client'), await podEndpoint(cluster, 'web')];
  const before = under.commands.length;
  const dns = { type: 'service', namespace: 'kube-system', name: 'kube-dns' } as const;
  const results = await cluster.probe([
    { from, to, port: 80, protocol: 'TCP' },
    { from, to, port: 81, protocol: 'UDP' },
    { from, to: dns, port: 53, protocol: 'UDP' },
    { from, to: dns, port: 53, protocol: 'TCP' },
    { from: { type: 'node', name: 'worker-1' }, to, port: 80, protocol: 'TCP' },
    { from: { type: 'outside', name: 'client' }, to, port: 80, protocol: 'TCP' },
  ]);
  expect(results.map(({ cause }) => cause)).toEqual([
    'open',
    'refused',
    'open',
    'open',
    'no-source',
    'no-source',
  ]);
  expect(results[4]?.detail).toContain('from pods only');
  expect(under.commands.length - before).toBe(1);
  const { objects } = await cluster.snapshot();
  const own = objects.find(
    (object) => object['kind'] === 'Pod' && (object['metadata'] as JsonObject)['name'] === 'client',
  );
  expect(JSON.stringify(own)).toContain('"ephemeralContainers":[{"name":"gatehouse-prober"');
});

test('a cluster that enforces no policies is refused, and nothing is left in it', async () => {
  const flannel = await createExistingUnderTest({}, 'flannel');
  try {
    await expect(flannel.provider.create(lab('open'))).rejects.toMatchObject({
      code: 'CLUSTER_FAILED',
      message: expect.stringContaining('policies are not enforced'),
    });
    expect(await flannel.leftovers()).toEqual([]);
  } finally {
    await flannel[Symbol.asyncDispose]();
  }
});

test('a cluster that is not there, or is asked for by strangers, costs one sentence', async () => {
  await using folder = await createTempFolder('existing');
  const open = (more: Partial<Parameters<typeof createExistingProvider>[0]> = {}) =>
    createExistingProvider({
      stateDir: folder.path,
      environment: {
        PATH: '/usr/local/bin:/usr/bin:/bin',
        HOME: folder.path,
        KUBECONFIG: `${folder.path}/none`,
      },
      ...more,
    });
  await using none = open();
  await expect(none.list()).rejects.toMatchObject({
    code: 'MACHINE_NOT_READY',
    fix: expect.stringContaining('kubectl config get-contexts'),
  });
  expect((await none.doctor())[0]).toMatchObject({ id: 'cluster', status: 'missing' });
  await using strangers = open({ servesOthers: true });
  await expect(strangers.create(lab('x'))).rejects.toMatchObject({ code: 'FORBIDDEN' });
});

test('a cluster whose API server does not answer is away, and well when it does', async () => {
  await using folder = await createTempFolder('existing');
  await using made = await under.provider.create(lab('well'));
  expect(await made.trouble?.()).toBeUndefined();
  const kubeconfig = path.join(folder.path, 'kubeconfig');
  const text = readFileSync(under.kubeconfig, 'utf8');
  writeFileSync(kubeconfig, text.replace(/server: \S+/, 'server: https://127.0.0.1:1'));
  using context = new ExistingContext({
    stateDir: folder.path,
    settings: ExistingSettings.parse({ kubeconfig }),
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: folder.path },
    logger: SILENT,
  });
  const gone = new ExistingCluster(context, made.info);
  expect(await gone.trouble()).toMatchObject({ state: 'away', fix: expect.any(String) });
});

test('a cluster of any origin can be graded as it is', async () => {
  await using folder = await createTempFolder('whole');
  await using whole = await openWholeCluster({
    stateDir: folder.path,
    kubeconfig: under.kubeconfig,
    environment: { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: folder.path },
  });
  await using _ = await under.provider.create(lab('graded'));
  const [from, to] = [
    await podEndpoint(under.ground, 'client'),
    await podEndpoint(under.ground, 'web'),
  ];
  const [result] = await whole.probe([{ from, to, port: 80, protocol: 'TCP' }]);
  expect(result?.cause).toBe('open');
  expect((await whole.snapshot()).objects.some((object) => object['kind'] === 'Deployment')).toBe(
    true,
  );
  await expect(whole.reset()).rejects.toMatchObject({ code: 'NOT_AVAILABLE' });
});

test('answers of the prober are told apart, and only addresses go into its script', () => {
  const answers = parseAnswers(
    '0\t0\t\nnoise\n1\t1\tTIMEOUT\n2\t1\tREFUSED\n3\t1\tOTHER: dial tcp 1.2.3.4:80: connect: no route to host\n4\t127\tsh: /agnhost: not found\n',
    12,
  );
  expect([...answers.values()].map(({ cause }) => cause)).toEqual([
    'open',
    'filtered',
    'refused',
    'unreachable',
    'unknown',
  ]);
  const plan = {
    index: 0,
    source: { namespace: 'a', name: 'b' },
    at: '10.0.0.1:80',
    address: '10.0.0.1',
    protocol: 'tcp',
    timeoutMs: 800,
  };
  expect(probeScript([plan])).toContain("ask 0 '10.0.0.1:80' tcp 800 &\nwait");
  expect(() => probeScript([{ ...plan, at: "10.0.0.1:80'; reboot" }])).toThrow(/not an address/);
});
