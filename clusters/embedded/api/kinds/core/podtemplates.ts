import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../cluster-api.js';
import { containerNames, imageNames } from '../apps/workload-columns.js';
import { column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { formatLabels } from '../labels.js';
import type { Loose } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { defaultPodTemplate } from '../pod-spec/defaults.js';
import { validatePodTemplate } from '../pod-spec/validate.js';

interface PodTemplate extends KubeObject {
  template?: Loose<PodTemplateSpec>;
}

export const POD_TEMPLATES = defineResource({
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  hasGeneration: true,
  applyDefaults(object: PodTemplate) {
    object.template = defaultPodTemplate(object.template ?? {});
  },
  validate: (object: PodTemplate) => [
    ...validateMeta(object),
    ...validatePodTemplate('template', object.template ?? {}),
  ],
  columns: [
    NAME,
    column<PodTemplate>('Containers', 'Names of the containers.', ({ template }) =>
      containerNames(template),
    ),
    column<PodTemplate>('Images', 'Images of the containers.', ({ template }) =>
      imageNames(template),
    ),
    column<PodTemplate>('Pod Labels', 'Labels of the pods.', ({ template }) =>
      formatLabels(template?.metadata?.labels),
    ),
  ],
});
