import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { JsonObject } from '../../common/json.js';
import type { Phase } from '../../common/progress.js';
import { runCommand } from '../../system/run-command.js';
import { createTempFolder } from '../../system/temp-folder.js';
import { imagesOf, pluginManifest, PLUGINS } from './plugins.js';
import { inotifyChecks, judgeDocker, judgeKind, judgeKubectl, DockerInfo } from './doctor.js';
import { sizeOfManifest } from './doctor-images.js';
import { NO_ESTIMATES, learnEstimates, readEstimates } from './estimates.js';
import { dockerFix, type DockerHere } from './docker-fix.js';
import { failureOf } from './failures.js';
import { stateOf, type Found } from './records.js';
import { containerTrouble } from './trouble.js';
import { kindConfigOf } from './kind-config.js';
import { lineReader, parseKindLine, PhaseTracker, type StepId } from './phases.js';
import { parseProbeLines, probeScript } from './probe-script.js';
import { planProbe } from './probe-plan.js';
import { commandLine } from './programs.js';
import { imageOfRelease, parseKindVersion, SUPPORTED_KUBERNETES } from './node-image.js';
import { planReset } from './reset-plan.js';
import { readKindSettings } from './settings.js';
import { containerArgs, homeEntries } from './workstation.js';
import { createContext } from './context.js';
import { Programs } from './programs.js';
import { KindSettings } from './settings.js';
import { SILENT } from '../../common/logger.js';
import { tarOf } from '../client/tar.js';
import { TimeAccount } from './time-account.js';

const failure = (stderr: string, program = 'kind') =>
  failureOf({ line: `${program} …`, program, exitCode: 1, stderr });

test('lines of kind become steps, whatever marks and colours they carry', () => {
  const steps: (string | undefined)[] = [];
  const read = lineReader((line) => {
    const told = parseKindLine(line);
    if (told?.state === 'begun') steps.push(told.step);
  });
  const text =
    'Creating cluster "gh-ana" ...\n • Ensuring node image (x:1) 🖼  ...\n ✓ Ensuring node image (x:1) 🖼\n • Preparing nodes 📦 📦   ...\n • Writing configuration 📜  ...\n' +
    ' • Starting control-plane 🕹️  ...\n • Installing CNI 🔌  ...\n • Installing StorageClass 💾  ...\n • Joining worker nodes 🚜  ...\n • Waiting ≤ 2m0s for control-plane = Ready ⏳  ...\n • Ready after 19s 💚\n • Doing something new  ...\nHave a nice day! 👋\n';
  for (let at = 0; at < text.length; at += 7) read(text.slice(at, at + 7));
  expect(steps).toEqual([
    'image',
    'containers',
    'config',
    'control-plane',
    'kind-cni',
    'storage',
    'workers',
    'nodes',
    undefined,
  ]);
  expect(parseKindLine(' \u001b[32m✓\u001b[0m Preparing nodes 📦 ')).toEqual({
    state: 'done',
    step: 'containers',
    text: 'Preparing nodes',
  });
  expect(parseKindLine(' ✗ Ensuring node image (x) 🖼')?.state).toBe('failed');
});

test('phases never go back, and what they took is the estimate of the next run', async () => {
  await using folder = await createTempFolder('estimates');
  let now = 0;
  const seen: Phase[] = [];
  const steps: StepId[] = ['record', 'control-plane', 'workers', 'workloads'];
  const run = async (): Promise<void> => {
    const file = path.join(folder.path, 'e.json');
    const estimates = now === 0 ? NO_ESTIMATES : await readEstimates(file, '2-calico');
    const tracker = new PhaseTracker(steps, {
      estimates,
      tell: (phase) => seen.push(phase),
      now: () => now,
    });
    for (const step of ['record', 'workers', 'control-plane', 'workloads'] as const) {
      tracker.begin(step);
      now += 1000;
    }
    await learnEstimates(file, '2-calico', tracker.end());
  };
  await run();
  await run();
  expect(seen.map(({ id }) => id)).toEqual([
    'record',
    'workers',
    'workloads',
    'ready',
    'record',
    'workers',
    'workloads',
    'ready',
  ]);
  const first = seen.slice(0, 4).map(({ fraction }) => fraction);
  expect(first).toEqual(first.toSorted((a, b) => a - b));
  // Record 1 s, control plane 12 s as guessed, workers 2 s, workloads 1 s.
  expect(seen[4]?.remainingMs).toBe(1000 + 12_000 + 2000 + 1000);
});

