import type { JsonObject } from '../../common/json.js';
import {
  createCaller,
  type TestServer,
} from '../../clusters/embedded/api/test-support/api-client.js';
import {
  describeRecorded,
  readRecorded,
} from '../../clusters/embedded/api/kinds/test-support/recorded.js';
import type { Cluster } from '../../clusters/provider.js';
import { eventually } from '../../clusters/provider.contract.js';
import { createClusterUnderTest, type ClusterUnderTest } from '../support/embedded-provider.js';
import {
  againstList,
  knownDifferences,
  printCount,
  type Comparison,
} from '../../clusters/embedded/api/kinds/test-support/known-differences.js';

interface Recorded {
  case: string;
  method: string;
  path: string;
  status: number;
  response: unknown;
}

const TIMEOUT_MS = 120_000;

describeRecorded('what running pods answer beside a real cluster', () => {
  let under: ClusterUnderTest;
  let cluster: Cluster;
  let call: TestServer['call'];

  beforeAll(async () => {
    under = await createClusterUnderTest({
      name: 'live',
      nodes: 2,
      manifests: [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }],
    });
    ({ cluster } = under);
    call = createCaller(
      await cluster.kubeconfig('learner'),
      Number(new URL(cluster.info.server ?? '').port),
    );
    await cluster.apply(PODS);
    await eventually(async () => {
      const pods = (await call('GET', '/api/v1/namespaces/demo/pods')).json as {
        items: { metadata: { name: string }; status: PodStatus }[];
      };
      const states = pods.items.map(({ metadata, status }) => [metadata.name, stateOf(status)]);
      expect(Object.fromEntries(states)).toEqual(STATES);
    });
  }, TIMEOUT_MS);

  afterAll(async () => {
    await under[Symbol.asyncDispose]();
  }, TIMEOUT_MS);

  test(
    'logs, exec, port-forward and proxies answer as recorded',
    async () => {
      const comparisons: Comparison[] = [];
      for (const one of readRecorded<Recorded[]>('live/subresources.json')) {
        const answer = await call(one.method, one.path);
        comparisons.push({
          id: `subresources/${one.case}`,
          recorded: { status: one.status, body: normal(one.response) },
          ours: { status: answer.status, body: normal(answer.json ?? answer.text) },
        });
      }
      printCount('answers of running pods', comparisons);
      const { unlisted, outdated } = againstList(comparisons, knownDifferences());
      expect({ unlisted, outdated }).toEqual({ unlisted: [], outdated: [] });
    },
    TIMEOUT_MS,
  );
});

/** A pull that fails is being tried, or waits to be tried again: both are so at their moment. */
function normal(body: unknown): unknown {
  const text = JSON.stringify(body).replace(
    'trying and failing to pull image',
    "image can't be pulled",
  );
  return JSON.parse(text);
}

const pod = (name: string, container: JsonObject, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'demo' },
  spec: { containers: [{ name: 'c', image: 'busybox', ...container }], ...spec },
});

const waits = { command: ['sleep', '3600'] };

const PODS: JsonObject[] = [
  pod('running', waits),
  pod('failed', { command: ['sh', '-c', 'echo oops; exit 3'] }, { restartPolicy: 'Never' }),
  pod('completed', { command: ['true'] }, { restartPolicy: 'Never' }),
  pod('crashloop', { command: ['false'] }),
  pod('badimage', { image: 'no.such/image:1' }),
  pod('neverpull', { image: 'no.such/image:1', imagePullPolicy: 'Never' }),
  pod('init-wait', waits, { initContainers: [{ name: 'i', image: 'busybox', ...waits }] }),
  pod('unschedulable', waits, { nodeSelector: { nowhere: 'x' } }),
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'two-containers', namespace: 'demo' },
    spec: { containers: ['a', 'b'].map((name) => ({ name, image: 'busybox', ...waits })) },
  },
];

const STATES = {
  running: 'running',
  failed: 'Error',
  completed: 'Completed',
  crashloop: 'CrashLoopBackOff',
  badimage: 'ImagePullBackOff',
  neverpull: 'ErrImageNeverPull',
  'init-wait': 'PodInitializing',
  unschedulable: 'Pending',
  'two-containers': 'running',
};

interface PodStatus {
  phase: string;
  containerStatuses?: {
    state: { running?: object; waiting?: { reason: string }; terminated?: { reason: string } };
  }[];
}

function stateOf({ phase, containerStatuses = [] }: PodStatus): string {
  const state = containerStatuses[0]?.state;
  if (state?.running !== undefined) return 'running';
  return state?.waiting?.reason ?? state?.terminated?.reason ?? phase;
}
