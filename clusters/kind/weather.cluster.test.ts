import { jest } from '@jest/globals';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { causes, eventually, kubectl, podEndpoint, spec } from '../provider.contract.js';
import type { Cluster } from '../provider.js';
import type { Phase } from '../../common/progress.js';
import { clusterFiles } from './names.js';
import { pauseIdle } from './pause.js';
import { createKindUnderTest, type KindUnderTest } from './provider-fixture.js';

jest.setTimeout(180_000);

const BARE = { cni: 'none', manifests: [], nodes: 2 } as const;

/** One place for all whose weather is fair: its clusters' host starts once. */
let fair: KindUnderTest;
beforeAll(async () => {
  fair = await createKindUnderTest();
});
afterAll(() => fair[Symbol.asyncDispose]());

test('a creation that is cancelled in any phase leaves nothing', async () => {
  const phases = [
    'image',
    'containers',
    'control-plane',
    'workers',
    'plugin',
    'canary',
    'workloads',
  ];
  const cancelIn = async (phase: string): Promise<string | undefined> => {
    const abort = new AbortController();
    const seen: string[] = [];
    const onPhase = ({ id }: Phase): void => {
      seen.push(id);
      if (id === phase) abort.abort();
    };
    await expect(
      fair.provider.create(spec(`stopped-${phase}`), { signal: abort.signal, onPhase }),
    ).rejects.toMatchObject({ code: 'CANCELLED' });
    return seen.at(-1);
  };
  expect(await Promise.all(phases.map(cancelIn))).toEqual(phases);
  expect(await fair.leftovers()).toEqual([]);
});

test('of two creations of one name at once, one wins and the other is refused', async () => {
  const results = await Promise.allSettled([
    fair.provider.create(spec('twin', BARE)),
    fair.another().create(spec('twin', BARE)),
    fair.another().create(spec('other', BARE)),
  ]);
  const refused = results.filter((result) => result.status === 'rejected');
  expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual([
    'CLUSTER_EXISTS',
  ]);
  expect((await fair.provider.list()).map(({ name, state }) => `${name} ${state}`)).toEqual([
    'other ready',
    'twin ready',
  ]);
  for (const result of results) {
    if (result.status === 'fulfilled') await result.value[Symbol.asyncDispose]();
  }
});

describe('what a learner did to a cluster', () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await fair.provider.create(spec('changed'));
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('a reset by objects is enough for what a learner did in the API', async () => {
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
    expect(fair.warnings).toEqual([]);
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
    const nodes = await kubectl(cluster, 'learner', [
      'get',
      'nodes',
      '-l',
      'mine=yes',
      '-o',
      'name',
    ]);
    expect(nodes.stdout).toBe('');
  });

  test('a reset brings back what a learner deleted of kube-system', async () => {
    const everything = 'deployments,daemonsets,services,configmaps,serviceaccounts,secrets,roles';
    const names = async (): Promise<string> =>
      (await kubectl(cluster, 'platform', ['-n', 'kube-system', 'get', everything, '-o', 'name']))
        .stdout;
    const before = await names();
    await kubectl(cluster, 'learner', ['-n', 'kube-system', 'delete', everything, '--all']);
    expect(await names()).not.toContain('calico-node');
    expect(await cluster.trouble?.()).toMatchObject({
      state: 'damaged',
      message: 'In kube-system the Deployment coredns and Service kube-dns are missing.',
    });
    await cluster.reset();
    expect(await cluster.trouble?.()).toBeUndefined();
    expect(fair.warnings).toEqual([]);
    expect(await names()).toBe(before);
    const [from, to] = [await podEndpoint(cluster, 'client'), await podEndpoint(cluster, 'web')];
    await eventually(async () => {
      expect(await causes(cluster, [[from, to, 80, 'open']])).toEqual(['open']);
    });
  });
});

