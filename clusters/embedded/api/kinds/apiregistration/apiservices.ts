import type { KubeObject } from '../../cluster-api.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { invalid, required } from '../field-errors.js';
import { validateMeta } from '../object-meta.js';

interface ApiService extends KubeObject {
  spec: {
    group?: string;
    version?: string;
    service?: { name?: string; namespace?: string; port?: number };
    groupPriorityMinimum?: number;
    versionPriority?: number;
  };
  status?: { conditions?: { type?: string; status?: string; reason?: string }[] };
}

export const API_SERVICES = defineResource({
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  categories: ['api-extensions'],
  namespaced: false,
  subresources: [statusSubresource('APIService')],
  applyDefaults(service: ApiService) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    service.spec ??= {};
    if (service.spec.service !== undefined) service.spec.service.port ??= 443;
  },
  validate(service: ApiService) {
    const { group = '', version = '' } = service.spec;
    const expected = `${version}.${group}`;
    return [
      ...validateMeta(service, (name) =>
        name === expected ? [] : [`must be \`spec.version+"."+spec.group\`: "${expected}"`],
      ),
      ...(version === '' ? [required('spec.version')] : []),
      ...priority('spec.groupPriorityMinimum', service.spec.groupPriorityMinimum, 20000),
      ...priority('spec.versionPriority', service.spec.versionPriority, 1000),
    ];
  },
  columns: [
    NAME,
    column<ApiService>('Service', 'Who serves it.', ({ spec }) =>
      spec.service === undefined
        ? 'Local'
        : `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}`,
    ),
    column<ApiService>('Available', 'Whether it answers.', ({ status }) => {
      const found = status?.conditions?.find(({ type }) => type === 'Available');
      if (found === undefined) return 'Unknown';
      return found.status === 'True' ? 'True' : `${found.status ?? ''} (${found.reason ?? ''})`;
    }),
    AGE,
  ],
});

function priority(path: string, value = 0, max: number): ReturnType<typeof invalid>[] {
  if (value > 0 && value <= max) return [];
  return [invalid(path, value, `must be positive and less than ${max}`)];
}
