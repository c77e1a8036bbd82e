import {
  createClusterUnderTest,
  type ClusterUnderTest,
} from '../../../test/support/embedded-provider.js';
import type { ObservedFlow } from '../../../common/flow.js';
import type { JsonObject } from '../../../common/json.js';
import type { Endpoint } from '../../../common/probe.js';
import { eventually } from '../../provider.contract.js';
import type { Cluster } from '../../provider.js';

const TIMEOUT_MS = 120_000;
let under: ClusterUnderTest;
let cluster: Cluster;

const pod = (name: string, node: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: {
    nodeName: node,
    containers: [
      {
        name: 'c',
        image: 'registry.k8s.io/e2e-test-images/agnhost:2.53',
        args: ['netexec', '--http-port=8080'],
      },
    ],
  },
});

const ALLOW_WEB: JsonObject = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'allow-web', namespace: 'default' },
  spec: {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [{ from: [{ podSelector: { matchLabels: { app: 'web' } } }] }],
  },
};

const at = (name: string): Endpoint => ({ type: 'pod', namespace: 'default', name });
const connect = (from: string, to: string, times = 1) =>
  cluster.probe(
    Array.from({ length: times }, () => ({
      from: at(from),
      to: at(to),
      port: 8080,
      protocol: 'TCP' as const,
    })),
  );
const said = ({ from, to, verdict, port, explanation }: ObservedFlow): string =>
  `${verdict} ${from.pod ?? from.address} ${to.pod ?? to.address} ${port}: ${explanation}`;

beforeAll(async () => {
  under = await createClusterUnderTest({
    name: 'flows',
    nodes: 2,
    manifests: [
      pod('db', 'worker-1'),
      pod('web', 'worker-1'),
      pod('far-web', 'control-plane'),
      ALLOW_WEB,
    ],
  });
  ({ cluster } = under);
}, TIMEOUT_MS);

afterAll(async () => {
  await under[Symbol.asyncDispose]();
}, TIMEOUT_MS);

test(
  'each connection is told once, with its verdict and the rule that decided',
  async () => {
    const seen: ObservedFlow[] = [];
    const abort = new AbortController();
    const following = cluster.flows?.({
      onFlow: (flow) => seen.push(flow),
      signal: abort.signal,
    });
    await connect('web', 'db');
    await connect('far-web', 'db');
    await connect('db', 'far-web');
    const between = (): string[] => seen.filter(({ port }) => port === 8080).map(said);
    await eventually(() => {
      expect(between()).toHaveLength(3);
      return Promise.resolve();
    });
    // They were sent by the platform's prober, with its ports.
    expect(seen.filter(({ port, isProbe }) => port === 8080 && !isProbe)).toEqual([]);
    expect(between()).toEqual([
      'allowed default/web default/db 8080: Allowed: the first ingress rule of default/allow-web admits it.',
      expect.stringMatching(
        /^denied default\/far-web default\/db 8080: Denied: policy default\/allow-web selects pod default\/db /,
      ),
      expect.stringMatching(
        /^allowed default\/db default\/far-web 8080: Allowed: no policy isolates/,
      ),
    ]);
    abort.abort();
    await following;
    await connect('web', 'db');
    expect(between()).toHaveLength(3);
  },
  TIMEOUT_MS,
);

test(
  "a program's connection is no probe, and is counted apart from probes that go the same way",
  async () => {
    const ran = await cluster.run(
      'for i in 1 2 3; do kubectl exec web -- wget -q -O- -T 2 http://$(kubectl get pod db -o jsonpath={.status.podIP}):8080/hostname; done',
    );
    expect(ran.stderr).toBe('');
    await eventually(async () => {
      const flows = ((await cluster.flows?.()) ?? []).filter(
        ({ from, to }) => from.pod === 'default/web' && to.pod === 'default/db',
      );
      expect(flows.map(({ isProbe }) => isProbe).sort()).toEqual([false, true]);
      expect(flows.find(({ isProbe }) => !isProbe)?.count).toBe(3);
    });
  },
  TIMEOUT_MS,
);

test(
  'flows of one kind are counted together, and what is kept is bounded by kinds, not packets',
  async () => {
    const before = (await cluster.flows?.())?.find(
      ({ from, isProbe }) => isProbe && from.pod === 'default/web',
    );
    await connect('web', 'db', 20);
    await eventually(async () => {
      const flows = (await cluster.flows?.()) ?? [];
      const own = flows.filter(
        ({ from, to, isProbe }) => isProbe && from.pod === 'default/web' && to.pod === 'default/db',
      );
      expect(own).toHaveLength(1);
      expect(own[0]!.count).toBe((before?.count ?? 0) + 20);
      expect(Date.parse(own[0]!.lastAt)).toBeGreaterThan(Date.parse(own[0]!.firstAt));
    });
  },
  TIMEOUT_MS,
);

test(
  'a reset ends the stream, and the new network has a log of its own',
  async () => {
    const following = cluster.flows?.({ onFlow: () => undefined });
    await cluster.reset();
    await following;
    await connect('web', 'db');
    await eventually(async () => {
      const flows = (await cluster.flows?.()) ?? [];
      expect(flows.map(said)).toContainEqual(
        expect.stringContaining('allowed default/web default/db'),
      );
    });
  },
  TIMEOUT_MS,
);
