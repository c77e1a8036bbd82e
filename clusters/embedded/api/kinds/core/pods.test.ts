import type { JsonObject } from '../../../../../common/json.js';
import type { KubeObject } from '../../cluster-api.js';
import { create, faultsOf, update } from '../test-support/small-cluster.js';
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

const AT = 'spec.containers[0]';

describe('a pod is refused with', () => {
  test.each<[string, JsonObject, string[]]>([
    ['no containers', {}, ['spec.containers: Required value']],
    [
      'a container without a name',
      { containers: [{ image: 'x' }] },
      [`${AT}.name: Required value`],
    ],
    [
      'spaces around an image',
      container({ image: ' nginx' }),
      [`${AT}.image: Invalid value: " nginx": must not have leading or trailing whitespace`],
    ],
    [
      'a port beyond the last',
      container({ ports: [{ containerPort: 70000 }] }),
      [
        `${AT}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
      ],
    ],
    [
      'a port without a number',
      container({ ports: [{ name: 'web' }] }),
      [`${AT}.ports[0].containerPort: Required value`],
    ],
    [
      'one name for two ports',
      container({
        ports: [
          { name: 'web', containerPort: 80 },
          { name: 'web', containerPort: 81 },
        ],
      }),
      [`${AT}.ports[1].name: Duplicate value: "web"`],
    ],
    [
      'an unknown protocol',
      container({ ports: [{ containerPort: 80, protocol: 'ICMP' }] }),
      [
        `${AT}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`,
      ],
    ],
    [
      'a mount of no volume',
      container({ volumeMounts: [{ name: 'v', mountPath: '/v' }] }),
      [`${AT}.volumeMounts[0].name: Not found: "v"`],
    ],
    [
      'two mounts at one place',
      {
        volumes: [{ name: 'v' }],
        containers: [
          {
            ...CONTAINER,
            volumeMounts: [
              { name: 'v', mountPath: '/v' },
              { name: 'v', mountPath: '/v' },
            ],
          },
        ],
      },
      [`${AT}.volumeMounts[1].mountPath: Invalid value: "/v": must be unique`],
    ],
    [
      'a volume of two kinds',
      { containers: [CONTAINER], volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/' } }] },
      ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
    ],
    [
      'a config map without a name',
      { containers: [CONTAINER], volumes: [{ name: 'v', configMap: {} }] },
      ['spec.volumes[0].configMap.name: Required value'],
    ],
    [
      'a variable with a value and a source',
      container({
        env: [{ name: 'A', value: 'x', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
      }),
      [
        `${AT}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`,
      ],
    ],
    [
      'a variable from a field that is none',
      container({ env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }] }),
      [
        `${AT}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo`,
      ],
    ],
    [
      'a resource by a wrong name',
      container({ resources: { limits: { cpus: '1' } } }),
      [
        `${AT}.resources.limits: Invalid value: "cpus": must be a standard resource type or fully qualified`,
        `${AT}.resources.limits: Invalid value: "cpus": must be a standard resource for containers`,
        `${AT}.resources.requests: Invalid value: "cpus": must be a standard resource type or fully qualified`,
        `${AT}.resources.requests: Invalid value: "cpus": must be a standard resource for containers`,
      ],
    ],
    [
      'less than nothing',
      container({ resources: { requests: { cpu: '-1' } } }),
      [`${AT}.resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`],
    ],
    [
      'a probe that does nothing',
      container({ livenessProbe: {} }),
      [`${AT}.livenessProbe: Required value: must specify a handler type`],
    ],
    [
      'a liveness probe that must succeed twice',
      container({ livenessProbe: { tcpSocket: { port: 80 }, successThreshold: 2 } }),
      [`${AT}.livenessProbe.successThreshold: Invalid value: 2: must be 1`],
    ],
    [
      'a toleration of everything by Equal',
      { containers: [CONTAINER], tolerations: [{ operator: 'Equal', effect: 'NoSchedule' }] },
      [
        'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      'a hostname with dots',
      { containers: [CONTAINER], hostname: 'a.b' },
      ['spec.hostname: Invalid value: "a.b": must not contain dots'],
    ],
    [
      'two containers on one port of the host',
      {
        containers: [
          { ...CONTAINER, ports: [{ containerPort: 80, hostPort: 80 }] },
          { ...CONTAINER, name: 'd', ports: [{ containerPort: 81, hostPort: 80 }] },
        ],
      },
      ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      'an init container with the name of another',
      { containers: [CONTAINER], initContainers: [CONTAINER] },
      ['spec.initContainers[0].name: Duplicate value: "c"'],
    ],
    [
      'a probe on an init container that ends',
      {
        containers: [CONTAINER],
        initContainers: [{ ...CONTAINER, name: 'i', livenessProbe: { tcpSocket: { port: 1 } } }],
      },
      [
        'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
      ],
    ],
    [
      'an unknown DNS policy',
      { containers: [CONTAINER], dnsPolicy: 'Cluster' },
      [
        'spec.dnsPolicy: Unsupported value: "Cluster": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
      ],
    ],
  ])('%s', (_what, spec, expected) => {
    expect(faults(spec)).toEqual(expected);
  });
});

describe('a changed pod', () => {
  const old = make({ containers: [CONTAINER], activeDeadlineSeconds: 100 });
  const change = (edit: (spec: Pod['spec']) => void): string[] =>
    faultsOf(() =>
      update(PODS, old, {
        change: (draft) => {
          edit((draft as Pod).spec);
        },
      }),
    );

  test('may have other images, a shorter deadline and more tolerations', () => {
    const faultsFound = change((spec) => {
      spec.containers![0]!.image = 'nginx:2';
      spec.activeDeadlineSeconds = 50;
      spec.tolerations!.push({ key: 'a', operator: 'Exists' });
    });
    expect(faultsFound).toEqual([]);
  });

  test('may be bound to a node once', () => {
    expect(
      change((spec) => {
        spec.nodeName = 'n1';
      }),
    ).toEqual([]);
    const bound = structuredClone(old);
    bound.spec.nodeName = 'n1';
    const moved = faultsOf(() =>
      update(PODS, bound, {
        change: (draft) => {
          (draft as Pod).spec.nodeName = 'n2';
        },
      }),
    );
    expect(moved).toHaveLength(1);
  });

  test('may have nothing else changed', () => {
    const [fault] = change((spec) => {
      spec.containers![0]!.command = ['sleep'];
    });
    expect(fault).toMatch(
      /^spec: Forbidden: pod updates may not change fields other than `spec\.containers\[\*\]\.image`,`spec\.initContainers\[\*\]\.image`,`spec\.activeDeadlineSeconds`,`spec\.tolerations` \(only additions to existing tolerations\),`spec\.terminationGracePeriodSeconds` \(allow it to be set to 1 if it was previously negative\)\n/,
    );
  });

  test('may not gain or lose containers', () => {
    expect(
      change((spec) => {
        spec.containers!.push({ name: 'd', image: 'x' });
      })[0],
    ).toBe('spec.containers: Forbidden: pod updates may not add or remove containers');
  });

  test('may not drop tolerations or lengthen its deadline', () => {
    expect(
      change((spec) => {
        spec.tolerations = [];
      }),
    ).toEqual([
      'spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds',
    ]);
    expect(
      change((spec) => {
        spec.activeDeadlineSeconds = 200;
      }),
    ).toEqual([
      'spec.activeDeadlineSeconds: Invalid value: 200: must be less than or equal to previous value',
    ]);
  });
});

describe('columns', () => {
  const NOW = Date.parse('2026-01-01T00:10:00Z');
  const shown = (status: JsonObject, spec: JsonObject = {}, deleted = false): unknown[] => {
    const pod = make({ containers: [CONTAINER], ...spec });
    if (deleted) pod.metadata.deletionTimestamp = '2026-01-01T00:00:00Z';
    return PODS.columns.slice(1, 4).map((column) => column.cell({ ...pod, status }, NOW));
  };
  const started = { running: { startedAt: '2026-01-01T00:00:00Z' } };

  test.each<[string, unknown[], unknown[]]>([
    [
      'a pod that restarted a while ago',
      shown({
        phase: 'Running',
        containerStatuses: [
          {
            name: 'c',
            ready: true,
            restartCount: 3,
            state: started,
            lastState: { terminated: { finishedAt: '2026-01-01T00:09:50Z' } },
          },
        ],
      }),
      ['1/1', 'Running', '3 (10s ago)'],
    ],
    [
      'a pod killed by a signal',
      shown({
        phase: 'Failed',
        containerStatuses: [{ name: 'c', state: { terminated: { signal: 9, exitCode: 137 } } }],
      }),
      ['0/1', 'Signal:9', '0'],
    ],
    [
      'a pod whose init container failed',
      shown(
        {
          phase: 'Pending',
          initContainerStatuses: [
            { name: 'i', restartCount: 2, state: { terminated: { exitCode: 1, reason: 'Error' } } },
          ],
        },
        { initContainers: [{ name: 'i', image: 'x' }] },
      ),
      ['0/1', 'Init:Error', '2'],
    ],
    [
      'a pod that runs beside a sidecar',
      shown(
        {
          phase: 'Running',
          conditions: [{ type: 'Initialized', status: 'True' }],
          initContainerStatuses: [
            { name: 's', started: true, ready: true, restartCount: 1, state: started },
          ],
          containerStatuses: [{ name: 'c', ready: true, restartCount: 0, state: started }],
        },
        { initContainers: [{ name: 's', image: 'x', restartPolicy: 'Always' }] },
      ),
      ['2/2', 'Running', '1'],
    ],
    [
      'a pod of which one container has ended',
      shown(
        {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'False' }],
          containerStatuses: [
            { name: 'c', ready: true, state: started },
            { name: 'd', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
          ],
        },
        { containers: [CONTAINER, { name: 'd', image: 'x' }] },
      ),
      ['1/2', 'NotReady', '0'],
    ],
    ['a pod that is going', shown({ phase: 'Running' }, {}, true), ['0/1', 'Terminating', '0']],
    [
      'a pod that was evicted',
      shown({ phase: 'Failed', reason: 'Evicted' }),
      ['0/1', 'Evicted', '0'],
    ],
    [
      'a pod that waits at a gate',
      shown({
        phase: 'Pending',
        conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      }),
      ['0/1', 'SchedulingGated', '0'],
    ],
  ])('%s', (_what, cells, expected) => {
    expect(cells).toEqual(expected);
  });
});

test('a pod waits as long as it says, and not at all where nobody would notice', () => {
  const pod = make({ containers: [CONTAINER], terminationGracePeriodSeconds: 7, nodeName: 'n1' });
  expect(PODS.gracefulDeletion?.(pod)).toBe(7);
  expect(PODS.gracefulDeletion?.({ ...pod, status: { phase: 'Succeeded' } })).toBe(0);
  expect(PODS.gracefulDeletion?.(make({ containers: [CONTAINER] }))).toBe(0);
});
