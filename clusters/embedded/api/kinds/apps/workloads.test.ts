import type { JsonObject } from '../../../../../common/json.js';
import type { KubeObject } from '../../cluster-api.js';
import { create, faultsOf, update } from '../test-support/small-cluster.js';
import { DAEMON_SETS } from './daemonsets.js';
import { DEPLOYMENTS, type Deployment } from './deployments.js';
import { REPLICA_SETS } from './replicasets.js';
import { STATEFUL_SETS, type StatefulSet } from './statefulsets.js';

const WORKLOAD = {
  selector: { matchLabels: { app: 'web' } },
  template: {
    metadata: { labels: { app: 'web' } },
    spec: { containers: [{ name: 'c', image: 'nginx:1' }] },
  },
};

const deployment = (spec: JsonObject): KubeObject =>
  create(DEPLOYMENTS, { metadata: { name: 'd' }, spec: { ...WORKLOAD, ...spec } });

test('a deployment has the defaults of a real one', () => {
  expect(deployment({})['spec']).toEqual({
    replicas: 1,
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'nginx:1',
            resources: {},
            terminationMessagePath: '/dev/termination-log',
            terminationMessagePolicy: 'File',
            imagePullPolicy: 'IfNotPresent',
          },
        ],
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
        dnsPolicy: 'ClusterFirst',
        securityContext: {},
        schedulerName: 'default-scheduler',
      },
    },
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
    revisionHistoryLimit: 10,
    progressDeadlineSeconds: 600,
  });
});

test('no replicas at all stay no replicas', () => {
  expect(deployment({ replicas: 0 })['spec']).toMatchObject({ replicas: 0 });
});

test.each<[string, JsonObject, string[]]>([
  [
    'pods that end',
    {
      template: {
        ...WORKLOAD.template,
        spec: { ...WORKLOAD.template.spec, restartPolicy: 'Never' },
      },
    },
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    'a share that is no percentage',
    { strategy: { rollingUpdate: { maxSurge: 'many' } } },
    [
      "spec.strategy.rollingUpdate.maxSurge: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:\"many\"}: a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ],
  ],
  [
    'no room to move',
    { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
    [
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:0, IntVal:0, StrVal:""}: may not be 0 when `maxSurge` is 0',
    ],
  ],
  [
    'a deadline before pods can be ready',
    { progressDeadlineSeconds: 5, minReadySeconds: 10 },
    ['spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds'],
  ],
  [
    'a container without an image',
    { template: { ...WORKLOAD.template, spec: { containers: [{ name: 'c' }] } } },
    ['spec.template.spec.containers[0].image: Required value'],
  ],
])('a deployment is refused with %s', (_what, spec, expected) => {
  expect(faultsOf(() => deployment(spec))).toEqual(expected);
});

test('the selector of a deployment stays', () => {
  const old = deployment({});
  const change = (draft: KubeObject): void => {
    const { spec } = draft as Deployment;
    spec.selector = { matchLabels: { app: 'other' } };
    spec.template!.metadata!.labels = { app: 'other' };
  };
  expect(faultsOf(() => update(DEPLOYMENTS, old, { change }))).toEqual([
    'spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{"app":"other"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable',
  ]);
});

test('a daemon set replaces one pod at a time by default', () => {
  const set = create(DAEMON_SETS, { spec: WORKLOAD });
  expect(set['spec']).toMatchObject({
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
    revisionHistoryLimit: 10,
  });
});

test('a replica set wants one pod by default', () => {
  expect(create(REPLICA_SETS, { spec: WORKLOAD })).toMatchObject({
    spec: { replicas: 1 },
    status: { replicas: 0 },
  });
});

test('a stateful set completes its claims, and only some of its fields may change', () => {
  const set = create(STATEFUL_SETS, {
    spec: {
      ...WORKLOAD,
      serviceName: 'db',
      volumeClaimTemplates: [
        { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'] } },
      ],
    },
  });
  expect(set['spec']).toMatchObject({
    podManagementPolicy: 'OrderedReady',
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        spec: { volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
      },
    ],
  });
  const scale = (draft: KubeObject): void => {
    (draft as StatefulSet).spec.replicas = 3;
  };
  const rename = (draft: KubeObject): void => {
    (draft as StatefulSet).spec.serviceName = 'other';
  };
  expect(faultsOf(() => update(STATEFUL_SETS, set, { change: scale }))).toEqual([]);
  expect(faultsOf(() => update(STATEFUL_SETS, set, { change: rename }))).toEqual([
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
  ]);
});
