import type { JsonObject } from '../../../common/json.js';
import type { KubeObject, NewObject } from '../api/cluster-api.js';
import { CustomResources } from '../api/crd/custom-resources.js';
import { schemaCatalogue } from '../api/schema/index.js';
import type { DaemonSet, Node, Pod } from '../controllers/objects.js';
import {
  deployment,
  setNodeReady,
  startTestCluster,
} from '../controllers/test-support/test-cluster.js';
import type { TestCluster } from '../controllers/test-support/test-cluster.js';
import { CNIS } from '../../provider.js';
import type { Cni } from '../../provider.js';
import { createPluginController, pluginManifest, pluginManifestText } from './index.js';
import type { NodeNetwork, PluginController } from './index.js';

interface PluginCluster extends TestCluster {
  plugins: PluginController;
  told: [string, NodeNetwork][];
  install(cni: Cni): Promise<void>;
}

/** Nodes are NotReady until a plugin runs, as with `cni: none`. */
async function startBareCluster(): Promise<PluginCluster> {
  const cluster = startTestCluster();
  const { api } = cluster;
  new CustomResources(api, schemaCatalogue);
  for (const { metadata } of api.list('nodes')) setNodeReady(api, metadata.name, 'False');
  const told: [string, NodeNetwork][] = [];
  const plugins = createPluginController({
    api,
    onPlugin: (node, network) => told.push([node, network]),
  });
  await cluster.settled();
  return {
    ...cluster,
    told,
    plugins,
    async install(cni) {
      apply(cluster, pluginManifest(cni));
      await cluster.settled();
      await new Promise((resolve) => setTimeout(resolve, 20));
      await cluster.settled();
    },
    [Symbol.dispose]() {
      plugins[Symbol.dispose]();
      cluster[Symbol.dispose]();
    },
  };
}

function apply({ api }: TestCluster, objects: readonly JsonObject[]): void {
  for (const object of objects) {
    const { apiVersion, kind, metadata } = object as unknown as NewObject;
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    const { resource } = api.registry.findKind(group!, version!, kind)!;
    if (api.get(resource.name, metadata.name!, metadata.namespace) !== undefined) continue;
    api.create(resource.name, object as unknown as NewObject);
  }
}

const conditions = ({ api }: TestCluster, node = 'worker1'): string[] =>
  (api.get<Node>('nodes', node)?.status?.conditions ?? []).map(
    ({ type, status, reason }) => `${type}=${status} ${reason ?? ''}`,
  );
const remove = (cluster: TestCluster, key: { name: string; namespace: string }): Promise<void> => {
  cluster.api.delete('daemonsets.apps', { ...key, propagation: 'Background' });
  return cluster.settled();
};
const calico = ({ api }: TestCluster, plural: string): readonly KubeObject[] =>
  api.list(`${plural}.crd.projectcalico.org`);

test("on a bare cluster nodes are NotReady in the runtime's words and pods wait", async () => {
  using cluster = await startBareCluster();
  expect(cluster.api.get<Node>('nodes', 'worker1')?.status?.conditions).toMatchObject([
    {
      type: 'Ready',
      status: 'False',
      reason: 'KubeletNotReady',
      message:
        'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
    },
  ]);
  cluster.apply(deployment('web'));
  await cluster.settled();
  expect(cluster.api.list<Pod>('pods', 'demo').map(({ spec }) => spec?.nodeName)).toEqual([
    undefined,
    undefined,
  ]);
  const readiness = cluster.plugins.networkReady('worker1');
  expect(readiness.ready).toBe(false);
  expect(!readiness.ready && readiness.message('')).toBe(
    'network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized',
  );
});

