import { defineResource } from '../define-resource.js';
import { QUESTION } from '../question.js';

/** Questions that are asked by creating an object; the answer comes back and nothing is stored. */

const GROUP = 'authentication.k8s.io';

export const TOKEN_REVIEWS = defineResource({
  ...QUESTION,
  group: GROUP,
  kind: 'TokenReview',
  plural: 'tokenreviews',
});

export const SELF_SUBJECT_REVIEWS = defineResource({
  ...QUESTION,
  group: GROUP,
  kind: 'SelfSubjectReview',
  plural: 'selfsubjectreviews',
});