test.each([
  [
    'ERROR: failed to list clusters: command "docker ps" failed with error: exit status 1\n\nCommand Output: Cannot connect to the Docker daemon at unix:///nonexistent.sock. Is the docker daemon running?',
    'MACHINE_NOT_READY',
    'Docker is not running',
  ],
  [
    'ERROR: failed to create cluster: node(s) already exist for a cluster with the name "gh-ana"',
    'CLUSTER_EXISTS',
    'there is a cluster "ana" already',
  ],
  [
    "ERROR: failed to create cluster: 'Bad_Name' is not a valid cluster name, cluster names must match `^[a-z0-9.-]+$`",
    'BAD_REQUEST',
    '"Bad_Name" cannot be a cluster\'s name',
  ],
  [
    'ERROR: failed to create cluster: unable to decode config: yaml: unmarshal errors:\n  line 3: field nodez not found in type v1alpha4.Cluster',
    'CLUSTER_FAILED',
    'kind does not understand the configuration that we wrote for it',
  ],
  [
    'ERROR: failed to create cluster: failed to pull image "no-such/image:1": command "docker pull no-such/image:1" failed with error: exit status 1\n\nCommand Output: Error response from daemon: dial udp: connect: network is unreachable',
    'MACHINE_NOT_READY',
    'the image no-such/image:1 is not on this machine and could not be fetched',
  ],
  [
    'ERROR: image: "no-such:1" not present locally',
    'NOT_FOUND',
    'the image no-such:1 is not on this machine',
  ],
  [
    'ERROR: no nodes found for cluster "gh-nope"',
    'CLUSTER_NOT_FOUND',
    'the cluster "nope" has no nodes',
  ],
  [
    "ERROR: could not locate any control plane nodes for cluster named 'gh-nope'. Use the --name option",
    'CLUSTER_NOT_FOUND',
    'the cluster "nope" has no nodes',
  ],
  [
    'docker: Error response from daemon: driver failed programming external connectivity: Bind for 0.0.0.0:80 failed: port is already allocated.',
    'PORT_TAKEN',
    'a port that the cluster needs is taken',
  ],
  ['write /var/lib/docker/tmp/x: no space left on device', 'DISK_FULL', 'the disk is full'],
])('a failure is explained: %s', (stderr, code, message) => {
  const error = failure(stderr);
  expect(error).toMatchObject({ code, message });
  expect(error.fix).toBeTruthy();
});

test('a program that is missing, and words that nobody knows', () => {
  const missing = failureOf({
    line: 'kind version',
    program: 'kind',
    exitCode: 127,
    stderr: 'spawn kind ENOENT',
  });
  expect(missing).toMatchObject({ code: 'MACHINE_NOT_READY', message: 'kind is not installed' });
  expect(failure(' • Preparing nodes 📦  ...\nERROR: the moon is full')).toMatchObject({
    code: 'CLUSTER_FAILED',
    message: 'kind failed: ERROR: the moon is full',
    fix: 'run it by hand: kind …',
  });
});

test('commands are printed as they can be pasted', () => {
  expect(commandLine('docker', ['ps', '--format', "{{.Names}} it's"], { A: 'b c' })).toBe(
    `A='b c' docker ps --format '{{.Names}} it'\\''s'`,
  );
});

test('kind gets no network of its own and as many nodes as wanted', () => {
  const config = kindConfigOf({ nodes: 3 }, { mirrors: {} });
  expect(config).toContain('disableDefaultCNI: true');
  expect(config.match(/role: worker/g)).toHaveLength(2);
  expect(config).toContain('podSubnet: 10.244.0.0/16');
});

test('settings that are not understood are refused by file and field', async () => {
  await using folder = await createTempFolder('settings');
  expect(readKindSettings(folder.path).network).toBe('own');
  writeFileSync(path.join(folder.path, 'kind.yaml'), 'network: mesh\nimagee: x\n');
  expect(() => readKindSettings(folder.path)).toThrow(/kind\.yaml: .*network.*imagee/);
});

