import type {
  ReplicationControllerSpec,
  ReplicationControllerStatus,
} from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { CONTAINERS, IMAGES } from '../apps/workload-columns.js';
import { restartAlways } from '../apps/replicas.js';
import { notNegative } from '../checks.js';
import { AGE, integerColumn, NAME, wideColumn } from '../columns.js';
import { defineResource, SCALE_SUBRESOURCE, statusSubresource } from '../define-resource.js';
import { goStringMap, invalid, required } from '../field-errors.js';
import { matchesSelector } from '../../selectors/match-labels.js';
import { formatLabels } from '../labels.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { defaultPodTemplate } from '../pod-spec/defaults.js';
import { validatePodTemplate } from '../pod-spec/validate.js';

type ReplicationController = ObjectOf<ReplicationControllerSpec, ReplicationControllerStatus>;

export const REPLICATION_CONTROLLERS = defineResource({
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  shortNames: ['rc'],
  categories: ['all'],
  subresources: [SCALE_SUBRESOURCE, statusSubresource('ReplicationController')],
  hasGeneration: true,
  applyDefaults(controller: ReplicationController) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (controller.spec ??= {});
    spec.replicas ??= 1;
    if (spec.template === undefined) return;
    spec.template = defaultPodTemplate(spec.template);
    const labels = spec.template.metadata?.labels;
    if (labels === undefined) return;
    spec.selector ??= { ...labels };
    controller.metadata.labels ??= { ...labels };
  },
  prepareForCreate(controller: ReplicationController) {
    controller.status = { replicas: 0 };
  },
  validate: (controller: ReplicationController) => [
    ...validateMeta(controller),
    ...validateSpec(controller),
  ],
  columns: [
    NAME,
    integerColumn<ReplicationController>(
      'Desired',
      'Wanted pods.',
      ({ spec }) => spec.replicas ?? 0,
    ),
    integerColumn<ReplicationController>(
      'Current',
      'Pods there are.',
      ({ status }) => status?.replicas ?? 0,
    ),
    integerColumn<ReplicationController>(
      'Ready',
      'Ready pods.',
      ({ status }) => status?.readyReplicas ?? 0,
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    wideColumn<ReplicationController>('Selector', 'Pods that belong to it.', ({ spec }) =>
      formatLabels(spec.selector),
    ),
  ],
});

function validateSpec({ spec }: ReplicationController): FieldError[] {
  const { selector = {}, template } = spec;
  const errors = notNegative('spec.minReadySeconds', spec.minReadySeconds);
  if (Object.keys(selector).length === 0) errors.push(required('spec.selector'));
  errors.push(...notNegative('spec.replicas', spec.replicas));
  if (template === undefined) return [...errors, required('spec.template')];
  const labels = template.metadata?.labels;
  if (Object.keys(selector).length > 0 && !matchesSelector({ matchLabels: selector }, labels)) {
    const why = '`selector` does not match template `labels`';
    errors.push(invalid('spec.template.metadata.labels', goStringMap(labels), why));
  }
  return [
    ...errors,
    ...validatePodTemplate('spec.template', template),
    ...restartAlways('spec.template', template),
  ];
}
