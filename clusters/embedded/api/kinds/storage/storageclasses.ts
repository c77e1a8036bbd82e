import type { KubeObject } from '../../cluster-api.js';
import { filled, oneOf } from '../checks.js';
import { AGE, booleanColumn, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { forbidden } from '../field-errors.js';
import { validateMeta } from '../object-meta.js';
import { isDefaultClass } from './default-class.js';

interface StorageClass extends KubeObject {
  provisioner?: string;
  reclaimPolicy?: string;
  volumeBindingMode?: string;
  allowVolumeExpansion?: boolean;
}

export const STORAGE_CLASSES = defineResource({
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'StorageClass',
  plural: 'storageclasses',
  shortNames: ['sc'],
  namespaced: false,
  applyDefaults(storageClass: StorageClass) {
    storageClass.reclaimPolicy ??= 'Delete';
    storageClass.volumeBindingMode ??= 'Immediate';
  },
  validate: (storageClass: StorageClass) => [
    ...validateMeta(storageClass),
    ...filled('provisioner', storageClass.provisioner),
    ...oneOf('reclaimPolicy', storageClass.reclaimPolicy, ['Delete', 'Retain']),
    ...oneOf('volumeBindingMode', storageClass.volumeBindingMode, [
      'Immediate',
      'WaitForFirstConsumer',
    ]),
  ],
  validateUpdate: (storageClass: StorageClass, old: StorageClass) => [
    ...(storageClass.provisioner === old.provisioner
      ? []
      : [forbidden('provisioner', 'updates to provisioner are forbidden.')]),
    ...(storageClass.reclaimPolicy === old.reclaimPolicy
      ? []
      : [forbidden('reclaimPolicy', 'updates to reclaimPolicy are forbidden.')]),
  ],
  columns: [
    {
      ...NAME,
      cell: (object) => `${object.metadata.name}${isDefaultClass(object) ? ' (default)' : ''}`,
    },
    column<StorageClass>(
      'Provisioner',
      'Who makes the volumes.',
      ({ provisioner = '' }) => provisioner,
    ),
    column<StorageClass>(
      'ReclaimPolicy',
      'What becomes of volumes after use.',
      ({ reclaimPolicy = '' }) => reclaimPolicy,
    ),
    column<StorageClass>(
      'VolumeBindingMode',
      'When claims get volumes.',
      ({ volumeBindingMode = '<unset>' }) => volumeBindingMode,
    ),
    {
      ...booleanColumn<StorageClass>(
        'AllowVolumeExpansion',
        'Whether claims may grow.',
        ({ allowVolumeExpansion = false }) => allowVolumeExpansion,
      ),
      type: 'string',
    },
    AGE,
  ],
});