test('the workstation has no rights, nothing of this machine, and files of the learner’s', async () => {
  const context = createContext({
    stateDir: '/nowhere',
    logger: SILENT,
    settings: KindSettings.parse({}),
    programs: new Programs({ path: '' }),
  });
  const args = containerArgs(context, { name: 'w', network: 'n', image: 'x', labels: {} }).join(
    ' ',
  );
  for (const flag of [
    '--cap-drop ALL',
    'no-new-privileges',
    '--pids-limit',
    '--memory',
    '--user 1000:1000',
  ]) {
    expect(args).toContain(flag);
  }
  expect(args).not.toMatch(/--volume|--mount|-v |--privileged|docker\.sock|--publish/);
  await using folder = await createTempFolder('tar');
  const long = `${'a'.repeat(60)}/${'b'.repeat(60)}/notes.txt`;
  const entries = homeEntries({ kubeconfig: 'secret', files: [{ path: long, text: 'hällo\n' }] });
  const listed = await runCommand(
    'tar',
    ['--list', '--verbose', '--numeric-owner', '--file', '-'],
    { input: tarOf(entries) },
  );
  expect(listed.exitCode).toBe(0);
  expect(listed.stdout).toMatch(/-rw------- 1000\/1000 .*home\/learner\/\.kube\/config/);
  expect(listed.stdout).toContain(long);
  mkdirSync(path.join(folder.path, 'x'));
  expect(() =>
    homeEntries({ kubeconfig: '', files: [{ path: '../../etc/shadow', text: '' }] }),
  ).toThrow(/not a path inside/);
});

const world = {
  view: {
    pods: [
      {
        metadata: { name: 'a', namespace: 'x', uid: 'u-1' },
        spec: { nodeName: 'n1' },
        status: { podIP: '10.244.0.5', phase: 'Running' },
      },
      {
        metadata: {
          name: 'static',
          namespace: 'x',
          uid: 'u-3',
          annotations: { 'kubernetes.io/config.hash': 'hash-3' },
        },
        spec: { nodeName: 'n1', hostNetwork: true },
        status: { podIP: '172.18.0.2', phase: 'Running' },
      },
      {
        metadata: { name: 'b', namespace: 'x', uid: 'u-2' },
        spec: {},
        status: { phase: 'Pending' },
      },
    ] as JsonObject[],
    services: [
      { metadata: { name: 's', namespace: 'x' }, spec: { clusterIP: '10.96.0.7' } },
    ] as JsonObject[],
    nodes: [
      {
        metadata: { name: 'n1' },
        status: { addresses: [{ type: 'InternalIP', address: '172.18.0.2' }] },
      },
    ] as JsonObject[],
    endpointSlices: [],
    outside: { client: '172.18.0.9' },
  },
  clientContainer: 'gh-x-client',
};

test('probes are planned from what the cluster says, or say why not', () => {
  const pod = (name: string) => ({ type: 'pod', namespace: 'x', name }) as const;
  const plan = (
    from: Parameters<typeof planProbe>[0]['from'],
    to: Parameters<typeof planProbe>[0]['to'],
    protocol: 'TCP' | 'SCTP' = 'TCP',
  ) => planProbe({ from, to, port: 80, protocol }, 0, world);
  expect(plan(pod('a'), { type: 'service', namespace: 'x', name: 's' })).toMatchObject({
    source: { container: 'n1', podUid: 'u-1' },
    address: '10.96.0.7',
  });
  expect(plan({ type: 'node', name: 'n1' }, pod('a'))).toMatchObject({
    source: { container: 'n1' },
    address: '10.244.0.5',
  });
  expect(plan({ type: 'outside', name: 'client' }, { type: 'node', name: 'n1' })).toMatchObject({
    source: { container: 'gh-x-client' },
    address: '172.18.0.2',
  });
  expect(plan({ type: 'outside', name: 'internet' }, pod('a'))).toMatchObject({
    cause: 'no-source',
    detail: expect.stringContaining('internet'),
  });
  expect(plan(pod('b'), pod('a'))).toMatchObject({ cause: 'no-source' });
  expect(plan(pod('a'), pod('b'))).toMatchObject({ cause: 'no-target' });
  // The kubelet knows a static pod by the hash of its file.
  expect(plan(pod('static'), pod('a'))).toMatchObject({ source: { podUid: 'hash-3' } });
  expect(plan(pod('a'), { type: 'address', address: '1.2.3.4' }, 'SCTP')).toMatchObject({
    cause: 'unknown',
  });
});

