import type { JsonObject } from '../../../../../common/json.js';
import type { KubeObject } from '../../cluster-api.js';
import { create, faultsOf } from '../test-support/small-cluster.js';
import type { Pod } from './pod.js';
import { PODS } from './pods.js';

const CONTAINER = { name: 'c', image: 'nginx:1.25' };

function make(spec: JsonObject, stored: Record<string, KubeObject[]> = {}): Pod {
  return create(PODS, { metadata: { name: 'p' }, spec }, stored) as Pod;
}

function faults(spec: JsonObject): string[] {
  return faultsOf(() => make(spec));
}

function container(fields: JsonObject): JsonObject {
  return { containers: [{ ...CONTAINER, ...fields }] };
}

describe('a new pod', () => {
  test('has the defaults, token and tolerations of a real one', () => {
    const { spec, status } = make({
      containers: [{ ...CONTAINER, ports: [{ containerPort: 80 }] }],
    });
    const token = spec.volumes?.[0]?.name;
    expect(token).toMatch(/^kube-api-access-[b-z0-9]{5}$/);
    expect(spec).toEqual({
      volumes: [
        {
          name: token,
          projected: {
            sources: [
              { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
              {
                configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] },
              },
              {
                downwardAPI: {
                  items: [
                    {
                      path: 'namespace',
                      fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' },
                    },
                  ],
                },
              },
            ],
            defaultMode: 420,
          },
        },
      ],
      containers: [
        {
          name: 'c',
          image: 'nginx:1.25',
          ports: [{ containerPort: 80, protocol: 'TCP' }],
          resources: {},
          volumeMounts: [
            {
              name: token,
              readOnly: true,
              mountPath: '/var/run/secrets/kubernetes.io/serviceaccount',
            },
          ],
          terminationMessagePath: '/dev/termination-log',
          terminationMessagePolicy: 'File',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      restartPolicy: 'Always',
      terminationGracePeriodSeconds: 30,
      dnsPolicy: 'ClusterFirst',
      serviceAccountName: 'default',
      serviceAccount: 'default',
      securityContext: {},
      schedulerName: 'default-scheduler',
      tolerations: [
        {
          key: 'node.kubernetes.io/not-ready',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
        {
          key: 'node.kubernetes.io/unreachable',
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: 300,
        },
      ],
      priority: 0,
      enableServiceLinks: true,
      preemptionPolicy: 'PreemptLowerPriority',
    });
    expect(status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' });
  });

  test.each([
    ['nginx', 'Always'],
    ['nginx:latest', 'Always'],
    ['nginx:1.25', 'IfNotPresent'],
    ['registry.example:5000/nginx', 'Always'],
    ['registry.example:5000/nginx:1', 'IfNotPresent'],
    ['nginx@sha256:0123', 'IfNotPresent'],
  ])('pulls %s %s', (image, policy) => {
    expect(make({ containers: [{ name: 'c', image }] }).spec.containers?.[0]?.imagePullPolicy).toBe(
      policy,
    );
  });

  test('asks for what it is limited to where it asks for nothing', () => {
    const { spec, status } = make(
      container({ resources: { limits: { cpu: '0.5', memory: '64Mi' } } }),
    );
    expect(spec.containers?.[0]?.resources).toEqual({
      limits: { cpu: '500m', memory: '64Mi' },
      requests: { cpu: '500m', memory: '64Mi' },
    });
    expect(status?.qosClass).toBe('Guaranteed');
  });

  test('is Burstable with requests alone', () => {
    expect(make(container({ resources: { requests: { cpu: '1' } } })).status?.qosClass).toBe(
      'Burstable',
    );
  });

  test('fills in probes and volumes', () => {
    const { spec } = make({
      containers: [
        {
          ...CONTAINER,
          livenessProbe: { httpGet: { port: 80 } },
          readinessProbe: { tcpSocket: { port: 'web' } },
        },
      ],
      volumes: [
        { name: 'empty' },
        { name: 'host', hostPath: { path: '/tmp' } },
        { name: 'config', configMap: { name: 'c' } },
      ],
    });
    expect(spec.containers?.[0]?.livenessProbe).toEqual({
      httpGet: { path: '/', port: 80, scheme: 'HTTP' },
      timeoutSeconds: 1,
      periodSeconds: 10,
      successThreshold: 1,
      failureThreshold: 3,
    });
    expect(spec.volumes?.slice(0, 3)).toEqual([
      { name: 'empty', emptyDir: {} },
      { name: 'host', hostPath: { path: '/tmp', type: '' } },
      { name: 'config', configMap: { name: 'c', defaultMode: 420 } },
    ]);
  });

  test('mounts no token where it or its account says so', () => {
    expect(
      make({ containers: [CONTAINER], automountServiceAccountToken: false }).spec.volumes,
    ).toBeUndefined();
    const quiet = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: {
        name: 'quiet',
        namespace: 'demo',
        uid: '',
        resourceVersion: '',
        creationTimestamp: '',
      },
      automountServiceAccountToken: false,
      imagePullSecrets: [{ name: 'pull' }],
    };
    const { spec } = make(
      { containers: [CONTAINER], serviceAccountName: 'quiet' },
      { serviceaccounts: [quiet] },
    );
    expect(spec.volumes).toBeUndefined();
    expect(spec.imagePullSecrets).toEqual([{ name: 'pull' }]);
    expect(spec.serviceAccount).toBe('quiet');
  });

  test('needs its account to exist', () => {
    expect(faults({ containers: [CONTAINER], serviceAccountName: 'nope' })).toEqual([
      'pods "p" is forbidden: error looking up service account demo/nope: serviceaccount "nope" not found',
    ]);
  });

  test('has the priority of its class', () => {
    const high = {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name: 'high', uid: '', resourceVersion: '', creationTimestamp: '' },
      value: 1000,
      preemptionPolicy: 'Never',
    };
    const stored = { 'priorityclasses.scheduling.k8s.io': [high] };
    expect(make({ containers: [CONTAINER], priorityClassName: 'high' }, stored).spec).toMatchObject(
      {
        priority: 1000,
        preemptionPolicy: 'Never',
      },
    );
    expect(faults({ containers: [CONTAINER], priorityClassName: 'low' })).toEqual([
      'pods "p" is forbidden: no PriorityClass with name low was found',
    ]);
  });

  test('keeps tolerations of its own and adds only what is missing', () => {
    const { spec } = make({ containers: [CONTAINER], tolerations: [{ operator: 'Exists' }] });
    expect(spec.tolerations).toEqual([{ operator: 'Exists' }]);
  });
});

test('a pod waits as long as it says, and not at all where nobody would notice', () => {
  const pod = make({ containers: [CONTAINER], terminationGracePeriodSeconds: 7, nodeName: 'n1' });
  expect(PODS.gracefulDeletion?.(pod)).toBe(7);
  expect(PODS.gracefulDeletion?.({ ...pod, status: { phase: 'Succeeded' } })).toBe(0);
  expect(PODS.gracefulDeletion?.(make({ containers: [CONTAINER] }))).toBe(0);
});
