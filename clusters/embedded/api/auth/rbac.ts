import { isJsonObject } from '../../../../common/json.js';
import type { ClusterApi, KubeObject } from '../cluster-api.js';
import type { UserInfo } from '../registry/admission.js';

export const MASTERS = 'system:masters';

/** What somebody wants to do; `path` instead of a resource for everything that is none. */
export interface Attributes {
  verb: string;
  group?: string;
  resource?: string;
  subresource?: string;
  namespace?: string;
  name?: string;
  path?: string;
}

export interface PolicyRule {
  verbs: readonly string[];
  apiGroups: readonly string[];
  resources: readonly string[];
  resourceNames: readonly string[];
  nonResourceURLs: readonly string[];
}

const parsedRules = new WeakMap<KubeObject, readonly PolicyRule[]>();

/** Role-based access control over the roles and bindings in the store, evaluated anew for every request. */
export class RbacAuthorizer {
  readonly #api: ClusterApi;

  constructor(api: ClusterApi) {
    this.#api = api;
  }

  allows(user: UserInfo, attributes: Attributes): boolean {
    if (user.groups.includes(MASTERS)) return true;
    for (const rule of this.rules(user, attributes.namespace ?? '')) {
      if (ruleAllows(rule, attributes)) return true;
    }
    return false;
  }

  /** Every rule that holds for the user in a namespace (empty: cluster-wide ones only). */
  *rules(user: UserInfo, namespace: string): Generator<PolicyRule> {
    if (user.groups.includes(MASTERS)) {
      yield { ...NO_RULE, verbs: ['*'], apiGroups: ['*'], resources: ['*'] };
      yield { ...NO_RULE, verbs: ['*'], nonResourceURLs: ['*'] };
      return;
    }
    for (const binding of this.#api.list('clusterrolebindings.rbac.authorization.k8s.io')) {
      if (binds(binding, user, '')) yield* this.referredRules(binding, '') ?? [];
    }
    if (namespace === '') return;
    for (const binding of this.#api.list('rolebindings.rbac.authorization.k8s.io', namespace)) {
      if (binds(binding, user, namespace)) {
        yield* this.referredRules(binding, namespace) ?? [];
      }
    }
  }

  /** The rules of the role that a binding names; undefined where there is no such role. */
  referredRules(binding: KubeObject, namespace: string): readonly PolicyRule[] | undefined {
    const { kind, name } = roleRefOf(binding);
    const role =
      kind === 'ClusterRole'
        ? this.#api.get('clusterroles.rbac.authorization.k8s.io', name)
        : this.#api.get('roles.rbac.authorization.k8s.io', name, namespace);
    return role === undefined ? undefined : this.rulesIn(role);
  }

  rulesIn(role: KubeObject): readonly PolicyRule[] {
    let rules = parsedRules.get(role);
    if (rules === undefined) {
      rules = list(role['rules']).map(parseRule);
      parsedRules.set(role, rules);
    }
    return rules;
  }
}

export const NO_RULE: PolicyRule = {
  verbs: [],
  apiGroups: [],
  resources: [],
  resourceNames: [],
  nonResourceURLs: [],
};

export function roleRefOf(binding: KubeObject): { kind: string; name: string } {
  const ref = record(binding['roleRef']);
  return { kind: text(ref['kind']), name: text(ref['name']) };
}

export function parseRule(value: unknown): PolicyRule {
  const rule = record(value);
  return {
    verbs: texts(rule['verbs']),
    apiGroups: texts(rule['apiGroups']),
    resources: texts(rule['resources']),
    resourceNames: texts(rule['resourceNames']),
    nonResourceURLs: texts(rule['nonResourceURLs']),
  };
}

export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!has(rule.verbs, attributes.verb)) return false;
  const { path } = attributes;
  if (path !== undefined) {
    return rule.nonResourceURLs.some(
      (url) =>
        url === '*' || url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
    );
  }
  const { resource = '', subresource = '', name = '' } = attributes;
  const full = subresource === '' ? resource : `${resource}/${subresource}`;
  return (
    has(rule.apiGroups, attributes.group ?? '') &&
    (has(rule.resources, full) ||
      (subresource !== '' && rule.resources.includes(`*/${subresource}`))) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

function binds(binding: KubeObject, user: UserInfo, namespace: string): boolean {
  return list(binding['subjects']).some((value) => {
    const subject = record(value);
    const name = text(subject['name']);
    switch (subject['kind']) {
      case 'User':
        return name === user.username;
      case 'Group':
        return user.groups.includes(name);
      case 'ServiceAccount': {
        const home = text(subject['namespace']) === '' ? namespace : text(subject['namespace']);
        return user.username === `system:serviceaccount:${home}:${name}`;
      }
      default:
        return false;
    }
  });
}

function has(list: readonly string[], item: string): boolean {
  return list.includes('*') || list.includes(item);
}

function record(value: unknown): Record<string, unknown> {
  return isJsonObject(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): readonly string[] {
  return list(value).map(text);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
