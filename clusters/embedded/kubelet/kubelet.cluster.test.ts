import {
  createClusterUnderTest,
  type ClusterUnderTest,
} from '../../../test/support/embedded-provider.js';
import { isJsonObject, valueAt, type JsonObject } from '../../../common/json.js';
import { eventually, kubectl } from '../../provider.contract.js';
import type { Cluster } from '../../provider.js';

const TIMEOUT_MS = 120_000;
let under: ClusterUnderTest;
let cluster: Cluster;

beforeAll(async () => {
  under = await createClusterUnderTest({
    name: 'pods',
    nodes: 2,
    nodeShell: true,
    manifests: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'lab' } },
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'settings', namespace: 'lab' },
        data: { 'colour.txt': 'red', other: 'x' },
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name: 'keys', namespace: 'lab' },
        stringData: { password: 'hunter2' },
      },
    ],
  });
  ({ cluster } = under);
}, TIMEOUT_MS);

afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
  const left = await under.leftovers();
  await under[Symbol.asyncDispose]();
  expect(left).toEqual([]);
}, TIMEOUT_MS);

const shell = (script: string, more: JsonObject = {}): JsonObject => ({
  name: 'c',
  image: 'busybox:1.36',
  command: ['sh', '-c', script],
  ...more,
});

const pod = (name: string, spec: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'lab', ...metadata },
  spec: { terminationGracePeriodSeconds: 1, ...spec },
});

test(
  'commands, arguments and variables are as Kubernetes has them',
  async () => {
    await cluster.apply([
      pod(
        'env',
        {
          restartPolicy: 'Never',
          containers: [
            {
              name: 'c',
              image: 'busybox:1.36',
              command: [
                'sh',
                '-c',
                'echo "$0 $GREETING $COLOUR $PASSWORD $NODE $(id -u) $KUBERNETES_SERVICE_HOST"; pwd',
              ],
              args: ['$(GREETING)-$$(GREETING)-$(NOBODY)'],
              workingDir: '/tmp',
              env: [
                { name: 'WHO', value: 'you' },
                { name: 'GREETING', value: 'hello $(WHO)' },
                {
                  name: 'COLOUR',
                  valueFrom: { configMapKeyRef: { name: 'settings', key: 'colour.txt' } },
                },
                {
                  name: 'PASSWORD',
                  valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } },
                },
                { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
              ],
              securityContext: { runAsUser: 1234 },
            },
          ],
        },
        {},
      ),
    ]);
    await phase('env', 'Succeeded');
    expect(await logs('env')).toBe(
      'hello you-$(GREETING)-$(NOBODY) hello you red hunter2 worker-1 1234 10.96.0.1\n/tmp\n',
    );
  },
  TIMEOUT_MS,
);

test(
  'volumes: shared empty ones, keys as files, chosen items, live updates, tokens',
  async () => {
    await cluster.apply([
      pod(
        'volumes',
        {
          volumes: [
            { name: 'shared', emptyDir: {} },
            { name: 'settings', configMap: { name: 'settings' } },
            {
              name: 'one',
              configMap: { name: 'settings', items: [{ key: 'other', path: 'deep/file' }] },
            },
            { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } },
            {
              name: 'self',
              downwardAPI: {
                items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }],
              },
            },
          ],
          containers: [
            shell('echo from c > /shared/file; exec sleep 3600', {
              volumeMounts: [
                { name: 'shared', mountPath: '/shared' },
                { name: 'settings', mountPath: '/etc/settings' },
                { name: 'settings', mountPath: '/etc/colour', subPath: 'colour.txt' },
                { name: 'one', mountPath: '/one' },
                { name: 'keys', mountPath: '/keys' },
                { name: 'self', mountPath: '/self' },
              ],
            }),
            {
              name: 'other',
              image: 'busybox:1.36',
              command: ['sleep', '3600'],
              volumeMounts: [{ name: 'shared', mountPath: '/data', readOnly: true }],
            },
          ],
        },
        { labels: { app: 'volumes' } },
      ),
    ]);
    await ready('volumes');
    const read = async (script: string, container = 'c'): Promise<string> =>
      (await exec('volumes', container, script)).stdout;
    expect(await read('cat /data/file', 'other')).toBe('from c\n');
    expect((await exec('volumes', 'other', 'touch /data/x')).exitCode).not.toBe(0);
    expect(
      await read('cat /etc/settings/colour.txt /etc/colour /one/deep/file /keys/password'),
    ).toBe('redredxhunter2');
    expect(await read('stat -L -c %a /keys/password; cat /self/labels')).toBe('400\napp="volumes"');
    expect(await read('cat /var/run/secrets/kubernetes.io/serviceaccount/namespace')).toBe('lab');
    await cluster.run(
      `kubectl -n lab patch configmap settings -p '{"data":{"colour.txt":"blue"}}'`,
    );
    await eventually(async () => {
      expect(await read('cat /etc/settings/colour.txt')).toBe('blue');
    });
    // As in Kubernetes: a subPath never changes.
    expect(await read('cat /etc/colour')).toBe('red');
    await cluster.run('kubectl -n lab label pod volumes extra=yes');
    await eventually(async () => {
      expect(await read('cat /self/labels')).toContain('extra="yes"');
    });
  },
  TIMEOUT_MS,
);

