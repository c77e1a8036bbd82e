import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { JsonObject } from '../common/json.js';
import type { Endpoint, ProbeCause, ProbeRequest } from '../common/probe.js';
import type { Phase } from '../common/progress.js';
import { runCommand, type CommandResult } from '../system/run-command.js';
import type { Cluster, ClusterProvider, ClusterSpec } from './provider.js';

/** A provider for one run of the contract, over a place of its own. */
export interface ProviderUnderTest extends AsyncDisposable {
  provider: ClusterProvider;
  /** A second one over the same place, as another process would have it. */
  another(): ClusterProvider;
  /** What clusters, but for those named, have on the machine: processes, folders, containers. */
  leftovers(except?: readonly string[]): Promise<string[]>;
}

const namespace = (name: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

const web = (replicas: number, where = 'shop'): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: where },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        terminationGracePeriodSeconds: 1,
        containers: [{ name: 'nginx', image: 'nginx:1.27', ports: [{ containerPort: 80 }] }],
      },
    },
  },
});

const client = (name: string, where = 'shop'): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: where, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'c', image: 'busybox:1.36', command: ['sleep', '3600'] }],
  },
});

const service = (where = 'shop'): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: where },
  spec: { selector: { app: 'web' }, ports: [{ port: 8080, targetPort: 80 }] },
});

/** A server behind a Service, and a client. Two clusters that live side by side use two names. */
const shop = (where = 'shop'): JsonObject[] => [
  namespace(where),
  web(1, where),
  service(where),
  client('client', where),
];

const denyAll: JsonObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny-all', namespace: 'shop' },
  spec: { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] },
};

export function spec(name: string, more: Partial<ClusterSpec> = {}): ClusterSpec {
  return {
    name,
    nodes: 2,
    cni: 'calico',
    manifests: shop(),
    files: [{ path: 'notes/readme.txt', text: 'hello\n' }],
    nodeShell: true,
    labels: { lab: 'contract' },
    ...more,
  };
}

/** Some providers take minutes. */
const TIMEOUT_MS = 600_000;

/** What a provider may lack for a reason. */
export type Ability = 'a cluster without a plugin' | 'node shells' | 'namespaces of the learner’s';

