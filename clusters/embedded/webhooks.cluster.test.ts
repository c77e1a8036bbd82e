import { existsSync } from 'node:fs';
import type { JsonObject } from '../../common/json.js';
import {
  createClusterUnderTest,
  type ClusterUnderTest,
} from '../../test/support/embedded-provider.js';
import { eventually, kubectl } from '../provider.contract.js';
import type { Cluster } from '../provider.js';
import { createAuthority, issueCertificate, issuerOf } from './api/auth/certificate.js';

/** Admission webhooks as a learner has them: a server in a pod behind a Service, with a certificate for the Service's name. */
const TIMEOUT_MS = 120_000;
/** The image `node`, in which the webhook's server runs, is the machine's own Node.js, where it is a package of the system. */
const hasNode = existsSync('/usr/bin/node');
const whereNodeIs = (title: string, run: () => Promise<void>, timeoutMs: number): void => {
  if (hasNode) test(title, run, timeoutMs);
  else test.skip(`${title}: this machine has no /usr/bin/node`, run);
};

/** Refuses what is labelled so, and puts a label on everything. */
const SERVER = `
const { createServer } = require('node:https');
const { readFileSync } = require('node:fs');
createServer({ cert: readFileSync('/tls/tls.crt'), key: readFileSync('/tls/tls.key') }, async (req, res) => {
  let text = '';
  for await (const chunk of req) text += chunk;
  const { apiVersion, kind, request } = JSON.parse(text);
  const labels = request.object?.metadata.labels ?? {};
  const response = { uid: request.uid, allowed: labels.forbidden === undefined, status: { message: 'no ' + request.name + ' here' } };
  if (req.url.startsWith('/label')) {
    const patch = [{ op: 'add', path: '/metadata/labels', value: { ...labels, by: 'webhook' } }];
    Object.assign(response, { patchType: 'JSONPatch', patch: Buffer.from(JSON.stringify(patch)).toString('base64') });
  }
  res.end(JSON.stringify({ apiVersion, kind, response }));
}).listen(8443);
`;

const authority = createAuthority('webhooks', Date.now());

function serverObjects(): JsonObject[] {
  const { certPem, keyPem } = issueCertificate(issuerOf(authority, 'webhooks'), {
    subject: { commonName: 'guard' },
    usage: 'server',
    names: ['guard.gate.svc'],
    now: Date.now(),
  });
  const metadata = { name: 'guard', namespace: 'gate' };
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'gate' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'server.js': SERVER } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      stringData: { 'tls.crt': certPem, 'tls.key': keyPem },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: { app: 'guard' }, ports: [{ port: 443, targetPort: 8443 }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, labels: { app: 'guard' } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'guard',
            image: 'node:20',
            command: ['node', '/app/server.js'],
            readinessProbe: { tcpSocket: { port: 8443 }, periodSeconds: 1 },
            volumeMounts: [
              { name: 'app', mountPath: '/app' },
              { name: 'tls', mountPath: '/tls' },
            ],
          },
        ],
        volumes: [
          { name: 'app', configMap: { name: 'guard' } },
          { name: 'tls', secret: { secretName: 'guard' } },
        ],
      },
    },
  ];
}

/** Only asked about namespaces that want it: the guard itself must be able to come back. */
function configuration(kind: 'Validating' | 'Mutating', path: string): JsonObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: `${kind}WebhookConfiguration`,
    metadata: { name: 'guard' },
    webhooks: [
      {
        name: 'guard.example.com',
        clientConfig: {
          service: { name: 'guard', namespace: 'gate', path },
          caBundle: Buffer.from(authority.certPem).toString('base64'),
        },
        rules: [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['CREATE'], resources: ['*'] }],
        namespaceSelector: { matchLabels: { guarded: 'yes' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  };
}

let under: ClusterUnderTest;
let cluster: Cluster;
beforeAll(async () => {
  under = await createClusterUnderTest({
    name: 'guarded',
    nodes: 2,
    manifests: [
      ...serverObjects(),
      {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: 'shop', labels: { guarded: 'yes' } },
      },
    ],
  });
  ({ cluster } = under);
}, TIMEOUT_MS);
afterAll(async () => {
  await under[Symbol.asyncDispose]();
}, TIMEOUT_MS);

const shop = (...args: string[]) => kubectl(cluster, 'learner', ['-n', 'shop', ...args]);
const label = ['-o', 'jsonpath={.metadata.labels.by}'];

whereNodeIs(
  'a webhook in a pod refuses and changes what is written, over the Service and by its certificate',
  async () => {
    await cluster.apply([
      configuration('Validating', '/check'),
      configuration('Mutating', '/label'),
    ]);
    const made = await shop('create', 'configmap', 'fine');
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await shop('get', 'configmap', 'fine', ...label)).stdout).toBe('webhook');
    const refused = await shop('run', 'wrong', '--image=nginx', '--labels=forbidden=yes');
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr:
        'Error from server: admission webhook "guard.example.com" denied the request: no wrong here\n',
    });
  },
  TIMEOUT_MS,
);

whereNodeIs(
  'the pods of a deployment are asked about as well, and its events tell of a refusal',
  async () => {
    await shop('create', 'deployment', 'web', '--image=nginx', '--replicas=2');
    await shop('rollout', 'status', 'deployment/web', '--timeout=30s');
    const labels = [
      'get',
      'pods',
      '-l',
      'app=web',
      '-o',
      'jsonpath={.items[*].metadata.labels.by}',
    ];
    expect((await shop(...labels)).stdout).toBe('webhook webhook');
    const patch = '{"spec":{"template":{"metadata":{"labels":{"forbidden":"yes"}}}}}';
    await shop('patch', 'deployment', 'web', '-p', patch);
    await eventually(async () => {
      expect((await shop('get', 'events')).stdout).toMatch(
        /FailedCreate +replicaset\/web-\S+ +Error creating: admission webhook "guard\.example\.com" denied the request: no +here/,
      );
    });
    expect((await shop('get', 'deployment', 'web')).stdout).toContain('2/2');
  },
  TIMEOUT_MS,
);

whereNodeIs(
  'without its pod nothing can be written where it must be asked, and the reason is told',
  async () => {
    await kubectl(cluster, 'learner', ['-n', 'gate', 'delete', 'pod', 'guard', '--now']);
    await eventually(async () => {
      const failed = await shop('create', 'configmap', 'late');
      expect(failed.exitCode).toBe(1);
      expect(failed.stderr).toMatch(
        /^error: failed to create configmap: Internal error occurred: failed calling webhook "guard\.example\.com": failed to call webhook: Post "https:\/\/guard\.gate\.svc:443\/label\?timeout=10s": dial tcp 10\.96\.\d+\.\d+:443: connect: connection refused\n$/,
      );
    });
    expect((await kubectl(cluster, 'learner', ['create', 'configmap', 'elsewhere'])).exitCode).toBe(
      0,
    );
    // Who is locked out can let himself in again.
    const remove = [
      'delete',
      'validatingwebhookconfiguration,mutatingwebhookconfiguration',
      'guard',
    ];
    expect((await kubectl(cluster, 'learner', remove)).exitCode).toBe(0);
    expect((await shop('create', 'configmap', 'late')).exitCode).toBe(0);
  },
  TIMEOUT_MS,
);
