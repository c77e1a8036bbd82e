import { AGE, column, NAME, wideColumn } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { formatLabels } from '../labels.js';
import type { Service } from './service.js';
import { allocateForCreate, allocateForUpdate } from './service-allocation.js';
import { defaultService, dropFieldsOfOtherType, keepAllocated } from './service-defaults.js';
import { validateService, validateServiceUpdate } from './service-validate.js';

export const SERVICES = defineResource({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  shortNames: ['svc'],
  categories: ['all'],
  subresources: [
    {
      name: 'proxy',
      kind: 'ServiceProxyOptions',
      verbs: ['create', 'delete', 'get', 'patch', 'update'],
    },
    statusSubresource('Service'),
  ],
  selectableFields: {
    'spec.clusterIP': ({ spec }) => textAt(spec, 'clusterIP'),
    'spec.type': ({ spec }) => textAt(spec, 'type'),
  },
  applyDefaults: (service: Service) => {
    defaultService(service);
  },
  prepareForCreate(service: Service, context) {
    service.status = { loadBalancer: {} };
    if (validateService(service).length === 0) allocateForCreate(service, context);
  },
  prepareForUpdate(service: Service, old: Service, context) {
    keepAllocated(service, old);
    dropFieldsOfOtherType(service, old);
    if ([...validateService(service), ...validateServiceUpdate(service, old)].length === 0) {
      allocateForUpdate(service, old, context);
    }
  },
  validate: (service: Service) => validateService(service),
  validateUpdate: (service: Service, old: Service) => validateServiceUpdate(service, old),
  columns: [
    NAME,
    column<Service>('Type', 'How the service is reached.', ({ spec }) => spec.type ?? ''),
    column<Service>(
      'Cluster-IP',
      'Address within the cluster.',
      ({ spec }) => spec.clusterIPs?.[0] ?? '<none>',
    ),
    column<Service>('External-IP', 'Addresses or name outside.', externalAddresses),
    column<Service>('Port(s)', 'Port, node port and protocol of each.', ports),
    AGE,
    wideColumn<Service>('Selector', 'Labels of the pods behind it.', ({ spec }) =>
      formatLabels(spec.selector),
    ),
  ],
});

function externalAddresses({ spec, status }: Service): string {
  const own = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ExternalName':
      return spec.externalName ?? '';
    case 'LoadBalancer': {
      const given = (status?.loadBalancer?.ingress ?? []).map(
        ({ ip, hostname }) => ip ?? hostname ?? '',
      );
      const all = [...given.filter((address) => address !== ''), ...own];
      return all.length === 0 ? '<pending>' : all.join(',');
    }
    case undefined:
    default:
      return own.length === 0 ? '<none>' : own.join(',');
  }
}

function ports({ spec }: Service): string {
  const list = (spec.ports ?? []).map(({ port = 0, nodePort = 0, protocol = 'TCP' }) =>
    nodePort === 0 ? `${port}/${protocol}` : `${port}:${nodePort}/${protocol}`,
  );
  return list.length === 0 ? '<none>' : list.join(',');
}

function textAt(value: unknown, key: string): string {
  const text: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof text === 'string' ? text : '';
}
