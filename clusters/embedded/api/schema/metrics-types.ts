import type { FieldSchema, TypeSchema } from '../schema-catalogue.js';

const PACKAGE = 'io.k8s.metrics.pkg.apis.metrics.v1beta1';
const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const QUANTITY = 'io.k8s.apimachinery.pkg.api.resource.Quantity';

const usage: FieldSchema = {
  description: 'How much of each resource was used.',
  kind: 'map',
  ref: QUANTITY,
};
const measured = {
  timestamp: { description: 'When the measurement ended.', kind: 'ref', ref: `${META}.Time` },
  window: { description: 'How long it took.', kind: 'string' },
} as const;
const kind = {
  apiVersion: { description: 'Group and version of this object.', kind: 'string' },
  kind: { description: 'The kind of this object.', kind: 'string' },
} as const;
const metadata = {
  description: 'Name, namespace, labels.',
  kind: 'ref',
  ref: `${META}.ObjectMeta`,
  default: {},
} as const;

/** The types of metrics.k8s.io, which the models of @kubernetes/client-node do not cover. */
export const METRICS_TYPES: Readonly<Record<string, TypeSchema>> = {
  [`${PACKAGE}.ContainerMetrics`]: {
    description: 'What a container used.',
    fields: { name: { description: 'Name of the container.', kind: 'string' }, usage },
    required: ['name', 'usage'],
  },
  [`${PACKAGE}.NodeMetrics`]: {
    description: 'What a node used.',
    fields: { ...kind, metadata, ...measured, usage },
    required: ['timestamp', 'usage', 'window'],
  },
  [`${PACKAGE}.NodeMetricsList`]: listOf('NodeMetrics'),
  [`${PACKAGE}.PodMetrics`]: {
    description: 'What the containers of a pod used.',
    fields: {
      ...kind,
      metadata,
      ...measured,
      containers: {
        description: 'Each container.',
        kind: 'array',
        ref: `${PACKAGE}.ContainerMetrics`,
        listType: 'atomic',
      },
    },
    required: ['containers', 'timestamp', 'window'],
  },
  [`${PACKAGE}.PodMetricsList`]: listOf('PodMetrics'),
};

function listOf(name: string): TypeSchema {
  return {
    description: `A list of ${name}.`,
    fields: {
      ...kind,
      metadata: { ...metadata, ref: `${META}.ListMeta` },
      items: { description: 'The objects.', kind: 'array', ref: `${PACKAGE}.${name}` },
    },
    required: ['items'],
  };
}