test('answers of the prober are told apart, and what is not its own is passed over', () => {
  const lines = parseProbeLines(
    '0\t0\t1200\t\nnoise\n1\t1\t900\tbash: connect: Connection refused\n2\t124\t800000\t\n3\t1\t3000000\tbash: connect: No route to host\n4\tno-sandbox\t0\t\n5\t1\t10\tconnect: Connection timed out\n6\t127\t1\tbash: timeout: command not found\n',
  );
  expect([...lines.values()].map(({ cause }) => cause)).toEqual([
    'open',
    'refused',
    'filtered',
    'unreachable',
    'no-source',
    'filtered',
    'unknown',
  ]);
  expect(lines.get(0)?.tookMs).toBe(1.2);
});

test('the prober sends real packets from where it runs, many at once', async () => {
  const probe = (index: number, port: number, protocol: 'TCP' | 'UDP') => ({
    index,
    port,
    protocol,
    source: { container: 'x' },
    address: '127.0.0.1',
    timeoutMs: 400,
  });
  const script = probeScript([
    probe(0, 1, 'TCP'),
    probe(1, 1, 'UDP'),
    ...Array.from({ length: 20 }, (_, i) => probe(2 + i, 1, 'TCP')),
  ]);
  const { stdout } = await runCommand('bash', ['-s'], { input: script });
  const lines = parseProbeLines(stdout);
  expect(lines.size).toBe(22);
  expect(new Set([...lines.values()].map(({ cause }) => cause))).toEqual(new Set(['refused']));
  expect(() => probeScript([{ ...probe(0, 1, 'TCP'), address: '$(reboot)' }])).toThrow(
    /not an address/,
  );
});

test('a reset plans only what somebody has changed', () => {
  const object = (kind: string, name: string, more: JsonObject = {}): JsonObject => ({
    apiVersion: 'v1',
    kind,
    metadata: { name, namespace: 'x', uid: `${kind}-${name}`, resourceVersion: '1' },
    ...more,
  });
  const baseline = [
    object('ConfigMap', 'kept', { data: { a: '1' } }),
    object('ConfigMap', 'gone'),
    object('Service', 'same'),
  ];
  const now = [
    object('ConfigMap', 'kept', { data: { a: '2' } }),
    { ...object('Service', 'same'), status: { loadBalancer: {} } },
    object('Secret', 'new'),
    object('Lease', 'noise'),
    object('Event', 'noise'),
  ];
  const plan = planReset(baseline, now);
  const names = (objects: readonly JsonObject[]) =>
    objects.map((one) => (one['metadata'] as JsonObject)['name']);
  expect([names(plan.remove), names(plan.create), names(plan.restore)]).toEqual([
    ['new'],
    ['gone'],
    ['kept'],
  ]);
});

test('images of a manifest are found, fields of definitions are not', () => {
  const manifest =
    'apiVersion: apps/v1\nkind: DaemonSet\nspec: {template: {spec: {initContainers: [{image: "a:1"}], containers: [{image: "b:2"}]}}}\n---\napiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {image: no}\n';
  expect(imagesOf(manifest)).toEqual(['a:1', 'b:2']);
});

test('each kind gets the node image that was built for it, by digest', () => {
  const image = (output: string | undefined): string => imageOfRelease(parseKindVersion(output));
  expect(image('kind v0.27.0 go1.24.4 linux/amd64')).toMatch(
    /^kindest\/node:v1\.32\.2@sha256:f2263459/,
  );
  expect(image('kind v0.29.0 go1.24.4 linux/amd64')).toMatch(/:v1\.33\.1@sha256:05007225/);
  expect(image('kind v0.31.0 go1.25 darwin/arm64')).toMatch(/:v1\.35\.0@sha256:452d707d/);
  // One that we do not know yet gets the newest that we do.
  expect(image('kind v0.99.0-alpha+1234 go1.30')).toBe(image('kind v0.33.0'));
  expect(image(undefined)).toBe(image('kind v0.27.0'));
  for (const version of ['0.27', '0.28', '0.29', '0.30', '0.31', '0.32', '0.33']) {
    expect(image(`kind v${version}.0`)).toMatch(/^kindest\/node:v1\.\d+\.\d+@sha256:[0-9a-f]{64}$/);
  }
  expect(SUPPORTED_KUBERNETES).toEqual(['1.32', '1.33', '1.34', '1.35', '1.36', '1.37']);
});

