import type { KubeObject } from '../../cluster-api.js';
import { column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';

interface Usage {
  usage?: Record<string, string>;
}

interface Metrics extends KubeObject, Usage {
  window?: string;
  containers?: (Usage & { name?: string })[];
}

const GROUP = { group: 'metrics.k8s.io', version: 'v1beta1' } as const;
const WINDOW = column<Metrics>('Window', 'How long was measured.', ({ window = '' }) => window);

/** What pods use, measured when asked for; never stored. */
export const POD_METRICS = defineResource({
  ...GROUP,
  kind: 'PodMetrics',
  plural: 'pods',
  singular: '',
  verbs: ['get', 'list'],
  validate: () => [],
  columns: [NAME, usageColumn('cpu', 'CPU'), usageColumn('memory', 'Memory'), WINDOW],
});

/** What the pods of a node use together. */
export const NODE_METRICS = defineResource({
  ...GROUP,
  kind: 'NodeMetrics',
  plural: 'nodes',
  singular: '',
  namespaced: false,
  verbs: ['get', 'list'],
  validate: () => [],
  columns: [NAME, usageColumn('cpu', 'CPU'), usageColumn('memory', 'Memory'), WINDOW],
});

function usageColumn(resource: string, title: string): ReturnType<typeof column> {
  return column<Metrics>(title, `How much ${resource} was used.`, (metrics) =>
    (metrics.containers ?? [metrics]).map(({ usage }) => usage?.[resource] ?? '').join(', '),
  );
}