/** What every provider must do; what it lacks is skipped by name, with the reason. */
export function describeProvider(
  name: string,
  start: () => Promise<ProviderUnderTest>,
  { lacks = {} }: { lacks?: Partial<Record<Ability, string>> } = {},
): void {
  const check = (title: string, work: () => Promise<void>, ability?: Ability): void => {
    const reason = ability === undefined ? undefined : lacks[ability];
    if (reason === undefined) test(title, work, TIMEOUT_MS);
    else test.skip(`${title}: ${reason}`, work);
  };

  const nodeShell = lacks['node shells'] === undefined;
  const wanted = (own: string, more: Partial<ClusterSpec> = {}): ClusterSpec =>
    spec(own, { nodeShell, ...more });

  describe(`the provider ${name}`, () => {
    let under: ProviderUnderTest;
    let cluster: Cluster;
    let made: Cluster | undefined;
    const phases: Phase[] = [];

    beforeAll(async () => {
      under = await start();
      made = await under.provider.create(wanted('shared'), {
        onPhase: (phase) => phases.push(phase),
      });
      cluster = made;
    }, TIMEOUT_MS);
    afterAll(async () => {
      await made?.[Symbol.asyncDispose]();
      const left = await under.leftovers();
      await under[Symbol.asyncDispose]();
      expect(left).toEqual([]);
    }, TIMEOUT_MS);

    check('a new cluster is ready, and told of its phases on the way', async () => {
      expect(cluster.info).toMatchObject({
        name: 'shared',
        provider: name,
        state: 'ready',
        nodes: 2,
        labels: { lab: 'contract' },
      });
      const fractions = phases.map(({ fraction }) => fraction);
      expect(fractions.length).toBeGreaterThan(1);
      expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
      expect((await under.provider.list()).map((info) => info.name)).toEqual(['shared']);
      expect((await under.another().list()).map((info) => info.name)).toEqual(['shared']);
    });

    check('a name can be taken only once', async () => {
      await expect(under.provider.create(wanted('shared'))).rejects.toMatchObject({
        code: 'CLUSTER_EXISTS',
      });
    });

    check('a cluster that is not there is refused by naming those that are', async () => {
      await expect(under.provider.open('nowhere')).rejects.toMatchObject({
        code: 'CLUSTER_NOT_FOUND',
        message: expect.stringContaining('shared'),
      });
    });

    check('kubectl of this machine works with both kubeconfigs', async () => {
      for (const role of ['learner', 'platform'] as const) {
        const nodes = await kubectl(cluster, role, ['get', 'nodes', '-o', 'name']);
        expect(nodes.stdout.trim().split('\n')).toHaveLength(2);
      }
      const pods = await kubectl(cluster, 'learner', ['-n', 'shop', 'get', 'pods', '-o', 'json']);
      const { items } = JSON.parse(pods.stdout) as { items: { status: { phase: string } }[] };
      expect(items.map(({ status }) => status.phase)).toEqual(['Running', 'Running']);
      const logs = await kubectl(cluster, 'learner', [
        ...['-n', 'shop', 'exec', 'client', '--'],
        ...['sh', '-c', 'echo out; echo err >&2; exit 7'],
      ]);
      expect(logs).toMatchObject({ stdout: 'out\n', exitCode: 7 });
    });

    check('the workstation is an ordinary user’s, with kubectl and the lab’s files', async () => {
      const shell = await cluster.shell({ type: 'workstation' });
      const result = await runCommand(shell.file, shell.args, {
        env: shell.env,
        input: 'whoami; cat notes/readme.txt; kubectl get namespace shop -o name; exit 3\n',
      });
      expect(result.stdout).toBe('learner\nhello\nnamespace/shop\n');
      expect(result.exitCode).toBe(3);
    });

    check('a shell in a pod is in the pod', async () => {
      const pod = await cluster.shell({ type: 'pod', namespace: 'shop', name: 'client' });
      const inside = await runCommand(pod.file, pod.args, { input: 'hostname\n', env: pod.env });
      expect(inside.stdout).toBe('client\n');
    });

    const onNode = async (): Promise<void> => {
      const [node] = (await kubectl(cluster, 'learner', ['get', 'nodes', '-o', 'name'])).stdout
        .trim()
        .split('\n');
      const target = { type: 'node', name: node!.replace('node/', '') } as const;
      const shell = await cluster.shell(target);
      const root = await runCommand(shell.file, shell.args, {
        input: 'id -u; ip route | grep -c default\n',
        env: shell.env,
      });
      expect(root.stdout).toBe('0\n1\n');
    };
    check('a shell on a node is root’s, in the node’s network', onNode, 'node shells');

    check('scripts run on the workstation with their exit code and both outputs', async () => {
      const result = await cluster.run('cd notes && cat readme.txt && echo oops >&2 && exit 4');
      expect(result).toEqual({ exitCode: 4, stdout: 'hello\n', stderr: 'oops\n' });
      const slow = await cluster.run('echo begun; sleep 60', { timeoutMs: 300 });
      expect(slow).toMatchObject({ exitCode: 124, stdout: 'begun\n' });
    });

    check('probes tell open, refused, unreachable and missing ends apart', async () => {
      const from = await podEndpoint(cluster, 'client');
      const to = await podEndpoint(cluster, 'web');
      const rows: [Endpoint, Endpoint, number, ProbeCause][] = [
        [from, to, 80, 'open'],
        [from, to, 81, 'refused'],
        [from, { type: 'service', namespace: 'shop', name: 'web' }, 8080, 'open'],
        [to, to, 80, 'open'],
        [from, { type: 'pod', namespace: 'shop', name: 'nobody' }, 80, 'no-target'],
        [{ type: 'pod', namespace: 'shop', name: 'nobody' }, to, 80, 'no-source'],
      ];
      expect(await causes(cluster, rows)).toEqual(rows.map((row) => row[3]));
    });

    check('a policy is enforced once it is applied, and no longer once it is gone', async () => {
      const from = await podEndpoint(cluster, 'client');
      const to = await podEndpoint(cluster, 'web');
      const rows: [Endpoint, Endpoint, number, ProbeCause][] = [
        [from, to, 80, 'filtered'],
        // The server lives all the same.
        [to, to, 80, 'open'],
      ];
      await cluster.apply([denyAll]);
      await eventually(async () => {
        expect(await causes(cluster, rows)).toEqual(rows.map((row) => row[3]));
      });
      await kubectl(cluster, 'learner', ['-n', 'shop', 'delete', 'networkpolicy', 'deny-all']);
      await eventually(async () => {
        expect(await causes(cluster, [[from, to, 80, 'open']])).toEqual(['open']);
      });
    });

    check('a snapshot holds every object, but not what Secrets hide', async () => {
      await cluster.apply([
        {
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: 'password', namespace: 'shop' },
          stringData: { password: 'hunter2' },
        },
      ]);
      const { objects } = await cluster.snapshot();
      const find = (kind: string, own: string): JsonObject | undefined =>
        objects.find(
          (object) => object['kind'] === kind && (object['metadata'] as JsonObject)['name'] === own,
        );
      expect(find('Deployment', 'web')).toBeDefined();
      expect(find('Secret', 'password')).toBeDefined();
      const hidden = [Buffer.from('hunter2').toString('base64'), 'hunter2'];
      for (const text of hidden) expect(JSON.stringify(objects)).not.toContain(text);
    });

    check('a snapshot shows what was written and deleted since the last one', async () => {
      const note = (text: string): JsonObject => ({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'note', namespace: 'shop' },
        data: { text },
      });
      const texts = async (): Promise<unknown[]> =>
        (await cluster.snapshot()).objects
          .filter((object) => (object['metadata'] as JsonObject)['name'] === 'note')
          .map((object) => object['data']);
      expect(await texts()).toEqual([]);
      await cluster.apply([note('one')]);
      expect(await texts()).toEqual([{ text: 'one' }]);
      await cluster.apply([note('two')]);
      expect(await texts()).toEqual([{ text: 'two' }]);
      await kubectl(cluster, 'learner', ['-n', 'shop', 'delete', 'configmap', 'note']);
      expect(await texts()).toEqual([]);
    });

    check('a refused object says why, in the server’s words', async () => {
      const bad = { ...denyAll, spec: { podSelector: {}, policyTypes: ['Sideways'] } };
      await expect(cluster.apply([bad])).rejects.toMatchObject({
        code: 'BAD_REQUEST',
        message: expect.stringContaining('Sideways'),
      });
    });

    check('a reset brings back objects and home, under the same address and keys', async () => {
      const before = await cluster.kubeconfig('learner');
      await cluster.apply([web(2), denyAll]);
      await cluster.run('rm -r notes; touch mine; kubectl -n shop delete pod client --force');
      await cluster.reset();
      expect(await cluster.kubeconfig('learner')).toBe(before);
      const home = await cluster.run(
        'ls; cat notes/readme.txt; kubectl get namespace shop -o name',
      );
      expect(home.stdout).toBe('notes\nhello\nnamespace/shop\n');
      const pods = await kubectl(cluster, 'learner', ['-n', 'shop', 'get', 'pods', '-o', 'name']);
      expect(pods.stdout.trim().split('\n')).toHaveLength(2);
      const from = await podEndpoint(cluster, 'client');
      const to = await podEndpoint(cluster, 'web');
      await eventually(async () => {
        expect(await causes(cluster, [[from, to, 80, 'open']])).toEqual(['open']);
      });
    });

    const ofTheLearner = async (): Promise<void> => {
      await kubectl(cluster, 'learner', ['create', 'namespace', 'extra']);
      await kubectl(cluster, 'learner', ['delete', 'namespace', 'shop', '--wait=false']);
      await cluster.reset();
      const namespaces = await kubectl(cluster, 'learner', ['get', 'namespaces', '-o', 'name']);
      expect(namespaces.stdout).toContain('shop');
      expect(namespaces.stdout).not.toContain('extra');
    };
    check(
      'a reset takes back namespaces that were made or deleted',
      ofTheLearner,
      'namespaces of the learner’s',
    );

    check('a creation that was cancelled leaves nothing, whenever it was', async () => {
      for (const afterMs of [0, 10, 40, 80, 160, 320]) {
        const abort = new AbortController();
        setTimeout(() => {
          abort.abort();
        }, afterMs);
        const outcome = await under.provider
          .create(wanted('cancelled', { manifests: shop('market') }), { signal: abort.signal })
          .then(
            async (made) => {
              await made[Symbol.asyncDispose]();
              return 'too late';
            },
            (error: unknown) => (error as { code?: string }).code,
          );
        expect(['CANCELLED', 'too late']).toContain(outcome);
      }
      expect((await under.provider.list()).map((info) => info.name)).toEqual(['shared']);
      expect(await under.leftovers(['shared'])).toEqual([]);
    });

    check('a cluster whose manifests are refused is not made, and leaves nothing', async () => {
      const wrong = { ...web(1, 'market'), spec: { replicas: -1 } };
      await expect(
        under.provider.create(wanted('wrong', { manifests: [namespace('market'), wrong] })),
      ).rejects.toMatchObject({ code: 'CLUSTER_FAILED' });
      expect((await under.provider.list()).map((info) => info.name)).toEqual(['shared']);
      expect(await under.leftovers(['shared'])).toEqual([]);
    });

    const withoutPlugin = async (): Promise<void> => {
      await using bare = await under.provider.create(
        wanted('bare', { cni: 'none', manifests: [namespace('shop')] }),
      );
      const nodes = await kubectl(bare, 'learner', ['get', 'nodes', '--no-headers']);
      expect(nodes.stdout.match(/NotReady/g)).toHaveLength(2);
    };
    check(
      'without a network plugin the nodes are registered and NotReady',
      withoutPlugin,
      'a cluster without a plugin',
    );

    check('a deleted cluster is gone', async () => {
      const made = await under.provider.create(wanted('short', { manifests: shop('market') }));
      const opened = await under.provider.open('short');
      await opened[Symbol.asyncDispose]();
      expect((await under.provider.list()).map((info) => info.name)).toEqual(['shared']);
      await expect(made.kubeconfig('learner')).rejects.toMatchObject({ code: 'CLUSTER_NOT_FOUND' });
    });
  });
}

