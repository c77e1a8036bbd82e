import { isJsonObject, valueAt } from '../../../../../common/json.js';
import { shown } from '../../registry/admission.js';
import type { AdmissionRequest } from '../../registry/admission.js';
import type { ResourceRegistry } from '../../registry/resource-registry.js';
import { selectorMatcher } from '../../selectors/selector-object.js';
import type { MatchResources, ResourceRule } from './policy-objects.js';

/** The versions under which a resource is served: a rule about any of them is meant for all. */
export type VersionsOf = (request: AdmissionRequest) => readonly string[];

export function servedVersions(registry: ResourceRegistry): VersionsOf {
  return ({ definition: { group, plural } }) =>
    [...registry.builtIn, ...registry.custom]
      .filter((served) => served.group === group && served.plural === plural)
      .map(({ version }) => version);
}

/** Whether a policy's constraints, or a binding's own, speak of a request. */
export function matchesRequest(
  match: MatchResources | undefined,
  request: AdmissionRequest,
  versionsOf: VersionsOf,
): boolean {
  if (match === undefined) return true;
  const { resourceRules, excludeResourceRules = [] } = match;
  const hits = (rule: ResourceRule): boolean => matchesRule(rule, request, versionsOf(request));
  if (excludeResourceRules.some(hits)) return false;
  // A binding without rules leaves it to the policy.
  if (resourceRules !== undefined && resourceRules.length > 0 && !resourceRules.some(hits)) {
    return false;
  }
  return (
    matchesNamespace(match.namespaceSelector, request) &&
    matchesObject(match.objectSelector, request)
  );
}

function matchesRule(
  rule: ResourceRule,
  request: AdmissionRequest,
  versions: readonly string[],
): boolean {
  const { definition, operation, name } = request;
  const { apiGroups = [], apiVersions = [], operations = [], resourceNames = [] } = rule;
  const scope = definition.namespaced ? 'Namespaced' : 'Cluster';
  return (
    has(operations, operation) &&
    has(apiGroups, definition.group) &&
    (apiVersions.includes('*') || versions.some((version) => apiVersions.includes(version))) &&
    (rule.resources ?? []).some((resource) => matchesResource(resource, request)) &&
    (rule.scope === undefined || rule.scope === '*' || rule.scope === scope) &&
    (resourceNames.length === 0 || resourceNames.includes(name))
  );
}

/** `pods`, `pods/status`, `pods/*`, `*`, and with a slash in it also what lies below. */
function matchesResource(
  text: string,
  { definition, subresource = '' }: AdmissionRequest,
): boolean {
  const [resource = '', below = ''] = text.split('/');
  return (
    (resource === '*' || resource === definition.plural) && (below === '*' || below === subresource)
  );
}

function matchesNamespace(selector: unknown, request: AdmissionRequest): boolean {
  const labels = namespaceLabels(request);
  return labels === undefined || selector === undefined || selectorMatcher(selector)(labels);
}

/** A namespace is in itself; what is in none is not asked. */
function namespaceLabels(request: AdmissionRequest): Record<string, string> | undefined {
  const { resource, object, old, namespace, api } = request;
  if (resource === 'namespaces') return (object ?? old)?.metadata.labels ?? {};
  if (namespace === undefined) return undefined;
  return api.get('namespaces', namespace)?.metadata.labels ?? {};
}

/** What can have no labels is only meant by a selector that asks for none. */
function matchesObject(selector: unknown, request: AdmissionRequest): boolean {
  if (selector === undefined || (isJsonObject(selector) && Object.keys(selector).length === 0)) {
    return true;
  }
  const matches = selectorMatcher(selector);
  return (['object', 'old'] as const).some((which) => {
    const metadata = valueAt(shown(request, which), ['metadata']);
    if (!isJsonObject(metadata)) return false;
    const labels = isJsonObject(metadata['labels']) ? metadata['labels'] : {};
    return matches(
      Object.fromEntries(
        Object.entries(labels).flatMap(([key, value]) =>
          typeof value === 'string' ? [[key, value] as const] : [],
        ),
      ),
    );
  });
}

function has(list: readonly string[], item: string): boolean {
  return list.includes('*') || list.includes(item);
}
