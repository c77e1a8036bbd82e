import type { KubeObject } from '../../cluster-api.js';
import { column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';

interface ComponentStatus extends KubeObject {
  conditions?: { type?: string; status?: string; message?: string; error?: string }[];
}

/** Long deprecated and read-only: this control plane is one process, so its components are well together. */
export const COMPONENT_STATUSES = defineResource({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  namespaced: false,
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  verbs: ['get', 'list'],
  validate: () => [],
  columns: [
    NAME,
    column<ComponentStatus>('Status', 'Healthy or not.', (object) => {
      const status = healthOf(object)?.status;
      return status === 'True' ? 'Healthy' : status === 'False' ? 'Unhealthy' : 'Unknown';
    }),
    column<ComponentStatus>(
      'Message',
      'What it says.',
      (object) => healthOf(object)?.message ?? '',
    ),
    column<ComponentStatus>('Error', 'What went wrong.', (object) => healthOf(object)?.error ?? ''),
  ],
});

function healthOf({
  conditions = [],
}: ComponentStatus): { status?: string; message?: string; error?: string } | undefined {
  return conditions.find(({ type }) => type === 'Healthy');
}
