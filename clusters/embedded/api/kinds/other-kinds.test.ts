import type { JsonObject } from '../../../../common/json.js';
import type { KubeObject } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { CUSTOM_RESOURCE_DEFINITIONS } from './apiextensions/customresourcedefinitions.js';
import { HORIZONTAL_POD_AUTOSCALERS_V1 } from './autoscaling/horizontalpodautoscalers.js';
import { fromV1, toV1 } from './autoscaling/hpa-conversion.js';
import { CONFIG_MAPS } from './core/configmaps.js';
import { toCoreEvent, toEventsV1 } from './core/event-conversion.js';
import { LIMIT_RANGES } from './core/limitranges.js';
import { NAMESPACES } from './core/namespaces.js';
import { NODES } from './core/nodes.js';
import { PERSISTENT_VOLUME_CLAIMS } from './core/persistentvolumeclaims.js';
import { SECRETS, type Secret } from './core/secrets.js';
import { ENDPOINT_SLICES } from './discovery/endpointslices.js';
import { INGRESSES } from './networking/ingresses.js';
import { ROLE_BINDINGS } from './rbac/bindings.js';
import { ROLES } from './rbac/roles.js';
import { create, faultsOf, update } from './test-support/small-cluster.js';

const META = { name: 'x', uid: '', resourceVersion: '', creationTimestamp: '' };

describe('namespaces', () => {
  const namespace = create(NAMESPACES, { metadata: { name: 'team-a' } });

  test('carry their name as a label that cannot be changed', () => {
    expect(namespace).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'team-a' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    const relabelled = update(NAMESPACES, namespace, {
      change: (draft) => {
        draft.metadata.labels = { 'kubernetes.io/metadata.name': 'zzz', tier: 'x' };
      },
    });
    expect(relabelled.metadata.labels).toEqual({
      'kubernetes.io/metadata.name': 'team-a',
      tier: 'x',
    });
  });

  test('lose their finalizers only once they are being deleted', () => {
    const empty = (draft: KubeObject): void => {
      draft['spec'] = {};
    };
    expect(update(NAMESPACES, namespace, { change: empty })['spec']).toEqual({
      finalizers: ['kubernetes'],
    });
    const going = {
      ...namespace,
      metadata: { ...namespace.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    };
    expect(update(NAMESPACES, going, { change: empty })['spec']).toEqual({});
  });
});

describe('secrets and config maps', () => {
  test('text of a secret becomes data', () => {
    const secret = create(SECRETS, { data: { a: 'eA==' }, stringData: { b: 'yz' } });
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'eA==', b: 'eXo=' } });
    expect(secret).not.toHaveProperty('stringData');
  });

  test('a certificate comes with its key, and the type of a secret stays', () => {
    expect(
      faultsOf(() => create(SECRETS, { type: 'kubernetes.io/tls', data: { 'tls.crt': 'eA==' } })),
    ).toEqual(['data[tls.key]: Required value']);
    const change = (draft: KubeObject): void => {
      (draft as Secret).type = 'other';
    };
    expect(faultsOf(() => update(SECRETS, create(SECRETS, {}), { change }))).toEqual([
      'type: Invalid value: "other": field is immutable',
    ]);
  });

  test('a key may have the name of something every object has', () => {
    expect(create(CONFIG_MAPS, { data: { constructor: 'x' } })['data']).toEqual({
      constructor: 'x',
    });
  });

  test('what is immutable stays', () => {
    const config = create(CONFIG_MAPS, { data: { a: 'b' }, immutable: true });
    const change = (draft: KubeObject): void => {
      draft['data'] = { a: 'c' };
    };
    expect(faultsOf(() => update(CONFIG_MAPS, config, { change }))).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });
});

