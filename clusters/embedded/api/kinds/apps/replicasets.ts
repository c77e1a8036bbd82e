import type { ReplicaSetSpec, ReplicaSetStatus } from 'kubernetes-types/apps/v1.js';
import { notNegative } from '../checks.js';
import { AGE, integerColumn, NAME } from '../columns.js';
import { defineResource, SCALE_SUBRESOURCE, statusSubresource } from '../define-resource.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { defaultPodTemplate } from '../pod-spec/defaults.js';
import {
  selectorUnchanged,
  validateControllerSelector,
  validateControllerTemplate,
} from './replicas.js';
import { CONTAINERS, IMAGES, selectorColumn } from './workload-columns.js';

export type ReplicaSet = ObjectOf<ReplicaSetSpec, ReplicaSetStatus>;

export const REPLICA_SETS = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'ReplicaSet',
  plural: 'replicasets',
  shortNames: ['rs'],
  categories: ['all'],
  subresources: [SCALE_SUBRESOURCE, statusSubresource('ReplicaSet')],
  selectableFields: { 'status.replicas': ({ status }) => String(countOf(status)) },
  hasGeneration: true,
  applyDefaults(set: ReplicaSet) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (set.spec ??= {});
    spec.replicas ??= 1;
    spec.template = defaultPodTemplate(spec.template ?? {});
  },
  prepareForCreate(set: ReplicaSet) {
    set.status = { replicas: 0 };
  },
  validate: (set: ReplicaSet) => [
    ...validateMeta(set),
    ...notNegative('spec.replicas', set.spec.replicas),
    ...notNegative('spec.minReadySeconds', set.spec.minReadySeconds),
    ...validateControllerSelector(set.spec, 'invalid for deployment'),
    ...validateControllerTemplate(set.spec),
  ],
  validateUpdate: (set: ReplicaSet, old: ReplicaSet) => selectorUnchanged(set.spec, old.spec),
  columns: [
    NAME,
    integerColumn<ReplicaSet>('Desired', 'Wanted pods.', ({ spec }) => spec.replicas ?? 0),
    integerColumn<ReplicaSet>('Current', 'Pods there are.', ({ status }) => status?.replicas ?? 0),
    integerColumn<ReplicaSet>('Ready', 'Ready pods.', ({ status }) => status?.readyReplicas ?? 0),
    AGE,
    CONTAINERS,
    IMAGES,
    selectorColumn<ReplicaSet>(({ spec }) => spec.selector),
  ],
});

function countOf(status: unknown): number {
  const replicas: unknown =
    typeof status === 'object' && status !== null ? Reflect.get(status, 'replicas') : undefined;
  return typeof replicas === 'number' ? replicas : 0;
}
