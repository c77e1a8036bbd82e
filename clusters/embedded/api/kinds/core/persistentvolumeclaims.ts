import type {
  PersistentVolumeClaimSpec,
  PersistentVolumeClaimStatus,
} from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../cluster-api.js';
import { cloneJson, equalJson } from '../../json/json-values.js';
import type { FieldError } from '../../resource-definition.js';
import { oneOf } from '../checks.js';
import { AGE, column, NAME, wideColumn } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { forbidden, notSupported, required } from '../field-errors.js';
import { validateLabelSelector } from '../labels.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { validateStorageRequest } from '../pod-spec/volumes.js';
import { compareQuantities } from '../quantity.js';
import { isDefaultClass } from '../storage/default-class.js';
import { shortAccessModes } from './access-modes.js';

type PersistentVolumeClaim = ObjectOf<PersistentVolumeClaimSpec, PersistentVolumeClaimStatus>;

const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];
const FIXED =
  'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims';

export const PERSISTENT_VOLUME_CLAIMS = defineResource({
  group: '',
  version: 'v1',
  kind: 'PersistentVolumeClaim',
  plural: 'persistentvolumeclaims',
  shortNames: ['pvc'],
  subresources: [statusSubresource('PersistentVolumeClaim')],
  applyDefaults(claim: PersistentVolumeClaim) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    claim.spec ??= {};
    claim.spec.volumeMode ??= 'Filesystem';
  },
  prepareForCreate(claim: PersistentVolumeClaim, context) {
    const { api } = context;
    claim.status = { phase: 'Pending' };
    if (claim.spec.storageClassName !== undefined) return;
    const found = api.list<KubeObject>('storageclasses.storage.k8s.io').find(isDefaultClass);
    if (found !== undefined) claim.spec.storageClassName = found.metadata.name;
  },
  validate: (claim: PersistentVolumeClaim) => [...validateMeta(claim), ...validateSpec(claim)],
  validateUpdate(claim: PersistentVolumeClaim, old: PersistentVolumeClaim) {
    const now = cloneJson(claim.spec);
    const before = cloneJson(old.spec);
    const bound = old.status?.phase === 'Bound';
    // Binding fills these in; a bound claim may grow.
    if (before.volumeName === undefined) delete now.volumeName;
    if (before.storageClassName === undefined) delete now.storageClassName;
    if (bound) {
      delete now.resources?.requests;
      delete before.resources?.requests;
    }
    const errors: FieldError[] = equalJson(now, before) ? [] : [forbidden('spec', FIXED)];
    const size = claim.spec.resources?.requests?.['storage'] ?? '0';
    if (bound && compareQuantities(size, old.spec.resources?.requests?.['storage'] ?? '0') < 0) {
      errors.push(
        forbidden('spec.resources.requests.storage', 'field can not be less than status.capacity'),
      );
    }
    return errors;
  },
  columns: [
    NAME,
    column<PersistentVolumeClaim>('Status', 'Pending, Bound or Lost.', ({ metadata, status }) =>
      metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    ),
    column<PersistentVolumeClaim>(
      'Volume',
      'The volume it has.',
      ({ spec }) => spec.volumeName ?? '',
    ),
    column<PersistentVolumeClaim>('Capacity', 'How much it has.', ({ spec, status }) =>
      spec.volumeName === undefined ? '' : (status?.capacity?.['storage'] ?? ''),
    ),
    column<PersistentVolumeClaim>('Access Modes', 'How it may be mounted.', ({ spec, status }) =>
      spec.volumeName === undefined ? '' : shortAccessModes(status?.accessModes),
    ),
    column<PersistentVolumeClaim>(
      'StorageClass',
      'Its class.',
      ({ spec }) => spec.storageClassName ?? '',
    ),
    column<PersistentVolumeClaim>(
      'VolumeAttributesClass',
      'Class of its attributes.',
      ({ spec }) => spec.volumeAttributesClassName ?? '<unset>',
    ),
    AGE,
    wideColumn<PersistentVolumeClaim>(
      'VolumeMode',
      'Filesystem or Block.',
      ({ spec }) => spec.volumeMode ?? '<unset>',
    ),
  ],
});

function validateSpec({ spec }: PersistentVolumeClaim): FieldError[] {
  const errors: FieldError[] = [];
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) {
    errors.push(required('spec.accessModes', 'at least 1 access mode is required'));
  }
  errors.push(...validateLabelSelector('spec.selector', spec.selector));
  for (const mode of modes) {
    if (!ACCESS_MODES.includes(mode))
      errors.push(notSupported('spec.accessModes', mode, ACCESS_MODES));
  }
  const path = 'spec.resources[storage]';
  const amount = spec.resources?.requests?.['storage'];
  if (amount === undefined) errors.push(required(path));
  else errors.push(...validateStorageRequest(path, amount));
  return [...errors, ...oneOf('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem'])];
}
