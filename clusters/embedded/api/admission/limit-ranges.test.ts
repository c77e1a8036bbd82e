import type { JsonObject } from '../../../../common/json.js';
import { createClusterApi } from '../create-cluster-api.js';
import { BUILT_IN_RESOURCES } from '../kinds/index.js';
import { createLimitRangeAdmission } from './limit-ranges.js';
import { create, faultsOf } from '../kinds/test-support/small-cluster.js';
import { LIMIT_RANGES } from '../kinds/core/limitranges.js';
import { PERSISTENT_VOLUME_CLAIMS } from '../kinds/core/persistentvolumeclaims.js';
import type { Pod } from '../kinds/core/pod.js';
import { PODS } from '../kinds/core/pods.js';

function make(limit: JsonObject, resources: JsonObject = {}): Pod {
  const range = create(LIMIT_RANGES, { metadata: { name: 'lr' }, spec: { limits: [limit] } });
  const spec = { containers: [{ name: 'c', image: 'x', resources }] };
  return create(PODS, { metadata: { name: 'p' }, spec }, { limitranges: [range] }) as Pod;
}

test('a pod gets the requests and limits it does not give, and says so', () => {
  const pod = make(
    { type: 'Container', default: { cpu: '1', memory: '64Mi' }, defaultRequest: { cpu: '50m' } },
    { limits: { memory: '32Mi' } },
  );
  expect(pod.spec.containers?.[0]?.resources).toEqual({
    limits: { cpu: '1', memory: '32Mi' },
    requests: { cpu: '50m', memory: '32Mi' },
  });
  expect(pod.metadata.annotations).toEqual({
    'kubernetes.io/limit-ranger':
      'LimitRanger plugin set: cpu request for container c; cpu limit for container c',
  });
});

test.each<[string, JsonObject, JsonObject, string]>([
  [
    'more than the most',
    { type: 'Container', max: { cpu: '1' } },
    { limits: { cpu: '2' } },
    'maximum cpu usage per Container is 1, but limit is 2',
  ],
  [
    'less than the least',
    { type: 'Container', min: { cpu: '100m' } },
    { requests: { cpu: '50m' } },
    'minimum cpu usage per Container is 100m, but request is 50m',
  ],
  [
    'no limit where a pod needs one',
    { type: 'Pod', max: { memory: '1Gi' } },
    {},
    'maximum memory usage per Pod is 1Gi.  No limit is specified',
  ],
  [
    'a limit far above the request',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    { requests: { cpu: '1' }, limits: { cpu: '3' } },
    'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
  ],
])('a pod is refused with %s', (...[, limit, resources, why]) => {
  expect(faultsOf(() => make(limit, resources))).toEqual([`pods "p" is forbidden: ${why}`]);
});

test('a claim is refused with more storage than the most', () => {
  const limits = [{ type: 'PersistentVolumeClaim', max: { storage: '1Gi' } }];
  const range = create(LIMIT_RANGES, { metadata: { name: 'lr' }, spec: { limits } });
  const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } };
  expect(
    faultsOf(() => create(PERSISTENT_VOLUME_CLAIMS, { spec }, { limitranges: [range] })),
  ).toEqual([
    'persistentvolumeclaims "x" is forbidden: maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi',
  ]);
});

test('a claim may not grow beyond the most, and can always be let go of', () => {
  const api = createClusterApi({
    resources: BUILT_IN_RESOURCES,
    admission: [createLimitRangeAdmission()],
  });
  const place = { name: 'data', namespace: 'demo' };
  const limits = [{ type: 'PersistentVolumeClaim', max: { storage: '2Gi' } }];
  const sized = (storage: string) => ({
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage } },
  });
  const grow = (storage: string): void => {
    api.update('persistentvolumeclaims', place, (draft) => {
      Object.assign(draft, { spec: { ...Object(draft['spec']), ...sized(storage) } });
    });
  };
  const make = (kind: string, resource: string, rest: object): void => {
    api.create(resource, { apiVersion: 'v1', kind, metadata: place, ...rest });
  };
  api.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } });
  make('LimitRange', 'limitranges', { spec: { limits } });
  make('PersistentVolumeClaim', 'persistentvolumeclaims', {
    spec: sized('1Gi'),
    metadata: { ...place, finalizers: ['example.com/keep'] },
  });
  api.update('persistentvolumeclaims', { ...place, subresource: 'status' }, (draft) => {
    draft['status'] = { phase: 'Bound' };
  });
  grow('2Gi');
  expect(
    faultsOf(() => {
      grow('3Gi');
    }),
  ).toEqual([
    'persistentvolumeclaims "data" is forbidden: maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi',
  ]);
  api.update('limitranges', place, (draft) => {
    draft['spec'] = { limits: [{ ...limits[0], max: { storage: '1Gi' } }] };
  });
  api.delete('persistentvolumeclaims', place);
  api.update('persistentvolumeclaims', place, ({ metadata }) => {
    delete metadata.finalizers;
  });
  expect(api.get('persistentvolumeclaims', 'data', 'demo')).toBeUndefined();
});
