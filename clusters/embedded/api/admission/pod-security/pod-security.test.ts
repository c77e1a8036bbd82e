import { startTestServer } from '../../test-support/api-client.js';
import type { Answer, TestServer } from '../../test-support/api-client.js';

let api: TestServer;
beforeAll(async () => {
  api = await startTestServer();
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

const message = (answer: Answer): unknown => Reflect.get(Object(answer.json), 'message');
const warnings = (answer: Answer): string =>
  [answer.headers['warning'] ?? []].flat().join(', ').replaceAll('\\"', '"');
const plain = { containers: [{ name: 'c', image: 'nginx' }] };
const good = {
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};
const goodContainer = {
  name: 'c',
  image: 'nginx',
  securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
};

let count = 0;
/** A namespace with these labels and a pod of this spec in it, or the refusal. */
async function tryPod(labels: Record<string, string>, spec: object, dryRun = false) {
  count += 1;
  const namespace = `ns-${count}`;
  const prefixed = Object.fromEntries(
    Object.entries(labels).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]),
  );
  await api.call('POST', '/api/v1/namespaces', {
    body: { metadata: { name: namespace, labels: prefixed } },
  });
  await api.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, {
    body: { metadata: { name: 'default' } },
  });
  const answer = await api.call(
    'POST',
    `/api/v1/namespaces/${namespace}/pods${dryRun ? '?dryRun=All' : ''}`,
    { body: { metadata: { name: 'x' }, spec } },
  );
  return { answer, namespace };
}

const DETAILS =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), ' +
  'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), ' +
  'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), ' +
  'seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")';

test('a plain pod is refused where restricted is enforced, with every reason', async () => {
  const { answer } = await tryPod({ enforce: 'restricted' }, plain);
  expect(answer.status).toBe(403);
  expect(message(answer)).toBe(
    `pods "x" is forbidden: violates PodSecurity "restricted:latest": ${DETAILS}`,
  );
});

test('a pod that keeps the rules passes', async () => {
  const { answer } = await tryPod(
    { enforce: 'restricted', warn: 'restricted' },
    { securityContext: good, containers: [goodContainer] },
  );
  expect(answer.status).toBe(201);
  expect(warnings(answer)).toBe('');
});

test('warn tells and lets pass', async () => {
  const { answer } = await tryPod({ warn: 'restricted', 'warn-version': 'v1.32' }, plain);
  expect(answer.status).toBe(201);
  expect(warnings(answer)).toBe(`299 - "would violate PodSecurity "restricted:v1.32": ${DETAILS}"`);
});

test('an older version asks for what was known then', async () => {
  const { answer } = await tryPod({ enforce: 'restricted', 'enforce-version': 'v1.18' }, plain);
  expect(message(answer)).toBe(
    'pods "x" is forbidden: violates PodSecurity "restricted:v1.18": allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
  );
});

test.each<[string, object, string]>([
  [
    'host namespaces, volumes and ports',
    {
      hostNetwork: true,
      hostPID: true,
      volumes: [{ name: 'v', hostPath: { path: '/' } }],
      containers: [{ name: 'c', image: 'i', ports: [{ containerPort: 80, hostPort: 80 }] }],
    },
    'host namespaces (hostNetwork=true, hostPID=true), hostPath volumes (volume "v"), hostPort (container "c" uses hostPort 80)',
  ],
  [
    'privileged containers and added capabilities',
    {
      containers: [
        { name: 'a', image: 'i', securityContext: { privileged: true } },
        {
          name: 'b',
          image: 'i',
          securityContext: { capabilities: { add: ['NET_ADMIN', 'CHOWN', 'BPF'] } },
        },
      ],
    },
    'non-default capabilities (container "b" must not include "BPF", "NET_ADMIN" in securityContext.capabilities.add), privileged (container "a" must not set securityContext.privileged=true)',
  ],
  [
    'profiles and kernel settings',
    {
      securityContext: {
        seccompProfile: { type: 'Unconfined' },
        appArmorProfile: { type: 'Unconfined' },
        seLinuxOptions: { type: 'spc_t', user: 'u' },
        sysctls: [{ name: 'net.core.somaxconn', value: '1' }],
      },
      containers: [
        { name: 'a', image: 'i', securityContext: { seccompProfile: { type: 'Unconfined' } } },
      ],
    },
    'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined"), seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set), seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined"), forbidden sysctls (net.core.somaxconn)',
  ],
])('the baseline refuses %s', async (_, spec, details) => {
  const { answer } = await tryPod({ enforce: 'baseline' }, spec);
  expect(message(answer)).toBe(
    `pods "x" is forbidden: violates PodSecurity "baseline:latest": ${details}`,
  );
});

test('restricted refuses root, other volumes and other capabilities', async () => {
  const { answer } = await tryPod(
    { enforce: 'restricted' },
    {
      securityContext: { ...good, runAsUser: 0, runAsNonRoot: false },
      volumes: [
        { name: 'v', hostPath: { path: '/' } },
        { name: 'w', nfs: { server: 's', path: '/' } },
      ],
      containers: [
        {
          ...goodContainer,
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE', 'CHOWN'] },
          },
        },
      ],
    },
  );
  expect(message(answer)).toBe(
    'pods "x" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities (container "c" must not include "CHOWN" in securityContext.capabilities.add), restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs"), runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod must not set runAsUser=0)',
  );
});

test('a template is only told of, and a debug container is held to the rules', async () => {
  const { namespace } = await tryPod(
    { enforce: 'restricted', warn: 'restricted' },
    { securityContext: good, containers: [goodContainer] },
  );
  const deployment = await api.call('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, {
    body: {
      metadata: { name: 'd' },
      spec: {
        selector: { matchLabels: { a: 'b' } },
        template: { metadata: { labels: { a: 'b' } }, spec: plain },
      },
    },
  });
  expect(deployment.status).toBe(201);
  expect(warnings(deployment)).toContain('would violate PodSecurity "restricted:latest": allow');
  const debug = await api.call(
    'PATCH',
    `/api/v1/namespaces/${namespace}/pods/x/ephemeralcontainers`,
    {
      headers: { 'content-type': 'application/strategic-merge-patch+json' },
      body: { spec: { ephemeralContainers: [{ name: 'debugger', image: 'busybox' }] } },
    },
  );
  expect(debug.status).toBe(403);
  expect(message(debug)).toContain('container "debugger" must set');
});

test('labels that cannot be read are refused, and pods that would not pass are told of', async () => {
  const { namespace } = await tryPod({}, plain);
  const label = (value: string): Promise<Answer> =>
    api.call('PATCH', `/api/v1/namespaces/${namespace}`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': value } } },
    });
  expect(message(await label('strict'))).toBe(
    `Namespace "${namespace}" is invalid: metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted`,
  );
  const answer = await label('restricted');
  expect(answer.status).toBe(200);
  expect(warnings(answer)).toBe(
    `299 - "existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "restricted:latest"", 299 - "x: allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile"`,
  );
});
