import { jest } from '@jest/globals';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { causes, eventually, kubectl, podEndpoint, spec } from '../provider.contract.js';
import type { Phase } from '../../common/progress.js';
import { clusterFiles } from './names.js';
import { pauseIdle } from './pause.js';
import { createKindUnderTest, type KindUnderTest } from './provider-fixture.js';

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

function setState(under: KindUnderTest, container: string, state: string): void {
  const file = path.join(under.standIns, 'containers', container);
  const before = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...before, state }));
}

test('after Docker was stopped and started again, a cluster goes on with what the learner made', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('restarted', BARE));
  await kubectl(cluster, 'learner', ['create', 'configmap', 'mine']);
  under.setWeather('daemon-down');
  await expect(under.provider.list()).rejects.toMatchObject({ code: 'MACHINE_NOT_READY' });
  await expect(cluster.snapshot()).rejects.toMatchObject({
    code: 'MACHINE_NOT_READY',
    message: 'Docker is not running',
  });
  under.setWeather('');
  for (const name of ['control-plane', 'worker', 'workstation']) {
    setState(under, `gh-restarted-${name}`, 'exited');
  }
  // It rests and is not broken: a server that starts now keeps it.
  expect(await under.another().list()).toMatchObject([{ name: 'restarted', state: 'ready' }]);
  const again = await under.another().open('restarted');
  expect((await again.run('kubectl get configmap mine -o name')).stdout).toBe('configmap/mine\n');
  const started = under.commands.filter((line) => line.startsWith('docker start '));
  // The control plane first: the others look for it.
  expect(started.slice(-3)).toEqual([
    'docker start gh-restarted-control-plane',
    'docker start gh-restarted-worker',
    'docker start gh-restarted-workstation',
  ]);
});

test('a cluster whose node is gone is broken, and a reset builds it anew', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('hurt', BARE));
  rmSync(path.join(under.standIns, 'containers', 'gh-hurt-worker'));
  expect(await under.provider.list()).toMatchObject([{ name: 'hurt', state: 'broken' }]);
  expect((await under.provider.doctor()).find(({ id }) => id === 'clusters')).toMatchObject({
    status: 'warning',
    detail: expect.stringContaining('hurt'),
    fix: expect.stringContaining('cluster reset hurt --provider kind'),
  });
  await cluster.reset();
  expect(await under.provider.list()).toMatchObject([{ name: 'hurt', state: 'ready' }]);
});

test('an API server that is away says so in time, and a reset builds anew what does not come back', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('away', BARE));
  const { platform } = clusterFiles(under.stateDir, 'away');
  const config = readFileSync(platform, 'utf8');
  writeFileSync(platform, config.replace(/server: \S+/, 'server: https://127.0.0.1:1'));
  await expect(cluster.snapshot()).rejects.toMatchObject({
    code: 'CLUSTER_UNREACHABLE',
    fix: expect.any(String),
  });
  await expect(cluster.apply([])).resolves.toBeUndefined();
  await expect(
    cluster.probe([
      {
        from: { type: 'node', name: 'worker-1' },
        to: { type: 'node', name: 'worker-1' },
        port: 1,
        protocol: 'TCP',
      },
    ]),
  ).rejects.toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
  // It came back: nothing was lost.
  writeFileSync(platform, config);
  expect((await cluster.snapshot()).objects.length).toBeGreaterThan(10);
  writeFileSync(platform, config.replace(/server: \S+/, 'server: https://127.0.0.1:1'));
  await cluster.reset();
  expect((await cluster.snapshot()).objects.length).toBeGreaterThan(10);
});

test('a reset brings back what a learner deleted of kube-system', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('emptied'));
  const everything = 'deployments,daemonsets,services,configmaps,serviceaccounts,secrets,roles';
  const names = async (): Promise<string> =>
    (await kubectl(cluster, 'platform', ['-n', 'kube-system', 'get', everything, '-o', 'name']))
      .stdout;
  const before = await names();
  await kubectl(cluster, 'learner', ['-n', 'kube-system', 'delete', everything, '--all']);
  expect(await names()).not.toContain('calico-node');
  await cluster.reset();
  expect(under.warnings).toEqual([]);
  expect(await names()).toBe(before);
  const [from, to] = [await podEndpoint(cluster, 'client'), await podEndpoint(cluster, 'web')];
  await eventually(async () => {
    expect(await causes(cluster, [[from, to, 80, 'open']])).toEqual(['open']);
  });
});

test('images are loaded one by one where Docker keeps those of other platforms in name only', async () => {
  await using under = await createKindUnderTest();
  await using cluster = await under.provider.create(spec('loaded', BARE));
  const image = 'stand-in/node:v1.32.0';
  under.setWeather('other-platforms');
  expect(await under.provider.loadImages(cluster.info.name, [image])).toEqual([image]);
  const saved = under.commands.find((line) => line.startsWith('docker image save'));
  expect(saved).toMatch(/--platform linux\/amd64 --output \S+\.tar stand-in\/node:v1\.32\.0$/);
  expect(under.commands.at(-1)).toMatch(/^kind load image-archive \S+\.tar --name gh-loaded$/);
  under.setWeather('');
  await expect(under.provider.loadImages(cluster.info.name, ['no/such:1'])).rejects.toMatchObject({
    code: 'NOT_FOUND',
    fix: expect.stringContaining('docker pull no/such:1'),
  });
});

test('an image that is missing without a network costs a sentence and no cluster', async () => {
  await using under = await createKindUnderTest({ own: { image: 'no/such:1' } });
  await expect(under.provider.create(spec('lost', BARE))).rejects.toMatchObject({
    code: 'MACHINE_NOT_READY',
    fix: expect.stringContaining('docker load'),
  });
  expect(await under.leftovers()).toEqual([]);
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

test('an idle cluster is paused, and wakes when it is used, its leases renewed', async () => {
  await using under = await createKindUnderTest({ own: { pauseAfterMinutes: 0.001 } });
  await using cluster = await under.provider.create(spec('sleepy', BARE));
  expect(await pauseIdle(under.context, Date.now() + 60_000)).toEqual(['sleepy']);
  expect((await under.provider.list())[0]?.state).toBe('ready');
  const pausedAt = Date.now();
  expect(await cluster.run('echo awake')).toMatchObject({ exitCode: 0, stdout: 'awake\n' });
  const leases = await kubectl(cluster, 'learner', [
    ...['-n', 'kube-node-lease', 'get', 'leases', '-o', 'jsonpath={.items[*].spec.renewTime}'],
  ]);
  const times = leases.stdout.split(' ').map((text) => Date.parse(text));
  expect(times).toHaveLength(2);
  for (const time of times) expect(time).toBeGreaterThanOrEqual(pausedAt);
  expect(under.warnings).toEqual([]);
  // Its files and shells are as they were.
  const unpaused = under.commands.filter((line) => line.startsWith('docker unpause'));
  expect(unpaused).toHaveLength(3);
});