test.each([
  [
    'calico',
    true,
    ['networking.k8s.io', 'crd.projectcalico.org', 'policy.networking.k8s.io'],
    'NetworkUnavailable=False CalicoIsUp',
  ],
  [
    'canal',
    true,
    ['networking.k8s.io', 'crd.projectcalico.org', 'policy.networking.k8s.io'],
    'NetworkUnavailable=False FlannelIsUp',
  ],
  ['flannel', false, [], 'NetworkUnavailable=False FlannelIsUp'],
  ['kube-router', true, ['networking.k8s.io'], undefined],
  ['weave', true, ['networking.k8s.io'], 'NetworkUnavailable=False WeaveIsUp'],
  ['cilium', true, ['networking.k8s.io', 'cilium.io'], 'NetworkUnavailable=False CiliumIsUp'],
] as const)('%s takes charge of every node once its pods run there', async (...row) => {
  const [cni, enforcesPolicy, policyGroups, condition] = row;
  using cluster = await startBareCluster();
  cluster.apply(deployment('web'));
  await cluster.install(cni);
  expect(cluster.errors).toEqual([]);
  for (const node of ['control', 'worker1', 'worker2']) {
    expect(cluster.plugins.networkOf(node)).toMatchObject({
      state: 'running',
      enforcement: enforcesPolicy ? 'live' : 'none',
      plugin: { name: cni, enforcesPolicy, policyGroups },
    });
    expect(cluster.plugins.networkReady(node)).toEqual({ ready: true });
    expect(conditions(cluster, node)).toEqual([
      ...(condition ? [condition] : []),
      'Ready=True KubeletReady',
    ]);
  }
  expect(
    cluster.told
      .filter(([, { state }]) => state === 'running')
      .map(([node]) => node)
      .sort(),
  ).toEqual(['control', 'worker1', 'worker2']);
  expect(cluster.events('worker1')).toContain('NodeReady: Node worker1 status is now: NodeReady');
  expect(cluster.api.list<Pod>('pods', 'demo').map(({ status }) => status?.phase)).toEqual([
    'Running',
    'Running',
  ]);
});

test('Calico brings its pool, its settings, its nodes and an endpoint per pod', async () => {
  using cluster = await startBareCluster();
  cluster.apply(deployment('web', { replicas: 1 }));
  await cluster.install('calico');
  expect(calico(cluster, 'ippools')).toMatchObject([
    {
      metadata: { name: 'default-ipv4-ippool' },
      spec: {
        cidr: '10.244.0.0/16',
        ipipMode: 'Never',
        vxlanMode: 'Never',
        natOutgoing: true,
        blockSize: 26,
      },
    },
  ]);
  expect(calico(cluster, 'felixconfigurations')).toMatchObject([{ metadata: { name: 'default' } }]);
  expect(calico(cluster, 'clusterinformations')).toMatchObject([
    { spec: { datastoreReady: true } },
  ]);
  expect(calico(cluster, 'caliconodes').map(({ metadata }) => metadata.name)).toEqual([
    'control',
    'worker1',
    'worker2',
  ]);
  const [pod] = cluster.api.list<Pod>('pods', 'demo');
  const name = pod!.metadata.name.replaceAll('-', '--');
  const endpoint = (): KubeObject | undefined =>
    cluster.api.get(
      'workloadendpoints.crd.projectcalico.org',
      `${pod!.spec!.nodeName}-k8s-${name}-eth0`,
      'demo',
    );
  expect(endpoint()).toMatchObject({
    metadata: {
      labels: {
        app: 'web',
        'projectcalico.org/namespace': 'demo',
        'projectcalico.org/orchestrator': 'k8s',
        'projectcalico.org/serviceaccount': 'default',
      },
    },
    spec: {
      pod: pod!.metadata.name,
      node: pod!.spec!.nodeName,
      ipNetworks: [`${pod!.status!.podIP!}/32`],
      interfaceName: expect.stringMatching(/^cali[0-9a-f]{11}$/),
      profiles: ['kns.demo', 'ksa.demo.default'],
    },
  });
  cluster.api.delete('deployments.apps', {
    name: 'web',
    namespace: 'demo',
    propagation: 'Background',
  });
  await cluster.settled();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(endpoint()).toBeUndefined();
  // Pods on the node's own network have none.
  expect(calico(cluster, 'workloadendpoints').map(({ metadata }) => metadata.namespace)).toEqual([
    'kube-system',
  ]);
});

test('what people change in the pool stays', async () => {
  using cluster = await startBareCluster();
  await cluster.install('calico');
  cluster.api.update('ippools.crd.projectcalico.org', { name: 'default-ipv4-ippool' }, (draft) => {
    draft['spec'] = { ...(draft['spec'] as object), natOutgoing: false };
  });
  setNodeReady(cluster.api, 'worker1', 'False');
  await cluster.settled();
  expect(calico(cluster, 'ippools')[0]).toMatchObject({ spec: { natOutgoing: false } });
});

