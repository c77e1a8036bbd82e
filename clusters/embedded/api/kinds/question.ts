import { NAME } from './columns.js';

/** What all reviews have in common: they are asked by creating an object, the answer comes back and nothing is stored. */
export const QUESTION = {
  version: 'v1',
  namespaced: false,
  verbs: ['create'],
  validate: () => [],
  columns: [NAME],
} as const;
