import { jest } from '@jest/globals';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { eventually, kubectl, spec } from '../provider.contract.js';
import type { Phase } from '../../common/progress.js';
import { clusterFiles } from './names.js';
import { createKindUnderTest } from './provider-fixture.js';

jest.setTimeout(180_000);

const BARE = { cni: 'none', manifests: [], nodes: 2 } as const;

test('a reset by objects is enough for what a learner did in the API', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('reset'));
  const before = await kubectl(cluster, 'learner', [
    'get',
    'all,configmaps,secrets',
    '-A',
    '-o',
    'name',
  ]);
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'toys.example.org' },
    spec: {
      group: 'example.org',
      scope: 'Cluster',
      names: { kind: 'Toy', plural: 'toys' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  };
  await cluster.apply([
    definition,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'mine', finalizers: [] } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'stuck', namespace: 'mine', finalizers: ['example.org/never'] },
    },
    {
      apiVersion: 'crd.projectcalico.org/v1',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: 'closed' },
      spec: { selector: 'all()' },
    },
  ]);
  await eventually(async () => {
    await cluster.apply([
      { apiVersion: 'example.org/v1', kind: 'Toy', metadata: { name: 'ball' } },
    ]);
  });
  await kubectl(cluster, 'learner', ['-n', 'kube-system', 'delete', 'deployment', 'coredns']);
  await kubectl(cluster, 'learner', ['-n', 'shop', 'scale', 'deployment', 'web', '--replicas=3']);
  await kubectl(cluster, 'learner', ['delete', 'namespace', 'shop', '--wait=false']);
  await kubectl(cluster, 'learner', ['label', 'node', 'worker-1', 'mine=yes']);
  await cluster.reset();
  expect(under.warnings).toEqual([]);
  const left = await kubectl(cluster, 'learner', [
    'get',
    'crd,ns,globalnetworkpolicies',
    '-o',
    'name',
  ]);
  expect(left.stdout).not.toMatch(/toys|mine|closed/);
  expect(left.stdout).toContain('namespace/shop');
  const after = await kubectl(cluster, 'learner', [
    'get',
    'all,configmaps,secrets',
    '-A',
    '-o',
    'name',
  ]);
  const names = (text: string): string[] =>
    text
      .split('\n')
      .map((name) => name.replace(/-[a-z0-9]{5,10}(-[a-z0-9]{5})?$/, ''))
      .toSorted();
  expect(names(after.stdout)).toEqual(names(before.stdout));
  const nodes = await kubectl(cluster, 'learner', ['get', 'nodes', '-l', 'mine=yes', '-o', 'name']);
  expect(nodes.stdout).toBe('');
});