test('the size of an image that is not here is what its registry says for this platform', () => {
  const entry = (architecture: string, sizes: number[]) => ({
    Descriptor: { platform: { architecture, os: 'linux' } },
    OCIManifest: { layers: sizes.map((size) => ({ size })) },
  });
  const list = JSON.stringify([entry('arm64', [1, 2]), entry('amd64', [30, 40])]);
  expect(sizeOfManifest(list, 'x64')).toBe(70);
  expect(sizeOfManifest(list, 'arm64')).toBe(3);
  expect(sizeOfManifest(JSON.stringify(entry('amd64', [5])), 'x64')).toBe(5);
  expect(sizeOfManifest('no such manifest', 'x64')).toBeUndefined();
});

test('a moment that several things wait for counts once, and the rest is ours', () => {
  let now = 0;
  const account = new TimeAccount(() => now);
  account.touch();
  account.add('kind', { from: 10, to: 60 });
  account.add('kubernetes', { from: 50, to: 90 });
  account.add('docker', { from: 85, to: 94 });
  now = 100;
  account.past('denials', 5);
  account.touch();
  const { totalMs, oursMs, dockerMs, dockerCalls, byNeed } = account.sum();
  expect([totalMs, oursMs, dockerMs, dockerCalls]).toEqual([100, 15, 4, 1]);
  expect([byNeed.get('kind'), byNeed.get('denials')]).toEqual([50, 5]);
  expect(account.toString()).toMatch(
    /^0\.1 s in all: kind itself 0\.1 s.*\(15 %\), is Gatehouse's own: 1 calls of docker /,
  );
  expect(new TimeAccount().toString()).toBe('');
});

test('a manifest that is not the one we know is refused, with what to look at', async () => {
  await using folder = await createTempFolder('plugins');
  const manifest = path.join(folder.path, 'calico.yaml');
  writeFileSync(manifest, 'apiVersion: v1\nkind: List\nitems: []\n');
  const settings = KindSettings.parse({
    plugins: { calico: { file: manifest, sha256: '0'.repeat(64) } },
  });
  const context = createContext({
    stateDir: folder.path,
    logger: SILENT,
    settings,
    programs: new Programs({ path: '' }),
  });
  await expect(pluginManifest(context, 'calico')).rejects.toMatchObject({
    code: 'MACHINE_NOT_READY',
    message: expect.stringContaining('is not the one that is trusted'),
  });
  const { official } = PLUGINS.calico;
  // Calico 3.30 knows Kubernetes up to 1.34, 3.32 what comes after.
  expect([32, 34, 35, 37].map((minor) => /v3\.\d+/.exec(official?.(minor).url ?? '')?.[0])).toEqual(
    ['v3.30', 'v3.30', 'v3.32', 'v3.32'],
  );
});

test('the first manifest fetched is remembered, and another one in its place refused', async () => {
  await using folder = await createTempFolder('plugins');
  let text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }\n';
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const context = createContext({
      stateDir: folder.path,
      logger: SILENT,
      settings: KindSettings.parse({
        plugins: { flannel: { url: `http://127.0.0.1:${port}/flannel.yml` } },
      }),
      programs: new Programs({ path: '' }),
    });
    const { file } = await pluginManifest(context, 'flannel');
    await pluginManifest(context, 'flannel');
    expect(asked).toBe(1);
    rmSync(file);
    text = text.replace('name: a', 'name: b');
    await expect(pluginManifest(context, 'flannel')).rejects.toMatchObject({
      message: expect.stringContaining('is not the one that is trusted'),
    });
  } finally {
    server.close();
  }
});

test('pods of the system whose account was made anew get new tokens by starting anew', () => {
  const account = (uid: string): JsonObject => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'calico-node', namespace: 'kube-system', uid },
  });
  const pod = (name: string, owner: string): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', uid: name, ownerReferences: [{ kind: owner }] },
    spec: { serviceAccountName: 'calico-node' },
  });
  const pods = [pod('calico-node-x', 'DaemonSet'), pod('etcd', 'Node')];
  const names = (now: JsonObject[]) =>
    planReset([account('1'), ...pods], now).remove.map(
      (one) => (one['metadata'] as JsonObject)['name'],
    );
  expect(names([account('2'), ...pods])).toEqual(['calico-node-x']);
  expect(names(pods)).toEqual(['calico-node-x']);
  expect(names([account('1'), ...pods])).toEqual([]);
});

