import type { KubeObject } from '../api/cluster-api.js';
import { equalJson } from '../api/json/json-values.js';
import { selectorMatcher } from '../api/selectors/selector-object.js';
import type { ControllerContext } from './context.js';

const ROLES = 'clusterroles.rbac.authorization.k8s.io';

interface ClusterRole extends KubeObject {
  aggregationRule?: { clusterRoleSelectors?: unknown[] };
  rules?: unknown[];
}

/** Fills ClusterRoles with an aggregationRule (`admin`, `edit`, `view`) with the rules of those that match it. */
export function createClusterRoleAggregation(context: ControllerContext): void {
  const { api, cache, loop } = context;
  const queue = loop.queue('clusterrole-aggregation', sync);
  const gathering = new Set<string>();

  cache.informer<ClusterRole>(ROLES).on(({ type, object }) => {
    const { name } = object.metadata;
    if (type === 'DELETED' || object.aggregationRule === undefined) gathering.delete(name);
    else gathering.add(name);
    for (const role of gathering) queue.add(role);
  });

  function sync(name: string): void {
    const role = api.get<ClusterRole>(ROLES, name);
    if (role?.aggregationRule === undefined) return;
    const rules = gatheredRules(role, api.list<ClusterRole>(ROLES));
    if (equalJson(rules, role.rules ?? [])) return;
    api.update<ClusterRole>(ROLES, { name }, (draft) => {
      draft.rules = rules;
    });
  }
}

/** By selector, then by name; a rule that is there already is not added again. */
function gatheredRules(role: ClusterRole, roles: readonly ClusterRole[]): unknown[] {
  const rules: unknown[] = [];
  for (const selector of role.aggregationRule?.clusterRoleSelectors ?? []) {
    const matches = selectorMatcher(selector);
    for (const other of roles) {
      if (other === role || !matches(other.metadata.labels ?? {})) continue;
      for (const rule of other.rules ?? []) {
        if (!rules.some((known) => equalJson(known, rule))) rules.push(rule);
      }
    }
  }
  return rules;
}
