import { setTimeout as sleep } from 'node:timers/promises';
import type { ProbeResult } from '../../../common/probe.js';
import { createEmbeddedUnderTest } from '../../../test/support/embedded-provider.js';
import type { Cluster, ClusterProvider } from '../../provider.js';
import { pluginManifestText } from './index.js';

const TIMEOUT_MS = 120_000;
const WORKLOAD = `
kubectl create namespace shop
kubectl -n shop create deployment web --image=nginx --replicas=2
kubectl -n shop run client --image=nginx
`;
const DENY = `kubectl apply -f - <<'END'
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny-all, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress] }
END
`;
const READY = '-n shop wait --for=condition=Ready pods --all --timeout=20s';

const createBare = (provider: ClusterProvider): Promise<Cluster> =>
  provider.create({
    name: 'bare',
    nodes: 3,
    cni: 'none',
    manifests: [],
    files: (['flannel', 'canal', 'calico'] as const).map((name) => ({
      path: `${name}.yaml`,
      text: pluginManifestText(name),
    })),
    nodeShell: false,
    labels: {},
  });

async function run(cluster: Cluster, script: string): Promise<string> {
  const { exitCode, stdout, stderr } = await cluster.run(script, { timeoutMs: 40_000 });
  if (exitCode !== 0) throw new Error(`${script}\n${stdout}${stderr}`);
  return stdout.trim();
}

/** How the client's probe of a web pod ends, asked until it is as wanted, at most three seconds. */
async function reach(cluster: Cluster, wanted: ProbeResult['cause']): Promise<string> {
  const names = await run(cluster, 'kubectl -n shop get pods -l app=web -o name');
  const name = (names.split('\n')[0] ?? '').replace('pod/', '');
  for (let tries = 1; ; tries += 1) {
    const [result] = await cluster.probe([
      {
        from: { type: 'pod', namespace: 'shop', name: 'client' },
        to: { type: 'pod', namespace: 'shop', name },
        port: 80,
        protocol: 'TCP',
        timeoutMs: 1000,
      },
    ]);
    if (result?.cause === wanted || tries === 30) return result?.cause ?? '';
    await sleep(100);
  }
}

test(
  'a bare cluster comes to life with Flannel, which enforces nothing, then with Canal, which does',
  async () => {
    await using under = await createEmbeddedUnderTest();
    await using cluster = await createBare(under.provider);
    expect(await run(cluster, 'kubectl get nodes --no-headers')).toContain('NotReady');
    await run(cluster, WORKLOAD);
    expect(await run(cluster, 'kubectl -n shop get pods --no-headers')).toContain('Pending');

    await run(cluster, 'kubectl apply -f flannel.yaml');
    await run(cluster, 'kubectl wait --for=condition=Ready nodes --all --timeout=20s');
    await run(cluster, `kubectl ${READY}`);
    await run(cluster, DENY);
    await sleep(300);
    expect(await reach(cluster, 'open')).toBe('open');

    await run(cluster, 'kubectl apply -f canal.yaml');
    await run(cluster, 'kubectl -n kube-system rollout status daemonset/canal --timeout=20s');
    expect(await reach(cluster, 'filtered')).toBe('filtered');
    await run(cluster, 'kubectl delete -f flannel.yaml --ignore-not-found');
    expect(await reach(cluster, 'filtered')).toBe('filtered');
    expect(under.log()).not.toContain('a controller failed');
  },
  TIMEOUT_MS,
);

test(
  'Calico shows its pool and endpoints, and when it is removed pods stay as they are and new ones wait',
  async () => {
    await using under = await createEmbeddedUnderTest();
    await using cluster = await createBare(under.provider);
    await run(cluster, 'kubectl apply -f calico.yaml');
    await run(cluster, WORKLOAD);
    await run(cluster, 'kubectl wait --for=condition=Ready nodes --all --timeout=20s');
    await run(cluster, `kubectl ${READY}`);
    expect(await run(cluster, 'kubectl get ippools --no-headers')).toMatch(
      /^default-ipv4-ippool +10\.244\.0\.0\/16 +true +Never +Never$/,
    );
    const endpoints = await run(cluster, 'kubectl -n shop get workloadendpoints --no-headers');
    expect(endpoints.split('\n')).toHaveLength(3);

    await run(cluster, 'kubectl -n kube-system delete daemonset calico-node');
    await run(cluster, DENY);
    await run(cluster, 'kubectl -n shop run late --image=nginx');
    await sleep(1000);
    expect(await run(cluster, 'kubectl -n shop get pod late --no-headers')).toContain(
      'ContainerCreating',
    );
    expect(await run(cluster, 'kubectl -n shop describe pod late')).toContain(
      'plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized',
    );
    // The deny came after Calico went: nobody enforces it.
    expect(await reach(cluster, 'open')).toBe('open');

    await run(cluster, 'kubectl apply -f calico.yaml');
    await run(cluster, `kubectl ${READY}`);
    expect(await reach(cluster, 'filtered')).toBe('filtered');
    await run(cluster, 'kubectl delete namespace shop --timeout=30s');
    expect(await run(cluster, 'kubectl get workloadendpoints -A --no-headers')).not.toContain(
      'shop',
    );
    expect(under.log()).not.toContain('a controller failed');
  },
  TIMEOUT_MS,
);
