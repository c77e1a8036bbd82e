import type { StatefulSetSpec, StatefulSetStatus } from 'kubernetes-types/apps/v1.js';
import { cloneJson, equalJson } from '../../json/json-values.js';
import type { FieldError } from '../../resource-definition.js';
import { notNegative } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, SCALE_SUBRESOURCE, statusSubresource } from '../define-resource.js';
import { forbidden, GoText, invalid, required } from '../field-errors.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { defaultPodTemplate } from '../pod-spec/defaults.js';
import { validateControllerSelector, validateControllerTemplate } from './replicas.js';
import { CONTAINERS, IMAGES } from './workload-columns.js';

export type StatefulSet = ObjectOf<StatefulSetSpec, StatefulSetStatus>;

const MAY_CHANGE = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
  'revisionHistoryLimit',
] as const;
const FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

export const STATEFUL_SETS = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  shortNames: ['sts'],
  categories: ['all'],
  subresources: [SCALE_SUBRESOURCE, statusSubresource('StatefulSet')],
  hasGeneration: true,
  applyDefaults(set: StatefulSet) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (set.spec ??= {});
    spec.replicas ??= 1;
    spec.template = defaultPodTemplate(spec.template ?? {});
    for (const claim of spec.volumeClaimTemplates ?? []) {
      claim.kind ??= 'PersistentVolumeClaim';
      claim.apiVersion ??= 'v1';
      claim.spec ??= {};
      claim.spec.volumeMode ??= 'Filesystem';
      claim.status = { phase: 'Pending' };
    }
    spec.podManagementPolicy ??= 'OrderedReady';
    spec.updateStrategy ??= {};
    spec.updateStrategy.type ??= 'RollingUpdate';
    if (spec.updateStrategy.type === 'RollingUpdate') {
      spec.updateStrategy.rollingUpdate ??= {};
      spec.updateStrategy.rollingUpdate.partition ??= 0;
    }
    spec.revisionHistoryLimit ??= 10;
    spec.persistentVolumeClaimRetentionPolicy ??= {};
    spec.persistentVolumeClaimRetentionPolicy.whenDeleted ??= 'Retain';
    spec.persistentVolumeClaimRetentionPolicy.whenScaled ??= 'Retain';
  },
  prepareForCreate(set: StatefulSet) {
    set.status = { replicas: 0, availableReplicas: 0 };
  },
  validate: (set: StatefulSet) => [
    ...validateMeta(set),
    ...validatePolicies(set),
    ...notNegative('spec.replicas', set.spec.replicas),
    ...notNegative('spec.minReadySeconds', set.spec.minReadySeconds),
    ...validateControllerSelector(set.spec, 'invalid for statefulset'),
    ...validateControllerTemplate(set.spec),
  ],
  validateUpdate(set: StatefulSet, old: StatefulSet) {
    const now = cloneJson(set.spec);
    const before = cloneJson(old.spec);
    for (const field of MAY_CHANGE) {
      Reflect.deleteProperty(now, field);
      Reflect.deleteProperty(before, field);
    }
    return equalJson(now, before) ? [] : [forbidden('spec', FIXED)];
  },
  columns: [
    NAME,
    column<StatefulSet>(
      'Ready',
      'Ready pods of wanted pods.',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ),
    AGE,
    CONTAINERS,
    IMAGES,
  ],
});

function validatePolicies({ spec }: StatefulSet): FieldError[] {
  const errors: FieldError[] = [];
  const management = spec.podManagementPolicy ?? '';
  if (management !== 'OrderedReady' && management !== 'Parallel') {
    errors.push(
      invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'"),
    );
  }
  const { type = '', rollingUpdate } = spec.updateStrategy ?? {};
  const path = 'spec.updateStrategy';
  if (type === '') errors.push(required(path));
  else if (type === 'OnDelete') {
    if (rollingUpdate !== undefined) {
      const why = "only allowed for updateStrategy 'RollingUpdate'";
      errors.push(
        invalid(
          `${path}.rollingUpdate`,
          new GoText('apps.RollingUpdateStatefulSetStrategy{…}'),
          why,
        ),
      );
    }
  } else if (type === 'RollingUpdate') {
    errors.push(...notNegative(`${path}.rollingUpdate.partition`, rollingUpdate?.partition));
  } else {
    const shown = `apps.StatefulSetUpdateStrategy{Type:${JSON.stringify(type)}, RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}`;
    errors.push(invalid(path, new GoText(shown), "must be 'RollingUpdate' or 'OnDelete'"));
  }
  return errors;
}
