import type { ResourceDefinition } from '../resource-definition.js';

type Optional =
  | 'singular'
  | 'shortNames'
  | 'categories'
  | 'namespaced'
  | 'subresources'
  | 'hasGeneration'
  | 'allowUnconditionalUpdate'
  | 'applyDefaults';

/** Completes a definition with what holds for most resources. */
export function defineResource(
  definition: Omit<ResourceDefinition, Optional> & Partial<Pick<ResourceDefinition, Optional>>,
): ResourceDefinition {
  return {
    singular: definition.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced: true,
    subresources: [],
    hasGeneration: false,
    allowUnconditionalUpdate: true,
    applyDefaults: () => undefined,
    ...definition,
  };
}

/** The status of a kind under a path of its own. */
export function statusSubresource(kind: string): {
  name: string;
  kind: string;
  verbs: readonly string[];
} {
  return { name: 'status', kind, verbs: ['get', 'patch', 'update'] };
}

export const SCALE_SUBRESOURCE = {
  name: 'scale',
  kind: 'Scale',
  group: 'autoscaling',
  version: 'v1',
  verbs: ['get', 'patch', 'update'],
} as const;