test('the doctor judges what programs and kernel say', () => {
  expect(judgeKind('kind v0.27.0 go1.24.4 linux/amd64').status).toBe('ok');
  expect(judgeKind('kind v0.26.0 go1.23')).toMatchObject({ status: 'missing' });
  expect(judgeKind('kind v0.99.1 go1.30 linux/arm64')).toMatchObject({
    status: 'warning',
    fix: expect.stringContaining('tag/v0.99.1'),
  });
  expect(judgeKind(undefined)).toMatchObject({
    status: 'missing',
    fix: expect.stringContaining('kind'),
  });
  expect(
    judgeKubectl('{"clientVersion":{"gitVersion": "v1.32.4"}}', 'kindest/node:v1.32.2').status,
  ).toBe('ok');
  expect(
    judgeKubectl('{"clientVersion":{"gitVersion": "v1.20.2"}}', 'kindest/node:v1.32.2').status,
  ).toBe('warning');
  expect(inotifyChecks('128', '8192')[0]).toMatchObject({
    status: 'warning',
    fix: expect.stringContaining('sysctl'),
  });
  expect(inotifyChecks('1024', '1048576')[0]?.status).toBe('ok');
  const info = DockerInfo.parse({
    ServerVersion: '28',
    MemTotal: 25e9,
    CgroupVersion: '1',
    SecurityOptions: ['name=rootless'],
  });
  const judged = (more: Partial<DockerInfo>, image = 'kindest/node:v1.32.2') =>
    judgeDocker({ ...info, ...more }, image).map(({ id, status }) => `${id} ${status}`);
  expect(judged({})).toEqual(['docker warning', 'cgroup missing', 'memory ok']);
  expect(judged({ SecurityOptions: [] })).toEqual(['docker ok', 'cgroup warning', 'memory ok']);
  expect(judged({ SecurityOptions: [] }, 'kindest/node:v1.35.0')[1]).toBe('cgroup missing');
  expect(judged({ ServerVersion: '20.10.24+dfsg1', CgroupVersion: '2' })[0]).toBe('docker warning');
  expect(judged({ ServerVersion: '19.03.1' })[0]).toBe('docker missing');
});

test.each<[string, DockerHere, RegExp]>([
  [
    'only the client is here',
    { hasDaemon: false, hasSystemd: true },
    /^sudo apt-get install docker\.io && docker info/,
  ],
  [
    'the daemon is installed',
    { hasDaemon: true, hasSystemd: true },
    /^sudo systemctl start docker && docker info$/,
  ],
  ['there is no systemd', { hasDaemon: true, hasSystemd: false }, /^sudo sh -c "nohup dockerd /],
  [
    'Docker is elsewhere',
    { hasDaemon: true, hasSystemd: true, host: 'tcp://10.0.0.5:2376' },
    /^DOCKER_HOST=tcp:\/\/10\.0\.0\.5:2376 docker info/,
  ],
])('where Docker does not answer and %s, the doctor says what to type', (_, here, fix) => {
  expect(dockerFix(here)).toMatch(fix);
});

test.each<[string, string[], string | undefined]>([
  ['all run', ['running', 'running', 'running'], undefined],
  ['a node is paused', ['running', 'running', 'paused'], 'resting'],
  ['the workstation has stopped', ['exited', 'running', 'running'], 'resting'],
  ['a node is gone', ['running', 'running'], 'damaged'],
  ['it is in the making', ['created', 'running'], undefined],
])('what Docker tells of a cluster of which %s', (_, [record = '', ...nodes], state) => {
  const container = (at: string) => ({ name: 'x', state: at, ports: '', labels: {} });
  const found: Found = {
    name: 'x',
    kindName: 'gh-x',
    record: container(record),
    nodes: nodes.map(container),
    isLeftover: false,
    info: {
      name: 'x',
      provider: 'kind',
      nodes: 2,
      cni: 'calico',
      labels: {},
      createdAt: '',
      state: stateOf({
        record: { state: record },
        nodes: nodes.map(container),
        doing: undefined,
        wanted: 2,
      }),
    },
  };
  expect(containerTrouble(found)?.state).toBe(state);
});