test('a removed plugin leaves running pods alone, sets up no more, and freezes policies', async () => {
  using cluster = await startBareCluster();
  await cluster.install('calico');
  await remove(cluster, { name: 'calico-node', namespace: 'kube-system' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(cluster.plugins.networkOf('worker1')).toMatchObject({
    state: 'removed',
    enforcement: 'frozen',
    plugin: { name: 'calico' },
  });
  expect(conditions(cluster)).toContain('Ready=True KubeletReady');
  const readiness = cluster.plugins.networkReady('worker1');
  expect(readiness).toMatchObject({ ready: false, reason: 'FailedCreatePodSandBox' });
  expect(!readiness.ready && readiness.message('c0ffee')).toBe(
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "c0ffee": plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized',
  );
  await cluster.install('calico');
  expect(cluster.plugins.networkOf('worker1')).toMatchObject({
    state: 'running',
    enforcement: 'live',
  });
});

test('a host that starts again knows the plugin that was removed before', async () => {
  using cluster = await startBareCluster();
  await cluster.install('flannel');
  await remove(cluster, { name: 'kube-flannel-ds', namespace: 'kube-flannel' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  using again = createPluginController({ api: cluster.api });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(again.networkOf('worker1')).toMatchObject({
    state: 'removed',
    plugin: { name: 'flannel' },
  });
});

test('moving from Flannel to Canal turns enforcement on', async () => {
  using cluster = await startBareCluster();
  await cluster.install('flannel');
  expect(cluster.plugins.networkOf('worker1').enforcement).toBe('none');
  await cluster.install('canal');
  expect(cluster.plugins.networkOf('worker1')).toMatchObject({
    enforcement: 'live',
    plugin: { name: 'canal' },
  });
  await remove(cluster, { name: 'kube-flannel-ds', namespace: 'kube-flannel' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(cluster.plugins.networkOf('worker1')).toMatchObject({
    state: 'running',
    enforcement: 'live',
    plugin: { name: 'canal' },
  });
});

test('a plugin is in charge only where its pod runs', async () => {
  using cluster = await startBareCluster();
  cluster.api.update('nodes', { name: 'worker2' }, (draft) => {
    draft.metadata.labels = { ...draft.metadata.labels, 'kubernetes.io/os': 'plan9' };
  });
  await cluster.install('calico');
  expect(cluster.plugins.networkOf('worker1').state).toBe('running');
  expect(cluster.plugins.networkOf('worker2').state).toBe('none');
  expect(conditions(cluster, 'worker2')).toEqual(['Ready=False KubeletNotReady']);
});

test('a plugin leaves the nodes that its DaemonSet no longer wants, and comes back to those it wants again', async () => {
  using cluster = await startBareCluster();
  await cluster.install('calico');
  const key = { name: 'calico-node', namespace: 'kube-system' };
  const wantOnly = async (nodeSelector: Record<string, string>) => {
    cluster.api.update<DaemonSet>('daemonsets.apps', key, (draft) => {
      draft.spec!.template.spec!.nodeSelector = nodeSelector;
    });
    await cluster.settled();
    await new Promise((resolve) => setTimeout(resolve, 20));
    await cluster.settled();
  };
  await wantOnly({ 'kubernetes.io/hostname': 'worker2' });
  expect(cluster.plugins.networkOf('worker1')).toMatchObject({
    state: 'removed',
    enforcement: 'frozen',
  });
  expect(cluster.plugins.networkOf('worker2').enforcement).toBe('live');
  await wantOnly({});
  expect(cluster.plugins.networkOf('worker1').enforcement).toBe('live');
});

test('settings decide the routing', async () => {
  using cluster = await startBareCluster();
  const objects = structuredClone(pluginManifest('calico')) as JsonObject[];
  const daemonSet = objects.find(({ kind }) => kind === 'DaemonSet') as unknown as DaemonSet;
  const env = daemonSet.spec!.template.spec!.containers[0]!.env!;
  env.find(({ name }) => name === 'CALICO_IPV4POOL_IPIP')!.value = 'Always';
  apply(cluster, objects);
  await cluster.settled();
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(cluster.plugins.networkOf('worker1').plugin?.routing).toBe('ipip');
  expect(calico(cluster, 'ippools')[0]).toMatchObject({ spec: { ipipMode: 'Always' } });
});

test.each(CNIS)('the manifest of %s is text and objects alike', (cni) => {
  expect(pluginManifest(cni)).toHaveLength(
    cni === 'none' ? 0 : pluginManifestText(cni).split(/^---$/m).length,
  );
});

test('a cluster is networked within a tenth of a second', async () => {
  using cluster = await startBareCluster();
  pluginManifest('calico');
  const started = performance.now();
  apply(cluster, pluginManifest('calico'));
  await cluster.until(() =>
    ['control', 'worker1', 'worker2'].every(
      (node) => cluster.plugins.networkOf(node).state === 'running',
    ),
  );
  // Generous for a busy machine.
  expect(performance.now() - started).toBeLessThan(500);
});
