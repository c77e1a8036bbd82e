/* eslint-disable @typescript-eslint/no-unsafe-class-instance-assignment, @typescript-eslint/no-misused-spread -- the models are plain data to the client: it sends and returns objects without their classes */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  ApiException,
  Attach,
  CoreV1Api,
  AppsV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  PatchStrategy,
  PortForward,
  Watch,
  makeInformer,
  setHeaderOptions,
  type V1ConfigMap,
  type V1Status,
} from '@kubernetes/client-node';
import type { Cluster } from '../provider.js';
import { eventually } from '../provider.contract.js';
import {
  createClusterUnderTest,
  type ClusterUnderTest,
} from '../../test/support/embedded-provider.js';

const TIMEOUT_MS = 60_000;
const namespace = 'default';

let under: ClusterUnderTest;
let cluster: Cluster;
let config: KubeConfig;
let core: CoreV1Api;

beforeAll(async () => {
  under = await createClusterUnderTest({
    name: 'client',
  });
  ({ cluster } = under);
  config = new KubeConfig();
  config.loadFromString(await cluster.kubeconfig('learner'));
  core = config.makeApiClient(CoreV1Api);
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: 'box' },
      spec: {
        tolerations: [{ operator: 'Exists' }],
        terminationGracePeriodSeconds: 0,
        containers: [
          { name: 'web', image: 'nginx' },
          { name: 'echo', image: 'busybox', stdin: true, command: ['sh', '-c', 'echo first; cat'] },
        ],
      },
    },
  });
  await eventually(async () => {
    const { status } = await core.readNamespacedPod({ namespace, name: 'box' });
    expect(status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  });
}, TIMEOUT_MS);

afterAll(async () => {
  await under[Symbol.asyncDispose]();
}, TIMEOUT_MS);

const mapNamed = (name: string, data: Record<string, string> = {}): V1ConfigMap => ({
  metadata: { name, labels: { watched: 'yes' } },
  data,
});

test(
  'an informer sees all there is and all that comes, and goes on after its connection broke',
  async () => {
    await core.createNamespacedConfigMap({ namespace, body: mapNamed('before') });
    const list = () => core.listNamespacedConfigMap({ namespace, labelSelector: 'watched=yes' });
    const informer = makeInformer(
      config,
      `/api/v1/namespaces/${namespace}/configmaps`,
      list,
      'watched=yes',
    );
    const seen: string[] = [];
    for (const verb of ['add', 'update', 'delete'] as const) {
      informer.on(verb, ({ metadata }) => seen.push(`${verb} ${metadata?.name ?? ''}`));
    }
    let connections = 0;
    informer.on('connect', () => (connections += 1));
    await informer.start();
    expect(seen).toEqual(['add before']);
    await core.createNamespacedConfigMap({ namespace, body: mapNamed('during') });
    await core.replaceNamespacedConfigMap({
      namespace,
      name: 'during',
      body: mapNamed('during', { a: '1' }),
    });
    await core.deleteNamespacedConfigMap({ namespace, name: 'before' });
    await eventually(() => {
      expect(seen).toEqual(['add before', 'add during', 'update during', 'delete before']);
      return Promise.resolve();
    });
    await informer.stop();
    await core.createNamespacedConfigMap({ namespace, body: mapNamed('meanwhile') });
    await informer.start();
    await eventually(() => {
      expect(
        informer
          .list(namespace)
          .map(({ metadata }) => metadata?.name)
          .sort(),
      ).toEqual(['during', 'meanwhile']);
      return Promise.resolve();
    });
    await informer.stop();
    expect(connections).toBeGreaterThanOrEqual(2);
  },
  TIMEOUT_MS,
);

test(
  'a watch from a time long past is told that it expired, with code 410',
  async () => {
    const { metadata } = await core.createNamespacedConfigMap({
      namespace,
      body: mapNamed('busy'),
    });
    const patch = (i: number) =>
      core.patchNamespacedConfigMap(
        { namespace, name: 'busy', body: { data: { i: String(i) } } },
        setHeaderOptions('Content-Type', PatchStrategy.MergePatch),
      );
    for (let i = 0; i < 1100; i += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, j) => patch(i + j)));
    }
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const told = await new Promise<unknown>((resolve) => {
      void new Watch(config).watch(
        path,
        { resourceVersion: metadata?.resourceVersion },
        (type, object: unknown) => {
          resolve({ type, object });
        },
        resolve,
      );
    });
    expect(told).toMatchObject({
      type: 'ERROR',
      object: {
        code: 410,
        reason: 'Expired',
        message: expect.stringContaining('too old resource version'),
      },
    });
  },
  TIMEOUT_MS,
);

test('exec carries both outputs, input and the exit code', async () => {
  const out = new PassThrough();
  const err = new PassThrough();
  const status = await new Promise<V1Status>((resolve, reject) => {
    const command = ['sh', '-c', 'cat; echo problem >&2; exit 7'];
    new Exec(config)
      .exec(namespace, 'box', 'web', command, out, err, Readable.from(['typed']), false, resolve)
      .catch(reject);
  });
  out.end();
  err.end();
  expect(await text(out)).toBe('typed');
  expect(await text(err)).toBe('problem\n');
  expect(status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '7' }] },
  });
});

test('attach joins a running program, and its log holds what was said', async () => {
  const out = new PassThrough();
  const input = new PassThrough();
  const socket = await new Attach(config).attach(namespace, 'box', 'echo', out, null, input, false);
  input.write('hello there\n');
  const heard: string[] = [];
  out.on('data', (chunk: Buffer) => heard.push(chunk.toString()));
  await eventually(() => {
    expect(heard.join('')).toContain('hello there\n');
    return Promise.resolve();
  });
  socket.close();
  const log = new PassThrough();
  await new Log(config).log(namespace, 'box', 'echo', log, { tailLines: 2 });
  expect(await text(log)).toBe('first\nhello there\n');
});

