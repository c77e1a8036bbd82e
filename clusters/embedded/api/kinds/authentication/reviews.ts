import { NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';

/** Questions that are asked by creating an object; the answer comes back and nothing is stored. */

const QUESTION = {
  group: 'authentication.k8s.io',
  version: 'v1',
  namespaced: false,
  verbs: ['create'],
  validate: () => [],
  columns: [NAME],
} as const;

export const TOKEN_REVIEWS = defineResource({
  ...QUESTION,
  kind: 'TokenReview',
  plural: 'tokenreviews',
});

export const SELF_SUBJECT_REVIEWS = defineResource({
  ...QUESTION,
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
});