/** kubectl of this machine, as someone with the cluster's kubeconfig would run it. */
export async function kubectl(
  cluster: Cluster,
  role: 'learner' | 'platform',
  args: readonly string[],
): Promise<CommandResult> {
  const folder = await mkdtemp(path.join(tmpdir(), 'gatehouse-kubectl-'));
  try {
    await writeFile(path.join(folder, 'config'), await cluster.kubeconfig(role), { mode: 0o600 });
    return await runCommand('kubectl', args, {
      env: { KUBECONFIG: path.join(folder, 'config'), HOME: folder },
      timeoutMs: 30_000,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The one pod of the namespace `shop` with this label `app`. */
export async function podEndpoint(cluster: Cluster, app: string): Promise<Endpoint> {
  const { stdout } = await kubectl(cluster, 'platform', [
    ...[
      '-n',
      'shop',
      'get',
      'pods',
      '-l',
      `app=${app}`,
      '-o',
      'jsonpath={.items[0].metadata.name}',
    ],
  ]);
  return { type: 'pod', namespace: 'shop', name: stdout };
}

export async function causes(
  cluster: Cluster,
  rows: readonly [Endpoint, Endpoint, number, ProbeCause][],
): Promise<ProbeCause[]> {
  const requests = rows.map(([from, to, port]): ProbeRequest => ({
    from,
    to,
    port,
    protocol: 'TCP',
  }));
  return (await cluster.probe(requests)).map(({ cause }) => cause);
}

/** Tries again for a while: what follows a write is enforced soon, not at once. */
export async function eventually(check: () => Promise<void>, timeoutMs = 10_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