describe('one cluster in all weathers', () => {
  let cluster: Cluster;
  afterEach(() => {
    fair.setWeather('');
  });
  beforeAll(async () => {
    cluster = await fair.provider.create(spec('bare', BARE));
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('kubeconfigs are files for this user alone, and the estimates are learnt', async () => {
    const files = clusterFiles(fair.stateDir, cluster.info.name);
    for (const file of [files.learner, files.platform, files.internal, files.baseline]) {
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    const kinds = fair.commands.filter(
      (line) => line.includes('kind create') || line.includes('kind delete'),
    );
    expect(kinds).not.toEqual([]);
    for (const line of kinds) expect(line).toContain(`--kubeconfig ${path.dirname(files.dir)}/`);
    const phases: Phase[] = [];
    await using again = await fair.provider.create(spec('second', BARE), {
      onPhase: (phase) => phases.push(phase),
    });
    expect(again.info.state).toBe('ready');
    // On this machine kind takes a second, not half a minute.
    expect(phases[0]?.remainingMs).toBeLessThan(20_000);
  });

  test('images are loaded one by one where Docker keeps those of other platforms in name only', async () => {
    const image = 'stand-in/node:v1.32.0';
    fair.setWeather('other-platforms');
    expect(await fair.provider.loadImages(cluster.info.name, [image])).toEqual([image]);
    const saved = fair.commands.find((line) => line.startsWith('docker image save'));
    expect(saved).toMatch(/--platform linux\/amd64 --output \S+\.tar stand-in\/node:v1\.32\.0$/);
    expect(fair.commands.at(-1)).toMatch(/^kind load image-archive \S+\.tar --name gh-bare$/);
    fair.setWeather('');
    await expect(fair.provider.loadImages(cluster.info.name, ['no/such:1'])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      fix: expect.stringContaining('docker pull no/such:1'),
    });
  });

  test('an idle cluster is paused, and wakes when it is used, its leases renewed', async () => {
    const settings = { ...fair.context.settings, pauseAfterMinutes: 1 };
    const later = Date.now() + 120_000;
    expect(await pauseIdle({ ...fair.context, settings }, later)).toEqual(['bare']);
    expect((await fair.provider.list())[0]?.state).toBe('ready');
    const pausedAt = Date.now();
    const opened = await fair.provider.open('bare');
    await untilTold(opened, 'resting');
    expect(await opened.run('echo awake')).toMatchObject({ exitCode: 0, stdout: 'awake\n' });
    const leases = await kubectl(cluster, 'learner', [
      ...['-n', 'kube-node-lease', 'get', 'leases', '-o', 'jsonpath={.items[*].spec.renewTime}'],
    ]);
    const times = leases.stdout.split(' ').map((text) => Date.parse(text));
    expect(times).toHaveLength(2);
    for (const time of times) expect(time).toBeGreaterThanOrEqual(pausedAt);
    expect(fair.warnings).toEqual([]);
    // Its files and shells are as they were.
    const unpaused = fair.commands.filter((line) => line.startsWith('docker unpause'));
    expect(unpaused).toHaveLength(3);
  });

  test('who comes while a cluster is being woken waits until it is awake', async () => {
    const { programs } = fair.context;
    await cluster.snapshot();
    await programs.docker(['pause', 'gh-bare-worker']);
    await eventually(async () => {
      expect(await cluster.trouble?.()).toMatchObject({ state: 'resting' });
    });
    // The control plane's kubelet has not said a word yet: the first to come waits for it.
    const renew = async (at: Date): Promise<void> => {
      const spec = { renewTime: at.toISOString().replace('Z', '000Z') };
      const patch = ['--type=merge', '-p', JSON.stringify({ spec })];
      await kubectl(cluster, 'platform', [
        ...['-n', 'kube-node-lease', 'patch', 'lease', 'control-plane', ...patch],
      ]);
    };
    await renew(new Date(Date.now() - 3_600_000));
    const seen: string[] = [];
    const first = cluster.snapshot().then(() => seen.push('first'));
    await eventually(async () => {
      expect(await cluster.trouble?.()).toBeUndefined();
    });
    const second = (await fair.provider.open('bare')).snapshot().then(() => seen.push('second'));
    await sleep(1_500);
    seen.push('renewed');
    await renew(new Date());
    await Promise.all([first, second]);
    expect(seen.toSorted()).toEqual(['first', 'renewed', 'second']);
    expect(seen[0]).toBe('renewed');
  });

  test('after Docker was stopped and started again, a cluster goes on with what the learner made', async () => {
    await kubectl(cluster, 'learner', ['create', 'configmap', 'mine']);
    expect(await cluster.trouble?.()).toBeUndefined();
    fair.setWeather('daemon-down');
    await untilTold(cluster, 'away');
    await expect(fair.provider.list()).rejects.toMatchObject({ code: 'MACHINE_NOT_READY' });
    await expect(cluster.snapshot()).rejects.toMatchObject({
      code: 'MACHINE_NOT_READY',
      message: 'Docker is not running',
    });
    expect(await cluster.trouble?.()).toMatchObject({
      state: 'away',
      message: 'Docker is not running.',
    });
    fair.setWeather('');
    expect(await cluster.trouble?.()).toBeUndefined();
    for (const name of ['control-plane', 'worker', 'workstation']) {
      setState(fair, `gh-bare-${name}`, 'exited');
    }
    // It rests and is not broken: a server that starts now keeps it, and asking how it is does not wake it.
    await untilTold(cluster, 'resting');
    expect(await fair.another().list()).toMatchObject([{ name: 'bare', state: 'ready' }]);
    const again = await fair.another().open('bare');
    expect((await again.run('kubectl get configmap mine -o name')).stdout).toBe('configmap/mine\n');
    const started = fair.commands.filter((line) => line.startsWith('docker start '));
    // The control plane first: the others look for it.
    expect(started.slice(-3)).toEqual([
      'docker start gh-bare-control-plane',
      'docker start gh-bare-worker',
      'docker start gh-bare-workstation',
    ]);
  });

  test('an API server that is away says so in time, and a reset builds anew what does not come back', async () => {
    const { platform } = clusterFiles(fair.stateDir, 'bare');
    const config = readFileSync(platform, 'utf8');
    writeFileSync(platform, config.replace(/server: \S+/, 'server: https://127.0.0.1:1'));
    await expect(cluster.snapshot()).rejects.toMatchObject({
      code: 'CLUSTER_UNREACHABLE',
      fix: expect.any(String),
    });
    expect(await cluster.trouble?.()).toMatchObject({ state: 'away' });
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

  test('a cluster whose node is gone is broken, and a reset builds it anew', async () => {
    rmSync(path.join(fair.standIns, 'containers', 'gh-bare-worker'));
    expect(await fair.provider.list()).toMatchObject([{ name: 'bare', state: 'broken' }]);
    await untilTold(cluster, 'damaged');
    expect(await cluster.trouble?.()).toMatchObject({
      state: 'damaged',
      message: 'Containers of it were removed: 1 of 2 nodes are there.',
    });
    expect((await fair.provider.doctor()).find(({ id }) => id === 'clusters')).toMatchObject({
      status: 'warning',
      detail: expect.stringContaining('bare'),
      fix: expect.stringContaining('cluster reset bare --provider kind'),
    });
    await cluster.reset();
    expect(await fair.provider.list()).toMatchObject([{ name: 'bare', state: 'ready' }]);
  });
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

test('an image that is missing without a network costs a sentence and no cluster', async () => {
  await using under = await createKindUnderTest({ own: { image: 'no/such:1' } });
  await expect(under.provider.create(spec('lost', BARE))).rejects.toMatchObject({
    code: 'MACHINE_NOT_READY',
    fix: expect.stringContaining('docker load'),
  });
  expect(await under.leftovers()).toEqual([]);
});

/** Docker's events take a moment. */
async function untilTold(cluster: Cluster, state: string): Promise<void> {
  await eventually(async () => {
    expect(await cluster.trouble?.()).toMatchObject({ state });
  });
}

function setState(under: KindUnderTest, container: string, state: string): void {
  const file = path.join(under.standIns, 'containers', container);
  const before = JSON.parse(readFileSync(file, 'utf8')) as object;
  writeFileSync(file, JSON.stringify({ ...before, state }));
}
