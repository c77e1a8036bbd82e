import type {
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
} from 'kubernetes-types/autoscaling/v2.js';
import type { FieldError, PrinterColumn } from '../../resource-definition.js';
import { filled } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { invalid } from '../field-errors.js';
import type { Loose, ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { fromV1, toV1 } from './hpa-conversion.js';

export type HorizontalPodAutoscaler = ObjectOf<
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus
>;
type Autoscaler = HorizontalPodAutoscaler;

const DEFAULT_CPU_PERCENT = 80;
const SHOWN = 2;

const COLUMNS: readonly PrinterColumn[] = [
  NAME,
  column<Autoscaler>(
    'Reference',
    'What it scales.',
    ({ spec }) => `${spec.scaleTargetRef?.kind ?? ''}/${spec.scaleTargetRef?.name ?? ''}`,
  ),
  column<Autoscaler>('Targets', 'Measured of wanted.', targets),
  column<Autoscaler>('MinPods', 'Fewest pods.', ({ spec }) =>
    String(spec.minReplicas ?? '<unset>'),
  ),
  column<Autoscaler>('MaxPods', 'Most pods.', ({ spec }) => spec.maxReplicas ?? 0),
  column<Autoscaler>('Replicas', 'Pods now.', ({ status }) => status?.currentReplicas ?? 0),
  AGE,
];

const COMMON = {
  group: 'autoscaling',
  kind: 'HorizontalPodAutoscaler',
  plural: 'horizontalpodautoscalers',
  shortNames: ['hpa'],
  categories: ['all'],
  subresources: [statusSubresource('HorizontalPodAutoscaler')],
  applyDefaults(autoscaler: Autoscaler): void {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (autoscaler.spec ??= {});
    spec.minReplicas ??= 1;
    if (autoscaler.apiVersion === 'autoscaling/v1') return;
    if ((spec.metrics ?? []).length === 0) {
      spec.metrics = [
        {
          type: 'Resource',
          resource: {
            name: 'cpu',
            target: { type: 'Utilization', averageUtilization: DEFAULT_CPU_PERCENT },
          },
        },
      ];
    }
  },
  prepareForCreate(autoscaler: Autoscaler): void {
    autoscaler.status = { currentReplicas: 0, desiredReplicas: 0 };
  },
  validate: (autoscaler: Autoscaler) => [...validateMeta(autoscaler), ...validateSpec(autoscaler)],
} as const;

export const HORIZONTAL_POD_AUTOSCALERS = defineResource({
  ...COMMON,
  version: 'v2',
  columns: COLUMNS,
});

/** `kubectl autoscale` still speaks v1: one CPU target instead of metrics. */
export const HORIZONTAL_POD_AUTOSCALERS_V1 = defineResource({
  ...COMMON,
  version: 'v1',
  storedAs: {
    resource: 'horizontalpodautoscalers.autoscaling',
    toStored: fromV1,
    fromStored: toV1,
  },
  columns: COLUMNS.map((one) => ({
    ...one,
    cell: (object, now) =>
      one.cell(object.apiVersion === 'autoscaling/v1' ? fromV1(object) : object, now),
  })),
});

function targets({ spec, status }: Autoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return '<none>';
  const list = metrics.map((metric, index) => {
    const current = status?.currentMetrics?.[index]?.resource?.current;
    return targetOf(metric, current?.averageUtilization, current?.averageValue);
  });
  if (list.length <= SHOWN) return list.join(', ');
  return `${list.slice(0, SHOWN).join(', ')} + ${list.length - SHOWN} more...`;
}

function targetOf(
  metric: Loose<MetricSpec>,
  percent: number | undefined,
  value: string | undefined,
): string {
  const { resource, containerResource } = metric;
  const source = resource ?? containerResource;
  if (source === undefined) return '<unknown type>';
  const { averageUtilization, averageValue } = source.target ?? {};
  const name = source.name ?? '';
  if (averageValue !== undefined) return `${name}: ${value ?? '<unknown>'}/${averageValue}`;
  const measured = percent === undefined ? '<unknown>' : `${percent}%`;
  return `${name}: ${measured}/${averageUtilization === undefined ? '<auto>' : `${averageUtilization}%`}`;
}

function validateSpec({ spec }: Autoscaler): FieldError[] {
  const { minReplicas, maxReplicas = 0, scaleTargetRef = {} } = spec;
  const errors: FieldError[] = [];
  if (minReplicas !== undefined && minReplicas < 1) {
    errors.push(invalid('spec.minReplicas', minReplicas, 'must be greater than or equal to 1'));
  }
  if (maxReplicas < 1)
    errors.push(invalid('spec.maxReplicas', maxReplicas, 'must be greater than 0'));
  if (minReplicas !== undefined && maxReplicas < minReplicas) {
    errors.push(
      invalid('spec.maxReplicas', maxReplicas, 'must be greater than or equal to `minReplicas`'),
    );
  }
  return [
    ...errors,
    ...filled('spec.scaleTargetRef.kind', scaleTargetRef.kind),
    ...filled('spec.scaleTargetRef.name', scaleTargetRef.name),
  ];
}