test('a log is followed until the reader has enough', async () => {
  const log = new PassThrough();
  const stop = await new Log(config).log(namespace, 'box', 'web', log, { follow: true });
  const lines: string[] = [];
  log.on('data', (chunk: Buffer) => lines.push(chunk.toString()));
  const out = new PassThrough();
  await new Exec(config).exec(
    namespace,
    'box',
    'web',
    ['wget', '-qO-', 'http://127.0.0.1/followed'],
    out,
    null,
    null,
    false,
  );
  await eventually(() => {
    expect(lines.join('')).toContain('GET /followed');
    return Promise.resolve();
  });
  stop.abort();
});

test('a port is forwarded', async () => {
  const forward = new PortForward(config);
  const server = createServer((socket) => {
    void forward.portForward(namespace, 'box', [80], socket, null, socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const socket = connect(port, '127.0.0.1');
  socket.write('GET / HTTP/1.0\r\n\r\n');
  const [first] = (await once(socket, 'data')) as [Buffer];
  expect(first.toString()).toMatch(/^HTTP\/1\.[01] 200 OK\r\n/);
  socket.destroy();
  server.close();
});

test('patches of all four types', async () => {
  const apps = config.makeApiClient(AppsV1Api);
  const name = 'patched';
  const template = {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: 'a', image: 'nginx:1.26' }] },
  };
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name },
      spec: { replicas: 0, selector: { matchLabels: { app: name } }, template },
    },
  });
  const patch = (strategy: PatchStrategy, body: unknown) =>
    apps.patchNamespacedDeployment(
      {
        namespace,
        name,
        body,
        ...(strategy === PatchStrategy.ServerSideApply && { fieldManager: 'test', force: true }),
      },
      setHeaderOptions('Content-Type', strategy),
    );
  const images = async (change: ReturnType<typeof patch>) =>
    (await change).spec?.template.spec?.containers.map((one) => `${one.name}=${one.image ?? ''}`);
  const containers = (image: string, other: string) => ({
    spec: { template: { spec: { containers: [{ name: other, image }] } } },
  });
  expect(
    await images(patch(PatchStrategy.StrategicMergePatch, containers('busybox', 'b'))),
  ).toEqual(['b=busybox', 'a=nginx:1.26']);
  expect(await images(patch(PatchStrategy.MergePatch, containers('nginx:1.27', 'a')))).toEqual([
    'a=nginx:1.27',
  ]);
  expect(
    await images(
      patch(PatchStrategy.JsonPatch, [
        { op: 'test', path: '/spec/replicas', value: 0 },
        { op: 'replace', path: '/spec/template/spec/containers/0/image', value: 'nginx:1.28' },
      ]),
    ),
  ).toEqual(['a=nginx:1.28']);
  const applied = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels: { applied: 'yes' } },
  };
  const result = await patch(PatchStrategy.ServerSideApply, applied);
  expect(result.metadata?.labels).toEqual({ applied: 'yes' });
  expect(
    result.metadata?.managedFields?.map(
      ({ manager, operation }) => `${manager ?? ''} ${operation ?? ''}`,
    ),
  ).toContain('test Apply');
});

test('server-side apply refuses what another owns', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const body = (colour: string) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'owned', namespace },
    data: { colour },
  });
  const apply = (colour: string, manager: string, force = false) =>
    objects.patch(
      body(colour),
      undefined,
      undefined,
      manager,
      force,
      PatchStrategy.ServerSideApply,
    );
  await apply('red', 'one');
  await expect(apply('blue', 'two')).rejects.toMatchObject({
    code: 409,
    body: expect.stringContaining('conflict with \\"one\\": .data.colour'),
  });
  expect(await apply('blue', 'two', true)).toMatchObject({ data: { colour: 'blue' } });
});

test('errors carry their code and the server’s Status', async () => {
  const failure = async (action: Promise<unknown>): Promise<{ code: number; reason: unknown }> => {
    const error: unknown = await action.catch((reason: unknown) => reason);
    if (!(error instanceof ApiException)) throw new Error(`not refused: ${String(error)}`);
    const status = JSON.parse(String(error.body)) as V1Status;
    return { code: error.code, reason: status.reason };
  };
  expect(await failure(core.readNamespacedPod({ namespace, name: 'nope' }))).toEqual({
    code: 404,
    reason: 'NotFound',
  });
  expect(
    await failure(core.createNamespacedConfigMap({ namespace, body: mapNamed('during') })),
  ).toEqual({
    code: 409,
    reason: 'AlreadyExists',
  });
  expect(
    await failure(core.createNamespacedConfigMap({ namespace, body: mapNamed('Bad_Name') })),
  ).toEqual({
    code: 422,
    reason: 'Invalid',
  });
  const stale = { ...mapNamed('during'), metadata: { name: 'during', resourceVersion: '1' } };
  expect(
    await failure(core.replaceNamespacedConfigMap({ namespace, name: 'during', body: stale })),
  ).toEqual({
    code: 409,
    reason: 'Conflict',
  });
  const custom = config.makeApiClient(CustomObjectsApi);
  const absent = { group: 'nowhere.example.com', version: 'v1', plural: 'things' };
  await expect(custom.listClusterCustomObject(absent)).rejects.toMatchObject({ code: 404 });
});