test(
  'init containers run one after the other, sidecars beside the rest',
  async () => {
    await cluster.apply([
      pod('order', {
        restartPolicy: 'Never',
        volumes: [{ name: 'v', emptyDir: {} }],
        initContainers: [
          {
            ...shell('echo first >> /v/log'),
            name: 'first',
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
          },
          {
            ...shell('echo sidecar >> /v/log; exec sleep 3600'),
            name: 'sidecar',
            restartPolicy: 'Always',
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
          },
          {
            ...shell('sleep 0.3; echo second >> /v/log'),
            name: 'second',
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
          },
        ],
        containers: [
          shell('cat /v/log; exit 3', { volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
        ],
      }),
    ]);
    await phase('order', 'Failed');
    expect(await logs('order')).toBe('first\nsidecar\nsecond\n');
    const status = await statusOf('order');
    expect(valueAt(status, ['containerStatuses', 0, 'state', 'terminated', 'exitCode'])).toBe(3);
    expect(valueAt(status, ['initContainerStatuses', 1, 'state', 'terminated'])).toBeDefined();
  },
  TIMEOUT_MS,
);

test(
  'a container that crashes is started again, then waits, and its last log can be read',
  async () => {
    await cluster.apply([pod('crash', { containers: [shell('echo run; exit 5')] })]);
    await eventually(async () => {
      const status = await statusOf('crash');
      expect(valueAt(status, ['containerStatuses', 0, 'state', 'waiting', 'reason'])).toBe(
        'CrashLoopBackOff',
      );
      expect(valueAt(status, ['containerStatuses', 0, 'lastState', 'terminated', 'exitCode'])).toBe(
        5,
      );
      expect(valueAt(status, ['containerStatuses', 0, 'restartCount'])).toBe(1);
    });
    const previous = await learner(['-n', 'lab', 'logs', 'crash', '--previous']);
    expect(previous.stdout).toBe('run\n');
    const events = await learner([
      '-n',
      'lab',
      'get',
      'events',
      '-o',
      'jsonpath={.items[*].reason}',
    ]);
    for (const reason of ['Scheduled', 'Pulled', 'Created', 'Started', 'BackOff']) {
      expect(events.stdout).toContain(reason);
    }
  },
  TIMEOUT_MS,
);

test(
  'what cannot start says why: image, program, settings, volumes',
  async () => {
    await cluster.apply([
      pod('no-image', { containers: [{ name: 'c', image: 'ngnix:1.27' }] }),
      pod('no-program', {
        restartPolicy: 'Never',
        containers: [{ name: 'c', image: 'busybox', command: ['/nope'] }],
      }),
      pod('no-settings', {
        containers: [shell('true', { envFrom: [{ configMapRef: { name: 'missing' } }] })],
      }),
      pod('no-volume', {
        volumes: [{ name: 'v', configMap: { name: 'missing' } }],
        containers: [shell('true', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
      }),
      pod('nfs', {
        volumes: [{ name: 'v', nfs: { server: 'x', path: '/' } }],
        containers: [shell('true', { volumeMounts: [{ name: 'v', mountPath: '/v' }] })],
      }),
    ]);
    const waiting = async (name: string): Promise<unknown> =>
      valueAt(await statusOf(name), ['containerStatuses', 0, 'state', 'waiting', 'reason']);
    await eventually(async () => {
      expect(await waiting('no-image')).toBe('ImagePullBackOff');
      expect(await waiting('no-settings')).toBe('CreateContainerConfigError');
      expect(await waiting('no-volume')).toBe('ContainerCreating');
      const status = await statusOf('no-program');
      expect(valueAt(status, ['containerStatuses', 0, 'state', 'terminated', 'message'])).toContain(
        'exec: "/nope": stat /nope: no such file or directory',
      );
    });
    const events = async (name: string): Promise<string> => {
      const path = 'jsonpath={.items[*].message}';
      const selector = `involvedObject.name=${name}`;
      return (
        await learner(['-n', 'lab', 'get', 'events', '--field-selector', selector, '-o', path])
      ).stdout;
    };
    expect(await events('no-image')).toContain('Did you mean nginx');
    expect(await events('no-settings')).toContain('configmap "missing" not found');
    expect(await events('no-volume')).toContain('configmap "missing" not found');
    expect(await events('nfs')).toContain('volumes of type nfs are not available');
    // Once what was missing is there, they go on.
    await learner(['-n', 'lab', 'create', 'configmap', 'missing', '--from-literal=a=b']);
    await eventually(async () => {
      expect(await waiting('no-volume')).not.toBe('ContainerCreating');
    });
  },
  TIMEOUT_MS,
);

test(
  'probes decide on readiness and restarts',
  async () => {
    await cluster.apply([
      pod('probed', {
        containers: [
          {
            name: 'c',
            image: 'nginx:1.27',
            readinessProbe: { httpGet: { path: '/', port: 80 }, periodSeconds: 1 },
            livenessProbe: {
              exec: { command: ['sh', '-c', 'test ! -e /tmp/sick'] },
              periodSeconds: 1,
              failureThreshold: 1,
            },
            startupProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 },
          },
          {
            name: 'never',
            image: 'busybox',
            command: ['sleep', '3600'],
            readinessProbe: { tcpSocket: { port: 9 }, periodSeconds: 1 },
          },
        ],
      }),
    ]);
    await eventually(async () => {
      const status = await statusOf('probed');
      expect(valueAt(status, ['containerStatuses', 0, 'ready'])).toBe(true);
      expect(valueAt(status, ['containerStatuses', 1, 'ready'])).toBe(false);
      expect(condition(status, 'Ready')).toBe('False');
    });
    await exec('probed', 'c', 'touch /tmp/sick');
    await eventually(async () => {
      const status = await statusOf('probed');
      expect(valueAt(status, ['containerStatuses', 0, 'restartCount'])).toBe(1);
      expect(valueAt(status, ['containerStatuses', 0, 'ready'])).toBe(true);
    }, 20_000);
  },
  TIMEOUT_MS,
);

test(
  'a pod ends in its grace: hook first, then the signal, then the end',
  async () => {
    await cluster.apply([
      pod('graceful', {
        terminationGracePeriodSeconds: 10,
        volumes: [{ name: 'v', emptyDir: {} }],
        containers: [
          shell('trap "echo term; exit 0" TERM; echo up; while :; do sleep 0.1; done', {
            lifecycle: { preStop: { exec: { command: ['sh', '-c', 'echo hook > /proc/1/fd/1'] } } },
          }),
        ],
      }),
      pod('stubborn', { containers: [shell('trap "" TERM; while :; do sleep 0.1; done')] }),
    ]);
    await ready('graceful');
    await ready('stubborn');
    const following = learner(['-n', 'lab', 'logs', '-f', 'graceful']);
    await new Promise((resolve) => setTimeout(resolve, 300));
    const startedAt = performance.now();
    await learner(['-n', 'lab', 'delete', 'pod', 'graceful']);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect((await following).stdout).toBe('up\nhook\nterm\n');
    const before = performance.now();
    await learner(['-n', 'lab', 'delete', 'pod', 'stubborn']);
    expect(performance.now() - before).toBeGreaterThan(900);
  },
  TIMEOUT_MS,
);

test(
  'logs: the last lines, times, and nothing of a container that has not started',
  async () => {
    await cluster.apply([
      pod('talk', {
        containers: [shell('for i in 1 2 3 4 5; do echo line $i; done; exec sleep 3600')],
      }),
    ]);
    await ready('talk');
    await eventually(async () => {
      expect((await learner(['-n', 'lab', 'logs', 'talk', '--tail=2'])).stdout).toBe(
        'line 4\nline 5\n',
      );
    });
    const timed = await learner(['-n', 'lab', 'logs', 'talk', '--timestamps', '--tail=1']);
    expect(timed.stdout).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z line 5\n$/);
    const none = await learner(['-n', 'lab', 'logs', 'no-image']);
    expect(none.stderr).toContain('is waiting to start');
  },
  TIMEOUT_MS,
);

test(
  'a pod is fenced in: no powers, no new namespaces, nothing of the machine to write',
  async () => {
    await cluster.apply([
      pod('fenced', {
        containers: [{ name: 'c', image: 'debian:12', command: ['sleep', '3600'] }],
      }),
    ]);
    await ready('fenced');
    const run = async (script: string): Promise<string> =>
      (await exec('fenced', 'c', script)).stdout.trim();
    expect(await run('grep CapEff /proc/self/status')).toContain('0000000000000000');
    expect(await run('unshare -Ur id || echo refused')).toBe('refused');
    expect(await run('touch /usr/x /etc/x /x 2>/dev/null || echo refused')).toBe('refused');
    expect(await run('ls /proc | grep -c "^[0-9]*$"')).toMatch(/^[1-9]$/);
    expect(await run('dd if=/dev/zero of=/tmp/big bs=1M count=64 2>/dev/null || echo full')).toBe(
      'full',
    );
    expect(await run('ls /root /home; id -u')).toBe('/home:\n\n/root:\n0');
  },
  TIMEOUT_MS,
);

test(
  'port-forward, attach and ephemeral containers',
  async () => {
    await cluster.apply([pod('served', { containers: [{ name: 'c', image: 'nginx:1.27' }] })]);
    await ready('served');
    const forwarded = await cluster.run(
      'kubectl -n lab port-forward pod/served 8080:80 >/dev/null & sleep 0.7; curl -s -o /dev/null -w "%{http_code}" http://127.0.0.1:8080/; kill %1',
    );
    expect(forwarded.stdout).toContain('200');
    const ran = await cluster.run(
      'echo hello | kubectl -n lab run -i --rm --restart=Never --image=busybox echoer -- sh -c "sleep 0.5; cat"',
    );
    expect(ran.stdout).toContain('hello');
    await cluster.run('kubectl -n lab debug served --image=busybox -- sleep 30');
    await eventually(async () => {
      const status = await statusOf('served');
      expect(valueAt(status, ['ephemeralContainerStatuses', 0, 'state', 'running'])).toBeDefined();
    });
  },
  TIMEOUT_MS,
);

test(
  'a subPath is a folder of its volume, and no link leads it out; a hostPath belongs to its node',
  async () => {
    const volumes = [
      { name: 'v', emptyDir: {} },
      { name: 'disk', hostPath: { path: '/data' } },
      { name: 'root', hostPath: { path: '/' } },
    ];
    const first = shell(
      'mkdir /v/real; echo kept >/v/real/file; ln -s /etc /v/link; ln -sfn /etc /d/e',
      {
        name: 'first',
        volumeMounts: [
          { name: 'v', mountPath: '/v' },
          { name: 'disk', mountPath: '/d' },
        ],
      },
    );
    const mounts = (subPath: string): JsonObject => ({
      volumeMounts: [
        { name: 'v', mountPath: '/part', subPath },
        { name: 'root', mountPath: '/host' },
      ],
    });
    const on = (subPath: string): JsonObject => ({
      nodeName: 'worker-1',
      volumes,
      initContainers: [first],
      containers: [shell('cat /part/file; ls /host; touch /host/x || sleep 60', mounts(subPath))],
    });
    await cluster.apply([pod('parts', on('real')), pod('astray', on('link/apt'))]);
    await ready('parts');
    expect(await logs('parts')).toMatch(/^kept\nbin\n[^]*\netc\n/);
    await eventually(async () => {
      expect(
        valueAt(await statusOf('astray'), ['containerStatuses', 0, 'state', 'waiting']),
      ).toEqual({
        reason: 'CreateContainerConfigError',
        message: 'failed to prepare subPath for volumeMount "v" of container "c"',
      });
    });
    const again = pod('again', {
      nodeName: 'worker-1',
      volumes: [{ name: 'disk', hostPath: { path: '/data', type: 'Directory' } }],
      containers: [shell('ls /d; sleep 60', { volumeMounts: [{ name: 'disk', mountPath: '/d' }] })],
    });
    await cluster.apply([again]);
    await ready('again');
    expect(await logs('again')).toBe('e\n');
  },
  TIMEOUT_MS,
);

const learner = (args: readonly string[]): ReturnType<typeof kubectl> =>
  kubectl(cluster, 'learner', args);

async function exec(name: string, container: string, script: string): ReturnType<typeof kubectl> {
  return learner(['-n', 'lab', 'exec', name, '-c', container, '--', 'sh', '-c', script]);
}

async function logs(name: string): Promise<string> {
  return (await learner(['-n', 'lab', 'logs', name, '-c', 'c'])).stdout;
}

async function statusOf(name: string): Promise<JsonObject> {
  const { stdout } = await learner(['-n', 'lab', 'get', 'pod', name, '-o', 'jsonpath={.status}']);
  const status: unknown = JSON.parse(stdout === '' ? '{}' : stdout);
  return isJsonObject(status) ? status : {};
}

function condition(status: JsonObject, type: string): unknown {
  const conditions = status['conditions'];
  if (!Array.isArray(conditions)) return undefined;
  return conditions.filter(isJsonObject).find((one) => one['type'] === type)?.['status'];
}

async function phase(name: string, wanted: string): Promise<void> {
  await eventually(async () => {
    expect((await statusOf(name))['phase']).toBe(wanted);
  });
}

async function ready(name: string): Promise<void> {
  await eventually(async () => {
    expect(condition(await statusOf(name), 'Ready')).toBe('True');
  });
}
