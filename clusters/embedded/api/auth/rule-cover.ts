import { NO_RULE } from './rbac.js';
import type { PolicyRule } from './rbac.js';

/** What of `wanted` no single rule of `owned` allows, taken apart until each speaks of one verb on one thing. */
export function missingRules(
  owned: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): PolicyRule[] {
  return wanted.flatMap(breakDown).filter((rule) => !owned.some((owner) => covers(owner, rule)));
}

/** The rules as refusals list them: verbs on one resource together, sorted. */
export function describeRules(rules: readonly PolicyRule[]): string[] {
  const merged = new Map<string, PolicyRule>();
  for (const rule of rules) {
    const { verbs, ...rest } = rule;
    const isPath = rule.nonResourceURLs.length > 0;
    const key = JSON.stringify(isPath ? rule : rest);
    const known = merged.get(key);
    merged.set(key, known === undefined ? rule : { ...rule, verbs: [...known.verbs, ...verbs] });
  }
  return [...new Set([...merged.values()].map(describe))].sort();
}

function describe(rule: PolicyRule): string {
  const parts = (
    [
      ['APIGroups', rule.apiGroups],
      ['Resources', rule.resources],
      ['NonResourceURLs', rule.nonResourceURLs],
      ['ResourceNames', rule.resourceNames],
      ['Verbs', rule.verbs],
    ] as const
  )
    .filter(([, values]) => values.length > 0)
    .map(([name, values]) => `${name}:${goQuoted(values)}`);
  return `{${parts.join(', ')}}`;
}

/** As Go prints a list of strings with %q. */
export function goQuoted(values: readonly string[]): string {
  return `[${values.map((value) => JSON.stringify(value)).join(' ')}]`;
}

function breakDown(rule: PolicyRule): PolicyRule[] {
  const resources = rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) => {
        const one = { ...NO_RULE, apiGroups: [group], resources: [resource], verbs: [verb] };
        if (rule.resourceNames.length === 0) return [one];
        return rule.resourceNames.map((name) => ({ ...one, resourceNames: [name] }));
      }),
    ),
  );
  const paths = rule.nonResourceURLs.flatMap((url) =>
    rule.verbs.map((verb) => ({ ...NO_RULE, nonResourceURLs: [url], verbs: [verb] })),
  );
  return [...resources, ...paths];
}

/** Whether a rule allows all that a rule taken apart says. */
function covers(owner: PolicyRule, one: PolicyRule): boolean {
  return (
    hasAll(owner.verbs, one.verbs) &&
    hasAll(owner.apiGroups, one.apiGroups) &&
    one.resources.every((resource) => coversResource(owner.resources, resource)) &&
    one.nonResourceURLs.every((url) => coversPath(owner.nonResourceURLs, url)) &&
    (owner.resourceNames.length === 0 ||
      (one.resourceNames.length > 0 &&
        one.resourceNames.every((name) => owner.resourceNames.includes(name))))
  );
}

function coversResource(owned: readonly string[], resource: string): boolean {
  if (hasAll(owned, [resource])) return true;
  const slash = resource.indexOf('/');
  return slash >= 0 && owned.includes(`*${resource.slice(slash)}`);
}

function coversPath(owned: readonly string[], path: string): boolean {
  return owned.some(
    (url) => url === path || (url.endsWith('*') && path.startsWith(url.slice(0, -1))),
  );
}

function hasAll(owned: readonly string[], wanted: readonly string[]): boolean {
  return owned.includes('*') || wanted.every((item) => owned.includes(item));
}
