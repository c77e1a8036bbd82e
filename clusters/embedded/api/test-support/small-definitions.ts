import { isJsonObject } from '../../../../common/json.js';
import type { ResourceDefinition } from '../resource-definition.js';

/** A few resources with hardly any rules, for tests of the machinery alone. */

const base: Omit<ResourceDefinition, 'kind' | 'plural' | 'singular' | 'namespaced'> = {
  group: '',
  version: 'v1',
  shortNames: [],
  categories: [],
  subresources: [],
  hasGeneration: false,
  allowUnconditionalUpdate: true,
  applyDefaults: () => undefined,
  validate: () => [],
  columns: [],
};

export const NAMESPACES: ResourceDefinition = {
  ...base,
  kind: 'Namespace',
  plural: 'namespaces',
  singular: 'namespace',
  namespaced: false,
  subresources: [
    { name: 'finalize', kind: 'Namespace', verbs: ['update'] },
    { name: 'status', kind: 'Namespace', verbs: ['get', 'patch', 'update'] },
  ],
  prepareForCreate(object) {
    object['spec'] = { finalizers: ['kubernetes'] };
    object['status'] = { phase: 'Active' };
  },
};

export const CONFIG_MAPS: ResourceDefinition = {
  ...base,
  kind: 'ConfigMap',
  plural: 'configmaps',
  singular: 'configmap',
  namespaced: true,
  validate: (object) =>
    isJsonObject(object['data']) && 'bad key' in object['data']
      ? [
          {
            path: 'data[bad key]',
            reason: 'FieldValueInvalid',
            text: 'Invalid value: "bad key": no',
          },
        ]
      : [],
};

export const EVENTS: ResourceDefinition = {
  ...base,
  kind: 'Event',
  plural: 'events',
  singular: 'event',
  namespaced: true,
};

export const PODS: ResourceDefinition = {
  ...base,
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  namespaced: true,
  subresources: [{ name: 'status', kind: 'Pod', verbs: ['get', 'patch', 'update'] }],
  gracefulDeletion: () => 30,
  prepareForCreate(object) {
    object['status'] = { phase: 'Pending' };
  },
};

export const DEPLOYMENTS: ResourceDefinition = {
  ...base,
  group: 'apps',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  namespaced: true,
  hasGeneration: true,
  subresources: [{ name: 'status', kind: 'Deployment', verbs: ['get', 'patch', 'update'] }],
  applyDefaults(object) {
    const spec = isJsonObject(object['spec']) ? object['spec'] : {};
    spec['replicas'] ??= 1;
    object['spec'] = spec;
  },
};

export const SMALL_DEFINITIONS: readonly ResourceDefinition[] = [
  NAMESPACES,
  CONFIG_MAPS,
  EVENTS,
  PODS,
  DEPLOYMENTS,
];
