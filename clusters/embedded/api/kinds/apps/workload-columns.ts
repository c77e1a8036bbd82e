/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- the caller says of which kind the column is */
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../cluster-api.js';
import type { PrinterColumn } from '../../resource-definition.js';
import { wideColumn } from '../columns.js';
import type { LabelSelector } from '../../selectors/match-labels.js';
import { formatSelector } from '../labels.js';
import type { Loose } from '../loose.js';

interface Templated extends KubeObject {
  spec: { template?: Loose<PodTemplateSpec>; selector?: unknown };
}

export const CONTAINERS: PrinterColumn = wideColumn<Templated>(
  'Containers',
  'Names of the containers.',
  ({ spec }) => containerNames(spec.template),
);

export const IMAGES: PrinterColumn = wideColumn<Templated>(
  'Images',
  'Images of the containers.',
  ({ spec }) => imageNames(spec.template),
);

export function selectorColumn<T extends KubeObject>(
  selectorOf: (object: T) => LabelSelector | undefined,
): PrinterColumn {
  return wideColumn<T>('Selector', 'Pods that belong to it.', (object) =>
    formatSelector(selectorOf(object)),
  );
}

export function containerNames(template: Loose<PodTemplateSpec> | undefined): string {
  return (template?.spec?.containers ?? []).map(({ name = '' }) => name).join(',');
}

export function imageNames(template: Loose<PodTemplateSpec> | undefined): string {
  return (template?.spec?.containers ?? []).map(({ image = '' }) => image).join(',');
}
