import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { CREATED_AT, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { goStrings, invalid, required } from '../field-errors.js';
import type { LabelSelector } from '../../selectors/match-labels.js';
import { validateLabelSelector } from '../labels.js';
import { pathSegment } from '../names.js';
import { validateMeta } from '../object-meta.js';

interface PolicyRule {
  verbs?: string[];
  apiGroups?: string[];
  resources?: string[];
  resourceNames?: string[];
  nonResourceURLs?: string[];
}

interface Role extends KubeObject {
  rules?: PolicyRule[];
  aggregationRule?: { clusterRoleSelectors?: LabelSelector[] };
}

const GROUP = { group: 'rbac.authorization.k8s.io', version: 'v1' } as const;

export const ROLES = defineResource({
  ...GROUP,
  kind: 'Role',
  plural: 'roles',
  validate: (role: Role) => [
    ...validateMeta(role, pathSegment),
    ...(role.rules ?? []).flatMap((rule, index) => validateRule(`rules[${index}]`, rule, true)),
  ],
  columns: [NAME, CREATED_AT],
});

export const CLUSTER_ROLES = defineResource({
  ...GROUP,
  kind: 'ClusterRole',
  plural: 'clusterroles',
  namespaced: false,
  validate: (role: Role) => [
    ...validateMeta(role, pathSegment),
    ...(role.rules ?? []).flatMap((rule, index) => validateRule(`rules[${index}]`, rule, false)),
    ...validateAggregation(role),
  ],
  columns: [NAME, CREATED_AT],
});

function validateRule(path: string, rule: PolicyRule, namespaced: boolean): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], nonResourceURLs = [] } = rule;
  const errors: FieldError[] = [];
  if (verbs.length === 0)
    errors.push(required(`${path}.verbs`, 'verbs must contain at least one value'));
  if (nonResourceURLs.length > 0) {
    const urls = goStrings(nonResourceURLs);
    if (namespaced) {
      const why = 'namespaced rules cannot apply to non-resource URLs';
      errors.push(invalid(`${path}.nonResourceURLs`, urls, why));
    }
    if (apiGroups.length > 0 || resources.length > 0 || (rule.resourceNames ?? []).length > 0) {
      const why = 'rules cannot apply to both regular resources and non-resource URLs';
      errors.push(invalid(`${path}.nonResourceURLs`, urls, why));
    }
    return errors;
  }
  if (apiGroups.length === 0) {
    errors.push(required(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (resources.length === 0) {
    errors.push(required(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
  return errors;
}

function validateAggregation({ aggregationRule }: Role): FieldError[] {
  if (aggregationRule === undefined) return [];
  const selectors = aggregationRule.clusterRoleSelectors ?? [];
  const path = 'aggregationRule.clusterRoleSelectors';
  if (selectors.length === 0) {
    return [
      required(path, 'at least one clusterRoleSelector required if aggregationRule is non-nil'),
    ];
  }
  return selectors.flatMap((selector, index) =>
    validateLabelSelector(`${path}[${index}]`, selector),
  );
}
