import type { PersistentVolumeSpec, PersistentVolumeStatus } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, oneOf } from '../checks.js';
import { AGE, column, NAME, wideColumn } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { forbidden, notSupported, required } from '../field-errors.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { shortAccessModes } from './access-modes.js';

type PersistentVolume = ObjectOf<PersistentVolumeSpec, PersistentVolumeStatus>;

/** Fields of the spec that are no source of storage. */
const NO_SOURCES = new Set([
  'accessModes',
  'capacity',
  'claimRef',
  'mountOptions',
  'nodeAffinity',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'volumeAttributesClassName',
  'volumeMode',
]);
const ACCESS_MODES = ['ReadOnlyMany', 'ReadWriteMany', 'ReadWriteOnce', 'ReadWriteOncePod'];

export const PERSISTENT_VOLUMES = defineResource({
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  shortNames: ['pv'],
  namespaced: false,
  subresources: [statusSubresource('PersistentVolume')],
  applyDefaults(volume: PersistentVolume) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (volume.spec ??= {});
    spec.persistentVolumeReclaimPolicy ??= 'Retain';
    spec.volumeMode ??= 'Filesystem';
    if (spec.hostPath !== undefined) spec.hostPath.type ??= '';
  },
  prepareForCreate(volume: PersistentVolume) {
    volume.status = { phase: 'Pending' };
  },
  validate: (volume: PersistentVolume) => [...validateMeta(volume), ...validateSpec(volume)],
  columns: [
    NAME,
    column<PersistentVolume>(
      'Capacity',
      'How much it holds.',
      ({ spec }) => spec.capacity?.['storage'] ?? '',
    ),
    column<PersistentVolume>('Access Modes', 'How it may be mounted.', ({ spec }) =>
      shortAccessModes(spec.accessModes),
    ),
    column<PersistentVolume>(
      'Reclaim Policy',
      'What becomes of it after use.',
      ({ spec }) => spec.persistentVolumeReclaimPolicy ?? '',
    ),
    column<PersistentVolume>(
      'Status',
      'Available, Bound, Released or Failed.',
      ({ metadata, status }) =>
        metadata.deletionTimestamp === undefined ? (status?.phase ?? '') : 'Terminating',
    ),
    column<PersistentVolume>('Claim', 'The claim that has it.', ({ spec }) =>
      spec.claimRef === undefined
        ? ''
        : `${spec.claimRef.namespace ?? ''}/${spec.claimRef.name ?? ''}`,
    ),
    column<PersistentVolume>(
      'StorageClass',
      'Its class.',
      ({ spec }) => spec.storageClassName ?? '',
    ),
    column<PersistentVolume>(
      'VolumeAttributesClass',
      'Class of its attributes.',
      ({ spec }) => spec.volumeAttributesClassName ?? '<unset>',
    ),
    column<PersistentVolume>('Reason', 'Why it is as it is.', ({ status }) => status?.reason ?? ''),
    AGE,
    wideColumn<PersistentVolume>(
      'VolumeMode',
      'Filesystem or Block.',
      ({ spec }) => spec.volumeMode ?? '<unset>',
    ),
  ],
});

function validateSpec({ spec }: PersistentVolume): FieldError[] {
  const errors: FieldError[] = [];
  const modes = spec.accessModes ?? [];
  if (modes.length === 0) errors.push(required('spec.accessModes'));
  for (const mode of modes) {
    if (!ACCESS_MODES.includes(mode))
      errors.push(notSupported('spec.accessModes', mode, ACCESS_MODES));
  }
  if (Object.keys(spec.capacity ?? {}).length === 0) errors.push(required('spec.capacity'));
  else if (spec.capacity?.['storage'] === undefined) {
    errors.push(
      notSupported('spec.capacity', 'map[core.ResourceName]resource.Quantity{…}', ['storage']),
    );
  }
  errors.push(
    ...oneOf('spec.persistentVolumeReclaimPolicy', spec.persistentVolumeReclaimPolicy, [
      'Delete',
      'Recycle',
      'Retain',
    ]),
  );
  const sources = Object.keys(spec).filter((key) => !NO_SOURCES.has(key));
  if (sources.length === 0) errors.push(required('spec', 'must specify a volume type'));
  for (const extra of sources.slice(1)) {
    errors.push(forbidden(`spec.${extra}`, 'may not specify more than 1 volume type'));
  }
  if (spec.hostPath !== undefined) errors.push(...filled('spec.hostPath.path', spec.hostPath.path));
  return [...errors, ...oneOf('spec.volumeMode', spec.volumeMode, ['Block', 'Filesystem'])];
}