test('a creation that is cancelled in any phase leaves nothing', async () => {
  await using under = await createKindUnderTest();
  for (const phase of [
    'image',
    'containers',
    'control-plane',
    'workers',
    'plugin',
    'canary',
    'workloads',
  ]) {
    const abort = new AbortController();
    const seen: string[] = [];
    const onPhase = ({ id }: Phase): void => {
      seen.push(id);
      if (id === phase) abort.abort();
    };
    await expect(
      under.provider.create(spec('stopped'), { signal: abort.signal, onPhase }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(seen.at(-1)).toBe(phase);
    expect(await under.leftovers()).toEqual([]);
  }
});

test.each([
  ['daemon-down', { code: 'MACHINE_NOT_READY', message: 'Docker is not running' }],
  ['disk-full', { code: 'DISK_FULL', message: 'the disk is full' }],
  ['create-fails', { code: 'CLUSTER_FAILED', message: expect.stringContaining('kubeadm') }],
])('in bad weather (%s) a creation says what to do and leaves nothing', async (weather, error) => {
  await using under = await createKindUnderTest();
  under.setWeather(weather);
  await expect(under.provider.create(spec('storm', BARE))).rejects.toMatchObject({
    ...error,
    fix: expect.any(String),
  });
  under.setWeather('');
  expect(await under.leftovers()).toEqual([]);
});

test('of two creations of one name at once, one wins and the other is refused', async () => {
  await using under = await createKindUnderTest();
  const results = await Promise.allSettled([
    under.provider.create(spec('twin', BARE)),
    under.another().create(spec('twin', BARE)),
    under.another().create(spec('other', BARE)),
  ]);
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual([
    'CLUSTER_EXISTS',
  ]);
  expect((await under.provider.list()).map(({ name, state }) => `${name} ${state}`)).toEqual([
    'other ready',
    'twin ready',
  ]);
});

test('what a crash in the middle of a creation left is swept at the next start', async () => {
  await using under = await createKindUnderTest();
  const containers = path.join(under.standIns, 'containers');
  const networks = path.join(under.standIns, 'networks');
  mkdirSync(containers, { recursive: true });
  mkdirSync(networks, { recursive: true });
  const maker = 'host-of-nobody/1/1/x'.replace(
    'host-of-nobody',
    (await import('node:os')).hostname(),
  );
  const installation = (await import('./names.js')).installationOf(under.stateDir);
  const own = { 'dev.gatehouse.installation': installation };
  const put = (folder: string, value: { name: string }): void => {
    writeFileSync(path.join(folder, value.name), JSON.stringify(value));
  };
  put(networks, { name: 'gh-half', labels: own, state: '' } as { name: string });
  put(containers, {
    name: 'gh-half-workstation',
    state: 'created',
    network: 'gh-half',
    labels: {
      ...own,
      'dev.gatehouse.role': 'record',
      'dev.gatehouse.cluster': 'half',
      'dev.gatehouse.kind': 'gh-half',
      'dev.gatehouse.maker': maker,
    },
  } as { name: string });
  put(containers, {
    name: 'gh-half-control-plane',
    state: 'running',
    network: 'gh-half',
    labels: { 'io.x-k8s.kind.cluster': 'gh-half', 'io.x-k8s.kind.role': 'control-plane' },
  } as { name: string });
  // Somebody's own kind cluster is none of our business.
  put(containers, {
    name: 'mine-control-plane',
    state: 'running',
    labels: { 'io.x-k8s.kind.cluster': 'mine' },
  } as { name: string });
  expect(await under.provider.list()).toEqual([]);
  expect(await under.leftovers(['mine-control-plane'])).toEqual([]);
});

test('a cluster with a stopped node is broken, and a reset builds it anew', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('hurt', BARE));
  const node = path.join(under.standIns, 'containers', 'gh-hurt-worker');
  writeFileSync(
    node,
    JSON.stringify({
      name: 'gh-hurt-worker',
      state: 'exited',
      labels: { 'io.x-k8s.kind.cluster': 'gh-hurt' },
    }),
  );
  expect(await under.provider.list()).toMatchObject([{ name: 'hurt', state: 'broken' }]);
  await cluster.reset();
  expect(await under.provider.list()).toMatchObject([{ name: 'hurt', state: 'ready' }]);
  // Docker gone and back: the cluster is still there.
  under.setWeather('daemon-down');
  await expect(under.provider.list()).rejects.toMatchObject({ code: 'MACHINE_NOT_READY' });
  under.setWeather('');
  expect(await under.another().list()).toMatchObject([{ name: 'hurt', state: 'ready' }]);
});

test('kubeconfigs are files for this user alone, and the estimates are learnt', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('private', BARE));
  const files = clusterFiles(under.stateDir, cluster.info.name);
  for (const file of [files.learner, files.platform, files.internal, files.baseline]) {
    expect(statSync(file).mode & 0o777).toBe(0o600);
  }
  const kinds = under.commands.filter(
    (line) => line.includes('kind create') || line.includes('kind delete'),
  );
  for (const line of kinds) expect(line).toContain(`--kubeconfig ${files.dir}`);
  const phases: Phase[] = [];
  await using again = await under.provider.create(spec('second', BARE), {
    onPhase: (phase) => phases.push(phase),
  });
  expect(again.info.state).toBe('ready');
  // On this machine kind takes a second, not half a minute.
  expect(phases[0]?.remainingMs).toBeLessThan(20_000);
});

test('an idle cluster is paused, and wakes when it is used', async () => {
  await using under = await createKindUnderTest({ own: { pauseAfterMinutes: 0.001 } });
  await using cluster = await under.provider.create(spec('sleepy', BARE));
  const { pauseIdle } = await import('./pause.js');
  const { createContext } = await import('./context.js');
  const { Programs } = await import('./programs.js');
  const { KindSettings } = await import('./settings.js');
  const { SILENT } = await import('../../common/logger.js');
  const { findProjectRoot } = await import('../../system/project-root.js');
  const context = createContext({
    stateDir: under.stateDir,
    logger: SILENT,
    settings: KindSettings.parse({ pauseAfterMinutes: 0.001 }),
    programs: new Programs({
      path: '/usr/local/bin:/usr/bin:/bin',
      programPaths: [path.join(findProjectRoot(), 'test/fixtures/kind-programs')],
      environment: { STANDIN_DIR: under.standIns },
    }),
  });
  expect(await pauseIdle(context, Date.now() + 60_000)).toEqual(['sleepy']);
  expect((await under.provider.list())[0]?.state).toBe('ready');
  expect(await cluster.run('echo awake')).toMatchObject({ exitCode: 0, stdout: 'awake\n' });
});