describe('refusals', () => {
  test.each<[string, ResourceDefinition, JsonObject, string[]]>([
    [
      'a node with an effect that is none',
      NODES,
      { spec: { taints: [{ key: 'a', effect: 'Never' }] } },
      [
        'spec.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      'an ingress that leads nowhere',
      INGRESSES,
      { spec: {} },
      ['spec: Invalid value: "": either `defaultBackend` or `rules` must be specified'],
    ],
    [
      'an ingress with a path that does not start at the root',
      INGRESSES,
      {
        spec: {
          rules: [
            {
              http: {
                paths: [
                  {
                    path: 'a',
                    pathType: 'Prefix',
                    backend: { service: { name: 's', port: { number: 80 } } },
                  },
                ],
              },
            },
          ],
        },
      },
      ['spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
    ],
    [
      'a slice with an address of the other family',
      ENDPOINT_SLICES,
      { addressType: 'IPv4', endpoints: [{ addresses: ['2001:db8::1'] }] },
      ['endpoints[0].addresses[0]: Invalid value: "2001:db8::1": must be an IPv4 address'],
    ],
    [
      'a role that allows nothing',
      ROLES,
      { rules: [{ apiGroups: [''], resources: ['pods'] }] },
      ['rules[0].verbs: Required value: verbs must contain at least one value'],
    ],
    [
      'a binding of nobody known',
      ROLE_BINDINGS,
      { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'Robot', name: 'r2' }] },
      [
        'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
      ],
    ],
    [
      'a claim of nothing',
      PERSISTENT_VOLUME_CLAIMS,
      { spec: {} },
      [
        'spec.accessModes: Required value: at least 1 access mode is required',
        'spec.resources[storage]: Required value',
      ],
    ],
    [
      'limits the wrong way round',
      LIMIT_RANGES,
      { spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } },
      [
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        'spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
        'spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
      ],
    ],
    [
      'a custom resource under the wrong name',
      CUSTOM_RESOURCE_DEFINITIONS,
      {
        spec: {
          group: 'example.com',
          scope: 'Namespaced',
          names: { plural: 'widgets', kind: 'Widget' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', properties: { spec: {} } } },
            },
          ],
        },
      },
      [
        'metadata.name: Invalid value: "x": must be spec.names.plural+"."+spec.group',
        'spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields',
      ],
    ],
  ])('%s', (...[, definition, document, expected]) => {
    expect(faultsOf(() => create(definition, document))).toEqual(expected);
  });
});

describe('one object under two versions', () => {
  test('an autoscaler by CPU goes from v1 to v2 and back', () => {
    const v1: KubeObject = {
      apiVersion: 'autoscaling/v1',
      kind: 'HorizontalPodAutoscaler',
      metadata: META,
      spec: {
        scaleTargetRef: { kind: 'Deployment', name: 'web' },
        maxReplicas: 3,
        targetCPUUtilizationPercentage: 50,
      },
      status: { currentReplicas: 2 },
    };
    const v2 = fromV1(v1);
    expect(v2).toMatchObject({
      apiVersion: 'autoscaling/v2',
      spec: {
        metrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
          },
        ],
      },
    });
    expect(toV1(v2)).toEqual(v1);
    expect(HORIZONTAL_POD_AUTOSCALERS_V1.columns[2]?.cell(v1, 0)).toBe('cpu: <unknown>/50%');
  });

  test('what v1 has no field for waits in annotations', () => {
    const memory = {
      type: 'Resource',
      resource: { name: 'memory', target: { type: 'Utilization', averageUtilization: 70 } },
    };
    const v2: KubeObject = {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: META,
      spec: {
        maxReplicas: 3,
        metrics: [memory],
        behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
      },
      status: {},
    };
    expect(fromV1(toV1(v2))).toEqual(v2);
  });

  test('an event goes from the core group to events.k8s.io and back', () => {
    const event: KubeObject = {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: META,
      involvedObject: { kind: 'Pod', name: 'p' },
      message: 'started',
      reason: 'Started',
      count: 2,
      source: { component: 'kubelet' },
    };
    const other = toEventsV1(event);
    expect(other).toMatchObject({ note: 'started', regarding: { name: 'p' }, deprecatedCount: 2 });
    expect(toCoreEvent(other)).toEqual(event);
  });
});
