import type { JobSpec } from 'kubernetes-types/batch/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { notNegative, oneOf } from '../checks.js';
import { forbidden, notSupported, required } from '../field-errors.js';
import type { Loose } from '../loose.js';
import { validatePodTemplate } from '../pod-spec/validate.js';

/** The parts of a job's spec that a CronJob's template shares; no selector. */
export function validateJobSpec(path: string, spec: Loose<JobSpec>): FieldError[] {
  const { completionMode, completions, parallelism, template = {} } = spec;
  const errors = [
    ...notNegative(`${path}.parallelism`, parallelism),
    ...notNegative(`${path}.completions`, completions),
    ...notNegative(`${path}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...notNegative(`${path}.backoffLimit`, spec.backoffLimit),
    ...notNegative(`${path}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished),
    ...notNegative(`${path}.backoffLimitPerIndex`, spec.backoffLimitPerIndex),
  ];
  if (completionMode !== undefined) {
    errors.push(...oneOf(`${path}.completionMode`, completionMode, ['Indexed', 'NonIndexed']));
    if (completionMode === 'Indexed' && completions === undefined) {
      errors.push(required(`${path}.completions`, 'when completion mode is Indexed'));
    }
  }
  if (spec.backoffLimitPerIndex !== undefined && completionMode !== 'Indexed') {
    errors.push(forbidden(`${path}.backoffLimitPerIndex`, 'requires indexed completion mode'));
  }
  errors.push(...validatePodTemplate(`${path}.template`, template));
  return [
    ...errors,
    ...validateRestartPolicy(`${path}.template.spec.restartPolicy`, template.spec?.restartPolicy),
  ];
}

/** Pods of jobs end: Always, also where it is only the default, will not do. */
function validateRestartPolicy(path: string, policy = ''): FieldError[] {
  if (policy === '' || policy === 'Always') {
    return [required(path, 'valid values: "OnFailure", "Never"')];
  }
  if (policy === 'OnFailure' || policy === 'Never') return [];
  return [notSupported(path, policy, ['OnFailure', 'Never'])];
}
