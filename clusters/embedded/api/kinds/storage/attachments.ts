import type {
  CSIDriverSpec,
  CSINodeSpec,
  VolumeAttachmentSpec,
  VolumeAttachmentStatus,
} from 'kubernetes-types/storage/v1.js';
import { filled } from '../checks.js';
import { AGE, booleanColumn, column, CREATED_AT, integerColumn, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';

/** Objects of storage drivers: kept as they come; nothing here acts on them. */

type CsiDriver = ObjectOf<CSIDriverSpec>;
type CsiNode = ObjectOf<CSINodeSpec>;
type VolumeAttachment = ObjectOf<VolumeAttachmentSpec, VolumeAttachmentStatus>;

const GROUP = { group: 'storage.k8s.io', version: 'v1' } as const;

export const CSI_DRIVERS = defineResource({
  ...GROUP,
  kind: 'CSIDriver',
  plural: 'csidrivers',
  namespaced: false,
  applyDefaults(driver: CsiDriver) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (driver.spec ??= {});
    spec.attachRequired ??= true;
    spec.podInfoOnMount ??= false;
    spec.storageCapacity ??= false;
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
    spec.volumeLifecycleModes ??= ['Persistent'];
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
  },
  validate: (driver) => validateMeta(driver),
  columns: [
    NAME,
    booleanColumn<CsiDriver>(
      'AttachRequired',
      'Whether volumes are attached first.',
      ({ spec }) => spec.attachRequired ?? true,
    ),
    booleanColumn<CsiDriver>(
      'PodInfoOnMount',
      'Whether it is told of the pod.',
      ({ spec }) => spec.podInfoOnMount ?? false,
    ),
    booleanColumn<CsiDriver>(
      'StorageCapacity',
      'Whether it tells what is left.',
      ({ spec }) => spec.storageCapacity ?? false,
    ),
    column<CsiDriver>('TokenRequests', 'Audiences of tokens.', ({ spec }) =>
      (spec.tokenRequests ?? []).length === 0
        ? '<unset>'
        : (spec.tokenRequests ?? []).map(({ audience = '' }) => audience).join(','),
    ),
    booleanColumn<CsiDriver>(
      'RequiresRepublish',
      'Whether mounts are refreshed.',
      ({ spec }) => spec.requiresRepublish ?? false,
    ),
    column<CsiDriver>(
      'Modes',
      'Modes of volumes.',
      ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || '<none>',
    ),
    AGE,
  ],
});

export const CSI_NODES = defineResource({
  ...GROUP,
  kind: 'CSINode',
  plural: 'csinodes',
  namespaced: false,
  applyDefaults(node: CsiNode) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    node.spec ??= {};
  },
  validate: (node) => validateMeta(node),
  columns: [
    NAME,
    integerColumn<CsiNode>(
      'Drivers',
      'Number of drivers.',
      ({ spec }) => (spec.drivers ?? []).length,
    ),
    AGE,
  ],
});

export const CSI_STORAGE_CAPACITIES = defineResource({
  ...GROUP,
  kind: 'CSIStorageCapacity',
  plural: 'csistoragecapacities',
  validate: (capacity) => validateMeta(capacity),
  columns: [NAME, CREATED_AT],
});

export const VOLUME_ATTACHMENTS = defineResource({
  ...GROUP,
  kind: 'VolumeAttachment',
  plural: 'volumeattachments',
  namespaced: false,
  subresources: [statusSubresource('VolumeAttachment')],
  applyDefaults(attachment: VolumeAttachment) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    attachment.spec ??= {};
  },
  validate: (attachment: VolumeAttachment) => [
    ...validateMeta(attachment),
    ...filled('spec.attacher', attachment.spec.attacher),
    ...filled('spec.nodeName', attachment.spec.nodeName),
  ],
  columns: [
    NAME,
    {
      ...column<VolumeAttachment>('Attacher', 'The driver.', ({ spec }) => spec.attacher ?? ''),
      format: 'name',
    },
    column<VolumeAttachment>(
      'PV',
      'The volume.',
      ({ spec }) => spec.source?.persistentVolumeName ?? '',
    ),
    column<VolumeAttachment>('Node', 'The node.', ({ spec }) => spec.nodeName ?? ''),
    booleanColumn<VolumeAttachment>(
      'Attached',
      'Whether it is attached.',
      ({ status }) => status?.attached ?? false,
    ),
    AGE,
  ],
});
