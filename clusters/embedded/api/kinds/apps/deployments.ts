import type { DeploymentSpec, DeploymentStatus } from 'kubernetes-types/apps/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { goIntOrString, notMoreThanWhole, notNegative, positiveIntOrPercent } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, SCALE_SUBRESOURCE, statusSubresource } from '../define-resource.js';
import { forbidden, GoText, invalid, notSupported, required } from '../field-errors.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { defaultPodTemplate } from '../pod-spec/defaults.js';
import {
  selectorUnchanged,
  validateControllerSelector,
  validateControllerTemplate,
} from './replicas.js';
import { CONTAINERS, IMAGES, selectorColumn } from './workload-columns.js';

export type Deployment = ObjectOf<DeploymentSpec, DeploymentStatus>;

export const DEPLOYMENTS = defineResource({
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: [SCALE_SUBRESOURCE, statusSubresource('Deployment')],
  hasGeneration: true,
  applyDefaults(deployment: Deployment) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (deployment.spec ??= {});
    spec.replicas ??= 1;
    spec.template = defaultPodTemplate(spec.template ?? {});
    spec.strategy ??= {};
    spec.strategy.type ??= 'RollingUpdate';
    if (spec.strategy.type === 'RollingUpdate') {
      const rolling = (spec.strategy.rollingUpdate ??= {});
      rolling.maxUnavailable ??= '25%';
      rolling.maxSurge ??= '25%';
    }
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
  },
  prepareForCreate(deployment: Deployment) {
    deployment.status = {};
  },
  validate(deployment: Deployment) {
    const { spec } = deployment;
    return [
      ...validateMeta(deployment),
      ...notNegative('spec.replicas', spec.replicas),
      ...validateControllerSelector(spec, 'invalid for deployment'),
      ...validateControllerTemplate(spec),
      ...validateStrategy(deployment),
      ...notNegative('spec.minReadySeconds', spec.minReadySeconds),
      ...notNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
      ...validateDeadline(deployment),
    ];
  },
  validateUpdate: (deployment: Deployment, old: Deployment) =>
    selectorUnchanged(deployment.spec, old.spec),
  columns: [
    NAME,
    column<Deployment>(
      'Ready',
      'Ready pods of wanted pods.',
      ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
    ),
    column<Deployment>(
      'Up-to-date',
      'Pods of the current template.',
      ({ status }) => status?.updatedReplicas ?? 0,
    ),
    column<Deployment>(
      'Available',
      'Pods that have been ready long enough.',
      ({ status }) => status?.availableReplicas ?? 0,
    ),
    AGE,
    CONTAINERS,
    IMAGES,
    selectorColumn<Deployment>(({ spec }) => spec.selector),
  ],
});

function validateStrategy({ spec }: Deployment): FieldError[] {
  const { type = '', rollingUpdate } = spec.strategy ?? {};
  const path = 'spec.strategy';
  switch (type) {
    case 'Recreate':
      if (rollingUpdate === undefined) return [];
      return [
        forbidden(
          `${path}.rollingUpdate`,
          "may not be specified when strategy `type` is 'Recreate'",
        ),
      ];
    case 'RollingUpdate':
      if (rollingUpdate !== undefined)
        return validateRolling(`${path}.rollingUpdate`, rollingUpdate);
      return [required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil')];
    default: {
      const shown = `apps.DeploymentStrategy{Type:${JSON.stringify(type)}, RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}`;
      return [notSupported(path, new GoText(shown), ['Recreate', 'RollingUpdate'])];
    }
  }
}

function validateRolling(
  path: string,
  {
    maxUnavailable = 0,
    maxSurge = 0,
  }: { maxUnavailable?: number | string; maxSurge?: number | string },
): FieldError[] {
  const errors = [
    ...positiveIntOrPercent(`${path}.maxUnavailable`, maxUnavailable),
    ...positiveIntOrPercent(`${path}.maxSurge`, maxSurge),
  ];
  if (isZero(maxUnavailable) && isZero(maxSurge)) {
    errors.push(
      invalid(
        `${path}.maxUnavailable`,
        goIntOrString(maxUnavailable),
        'may not be 0 when `maxSurge` is 0',
      ),
    );
  }
  return [...errors, ...notMoreThanWhole(`${path}.maxUnavailable`, maxUnavailable)];
}

function isZero(value: number | string): boolean {
  return typeof value === 'number' ? value === 0 : parseInt(value, 10) === 0;
}

function validateDeadline({ spec }: Deployment): FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec;
  if (deadline === undefined) return [];
  const errors = notNegative('spec.progressDeadlineSeconds', deadline);
  if (deadline <= minReadySeconds) {
    errors.push(
      invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'),
    );
  }
  return errors;
}
