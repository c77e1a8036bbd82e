import { forbidden, notFound } from '../api-error.js';
import { MASTERS, NO_RULE, roleRefOf } from '../auth/rbac.js';
import type { PolicyRule, RbacAuthorizer } from '../auth/rbac.js';
import { describeRules, goQuoted, missingRules } from '../auth/rule-cover.js';
import type { KubeObject } from '../cluster-api.js';
import { equalJson } from '../json/json-values.js';
import type { Admission, AdmissionRequest } from '../registry/admission.js';

const GROUP = 'rbac.authorization.k8s.io';
const ROLES: readonly string[] = [`roles.${GROUP}`, `clusterroles.${GROUP}`];
const BINDINGS: readonly string[] = [`rolebindings.${GROUP}`, `clusterrolebindings.${GROUP}`];

/**
 * Nobody gives away what he does not have: a role may hold only rights of its author, a binding only those of
 * who binds. The verbs `escalate` on roles and `bind` on the role lift it.
 */
export function createEscalationAdmission(rbac: RbacAuthorizer): Admission {
  return {
    // Before validation, as on a real server: a refusal tells nothing of the rest.
    mutate(request) {
      const { object, old, resource, user } = request;
      if (object === undefined || user.groups.includes(MASTERS)) return;
      if (ROLES.includes(resource)) {
        if (old === undefined || !sameFields(object, old, ['rules', 'aggregationRule'])) {
          checkRole(request, object, rbac);
        }
      } else if (BINDINGS.includes(resource)) {
        if (old === undefined || !sameFields(object, old, ['subjects', 'roleRef'])) {
          checkBinding(request, object, rbac);
        }
      }
    },
  };
}

function checkRole(request: AdmissionRequest, role: KubeObject, rbac: RbacAuthorizer): void {
  const { definition, namespace, operation, user } = request;
  const mayEscalate = rbac.allows(user, {
    verb: 'escalate',
    group: GROUP,
    resource: definition.plural,
    ...(namespace !== undefined && { namespace }),
    ...(operation === 'UPDATE' && { name: role.metadata.name }),
  });
  if (mayEscalate) return;
  const all: PolicyRule[] = [
    { ...NO_RULE, verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
    { ...NO_RULE, verbs: ['*'], nonResourceURLs: ['*'] },
  ];
  if (
    role['aggregationRule'] !== undefined &&
    missingRules([...rbac.rules(user, namespace ?? '')], all).length > 0
  ) {
    const why = 'must have cluster-admin privileges to use the aggregationRule';
    throw forbidden(definition, role.metadata.name, why);
  }
  confirm(request, rbac.rulesIn(role), rbac);
}

function checkBinding(request: AdmissionRequest, binding: KubeObject, rbac: RbacAuthorizer): void {
  const { namespace, user } = request;
  const { kind, name } = roleRefOf(binding);
  const plural = kind === 'ClusterRole' ? 'clusterroles' : 'roles';
  const mayBind = rbac.allows(user, {
    verb: 'bind',
    group: GROUP,
    resource: plural,
    name,
    ...(namespace !== undefined && { namespace }),
  });
  if (mayBind) return;
  const rules = rbac.referredRules(binding, namespace ?? '');
  if (rules === undefined) throw notFound({ group: GROUP, plural }, name);
  confirm(request, rules, rbac);
}

function confirm(
  request: AdmissionRequest,
  rules: readonly PolicyRule[],
  rbac: RbacAuthorizer,
): void {
  const { definition, namespace, name, user } = request;
  const missing = missingRules([...rbac.rules(user, namespace ?? '')], rules);
  if (missing.length === 0) return;
  const list = describeRules(missing).join('\n');
  throw forbidden(
    definition,
    name,
    `user ${JSON.stringify(user.username)} (groups=${goQuoted(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${list}`,
  );
}

function sameFields(a: KubeObject, b: KubeObject, fields: readonly string[]): boolean {
  return fields.every((field) => equalJson(a[field], b[field]));
}
