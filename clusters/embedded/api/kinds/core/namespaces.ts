import type { NamespaceSpec, NamespaceStatus } from 'kubernetes-types/core/v1.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import type { ObjectOf } from '../loose.js';
import { dnsLabel } from '../names.js';
import { validateMeta } from '../object-meta.js';

export type Namespace = ObjectOf<NamespaceSpec, NamespaceStatus>;

const NAME_LABEL = 'kubernetes.io/metadata.name';

export const NAMESPACES = defineResource({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  shortNames: ['ns'],
  namespaced: false,
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
  subresources: [
    { name: 'finalize', kind: 'Namespace', verbs: ['update'] },
    statusSubresource('Namespace'),
  ],
  selectableFields: {
    name: ({ metadata }) => metadata.name,
    'status.phase': (namespace) => phaseOf(namespace['status']),
  },
  applyDefaults(namespace: Namespace) {
    const { metadata } = namespace;
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    namespace.spec ??= {};
    // A generated name is known only later; the label follows at the next pass.
    if (metadata.name !== '') metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name };
  },
  prepareForCreate(namespace: Namespace) {
    const { finalizers = [] } = namespace.spec;
    namespace.spec = {
      finalizers: finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes'],
    };
    namespace.status = { phase: 'Active' };
  },
  prepareForUpdate(namespace: Namespace, old: Namespace) {
    // Only the namespace controller empties these, once deletion has begun.
    if (old.metadata.deletionTimestamp === undefined) namespace.spec = old.spec;
  },
  validate: (namespace) => validateMeta(namespace, dnsLabel),
  columns: [
    NAME,
    column<Namespace>('Status', 'Active, or Terminating.', ({ status }) => status?.phase ?? ''),
    AGE,
  ],
});

function phaseOf(status: unknown): string {
  const phase: unknown =
    typeof status === 'object' && status !== null ? Reflect.get(status, 'phase') : undefined;
  return typeof phase === 'string' ? phase : '';
}
