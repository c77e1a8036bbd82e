import type { Pod, ResourceQuota } from './objects.js';

interface ScopeExpression {
  scopeName: string;
  operator: string;
  values?: readonly string[];
}

/** Whether a quota's scopes take in the pod; all of them must. */
export function scopesMatch(quota: ResourceQuota, pod: Pod): boolean {
  const plain = (quota.spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: 'Exists' }));
  const selected = quota.spec?.scopeSelector?.matchExpressions ?? [];
  return [...plain, ...selected].every((expression) => matches(expression, pod));
}

function matches({ scopeName, operator, values = [] }: ScopeExpression, pod: Pod): boolean {
  const bestEffort = pod.status?.qosClass === 'BestEffort';
  const limited = pod.spec?.activeDeadlineSeconds !== undefined;
  switch (scopeName) {
    case 'BestEffort':
      return bestEffort;
    case 'NotBestEffort':
      return !bestEffort;
    case 'Terminating':
      return limited;
    case 'NotTerminating':
      return !limited;
    case 'PriorityClass':
      return matchesPriority(pod.spec?.priorityClassName, { operator, values });
    case 'CrossNamespacePodAffinity':
      return false;
    default:
      return true;
  }
}

function matchesPriority(
  name: string | undefined,
  { operator, values }: { operator: string; values: readonly string[] },
): boolean {
  const named = name !== undefined && name !== '';
  if (operator === 'Exists') return named;
  if (operator === 'DoesNotExist') return !named;
  if (operator === 'In') return named && values.includes(name);
  return !named || !values.includes(name);
}
