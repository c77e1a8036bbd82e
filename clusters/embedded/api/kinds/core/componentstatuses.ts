import type { KubeObject } from '../../cluster-api.js';
import { column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';

interface ComponentStatus extends KubeObject {
  conditions?: { type?: string; status?: string; message?: string; error?: string }[];
}

/** Long deprecated and read-only; this control plane has no components to tell of, so the list is empty. */
export const COMPONENT_STATUSES = defineResource({
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  plural: 'componentstatuses',
  shortNames: ['cs'],
  namespaced: false,
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
