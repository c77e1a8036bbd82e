import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { defineResource } from '../define-resource.js';
import { QUESTION } from '../question.js';
import { GoText, invalid } from '../field-errors.js';

/** Questions that are asked by creating an object; the answer comes back and nothing is stored. */

interface AccessReview extends KubeObject {
  spec?: {
    resourceAttributes?: { namespace?: string };
    nonResourceAttributes?: unknown;
    user?: string;
    groups?: string[];
  };
}

const GROUP = 'authorization.k8s.io';

export const SELF_SUBJECT_ACCESS_REVIEWS = defineResource({
  ...QUESTION,
  group: GROUP,
  kind: 'SelfSubjectAccessReview',
  plural: 'selfsubjectaccessreviews',
  validate: (review: AccessReview) => validateAttributes(review),
});

export const SUBJECT_ACCESS_REVIEWS = defineResource({
  ...QUESTION,
  group: GROUP,
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  validate: (review: AccessReview) => [...validateAttributes(review), ...validateSubject(review)],
});

export const LOCAL_SUBJECT_ACCESS_REVIEWS = defineResource({
  ...QUESTION,
  group: GROUP,
  namespaced: true,
  kind: 'LocalSubjectAccessReview',
  plural: 'localsubjectaccessreviews',
  validate: (review: AccessReview) => [...validateAttributes(review), ...validateSubject(review)],
});

export const SELF_SUBJECT_RULES_REVIEWS = defineResource({
  ...QUESTION,
  group: GROUP,
  kind: 'SelfSubjectRulesReview',
  plural: 'selfsubjectrulesreviews',
});

function validateAttributes({ spec = {} }: AccessReview): FieldError[] {
  const { resourceAttributes: resource, nonResourceAttributes: other } = spec;
  if (resource !== undefined && other !== undefined) {
    const value = new GoText('authorization.NonResourceAttributes{…}');
    return [
      invalid(
        'spec.nonResourceAttributes',
        value,
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  }
  if (resource === undefined && other === undefined) {
    const value = new GoText('(*authorization.ResourceAttributes)(nil)');
    return [
      invalid(
        'spec.resourceAttributes',
        value,
        'exactly one of nonResourceAttributes or resourceAttributes must be specified',
      ),
    ];
  }
  return [];
}

function validateSubject({ spec = {} }: AccessReview): FieldError[] {
  if ((spec.user ?? '') !== '' || (spec.groups ?? []).length > 0) return [];
  return [invalid('spec.user', '', 'at least one of user or group must be specified')];
}
