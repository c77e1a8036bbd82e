import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { equalJson } from '../../json/json-values.js';
import { forbidden, goStringMap, invalid, notSupported, required } from '../field-errors.js';
import { matchesSelector, type LabelSelector } from '../../selectors/match-labels.js';
import { goSelector, isEmptySelector, validateLabelSelector } from '../labels.js';
import type { Loose } from '../loose.js';
import { validatePodTemplate } from '../pod-spec/validate.js';

interface Controller {
  selector?: LabelSelector;
  template?: Loose<PodTemplateSpec>;
}

/** The selector of a controller; `what` is the word the real server has for it in `empty selector is …`. */
export function validateControllerSelector(spec: Controller, what: string): FieldError[] {
  const { selector } = spec;
  if (selector === undefined) return [required('spec.selector')];
  const errors = validateLabelSelector('spec.selector', selector);
  if (isEmptySelector(selector)) {
    errors.push(invalid('spec.selector', goSelector(selector), `empty selector is ${what}`));
  }
  return errors;
}

/** A template whose pods run for ever and are found again by the selector. */
export function validateControllerTemplate(spec: Controller): FieldError[] {
  const path = 'spec.template';
  const { selector, template = {} } = spec;
  const errors: FieldError[] = [];
  const labels = template.metadata?.labels;
  const hasSelector = selector !== undefined && !isEmptySelector(selector);
  if ((selector === undefined || hasSelector) && !matchesSelector(selector, labels)) {
    const why = '`selector` does not match template `labels`';
    errors.push(invalid(`${path}.metadata.labels`, goStringMap(labels), why));
  }
  errors.push(...validatePodTemplate(path, template));
  return [...errors, ...restartAlways(path, template)];
}

export function restartAlways(path: string, template: Loose<PodTemplateSpec>): FieldError[] {
  const errors: FieldError[] = [];
  const policy = template.spec?.restartPolicy ?? '';
  if (policy !== 'Always')
    errors.push(notSupported(`${path}.spec.restartPolicy`, policy, ['Always']));
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    const why = 'activeDeadlineSeconds in ReplicaSet is not Supported';
    errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, why));
  }
  return errors;
}

export function selectorUnchanged(spec: Controller, old: Controller): FieldError[] {
  if (equalJson(spec.selector, old.selector)) return [];
  return [invalid('spec.selector', goSelector(spec.selector), 'field is immutable')];
}
