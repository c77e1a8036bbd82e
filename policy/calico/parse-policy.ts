import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import { allOf, EVERYTHING, inNamespace, isKind } from '../label-predicate.js';
import type { Complain } from '../label-selector.js';
import type { Direction, NormalPolicy, NormalRule } from '../normal-form.js';
import { parseRule, readSelector } from './parse-rule.js';

/** True for `projectcalico.org/v3` objects and for the same as Calico stores them. */
export function isCalico(object: unknown, ...kinds: string[]): boolean {
  const version = valueAt(object, ['apiVersion']);
  const kind = valueAt(object, ['kind']);
  return (
    (version === 'projectcalico.org/v3' || version === STORED) &&
    typeof kind === 'string' &&
    kinds.includes(kind)
  );
}

/**
 * Reads a Calico NetworkPolicy or GlobalNetworkPolicy. Never throws: what cannot be understood lets nothing
 * pass and selects more rather than fewer endpoints. Undefined only without a name.
 */
export function parseCalicoPolicy(object: unknown): NormalPolicy | undefined {
  const isGlobal = valueAt(object, ['kind']) === 'GlobalNetworkPolicy';
  const name = valueAt(object, ['metadata', 'name']);
  const namespace = isGlobal ? '' : valueAt(object, ['metadata', 'namespace']);
  if (typeof name !== 'string' || typeof namespace !== 'string') return undefined;
  const problems: string[] = [];
  const complain = (field: string) => (problem: string) => {
    problems.push(`${field}: ${problem}`);
    return null;
  };
  const written = valueAt(object, ['spec']);
  const spec = isJsonObject(written) ? written : {};
  const types = readTypes(spec, valueAt(object, ['apiVersion']) === STORED);
  const rulesOf = (direction: Direction): NormalRule[] | undefined => {
    if (!types[direction]) return undefined;
    const rules = spec[direction] ?? [];
    const field = `spec.${direction}`;
    if (!Array.isArray(rules)) {
      complain(field)('is not a list');
      return [];
    }
    return rules.map((rule: unknown, index) =>
      parseRule(rule, { index, field: `${field}[${index}]`, namespace, complain }),
    );
  };
  const { tier, order } = spec;
  return {
    kind: isGlobal ? 'GlobalNetworkPolicy' : 'CalicoNetworkPolicy',
    namespace,
    name,
    tier: typeof tier === 'string' && tier !== '' ? tier : 'default',
    order: typeof order === 'number' ? order : Infinity,
    subject: readSubject(spec, { namespace, complain }),
    ingress: rulesOf('ingress'),
    egress: rulesOf('egress'),
    stage:
      spec['doNotTrack'] === true ? 'untracked' : spec['preDNAT'] === true ? 'pre-dnat' : 'filter',
    onForward: spec['applyOnForward'] === true,
    problems,
  };
}

/** How Calico keeps its objects in a Kubernetes API server. */
const STORED = 'crd.projectcalico.org/v1';

function readSubject(
  spec: JsonObject,
  { namespace, complain }: { namespace: string; complain: (field: string) => Complain },
) {
  const parts = (
    [
      ['selector', 'own'],
      ['namespaceSelector', 'namespace'],
      ['serviceAccountSelector', 'account'],
    ] as const
  ).map(([field, scope]) => {
    const written = spec[field];
    if (written === undefined || written === null || written === '') return EVERYTHING;
    if (field === 'namespaceSelector' && namespace !== '') return EVERYTHING;
    return readSelector(written, scope, complain(`spec.${field}`)) ?? EVERYTHING;
  });
  return namespace === ''
    ? allOf(isKind('pod', 'host'), ...parts)
    : allOf(isKind('pod'), inNamespace(namespace), ...parts);
}

/** Unlike Kubernetes, rules of one direction alone leave the other one untouched. */
function readTypes(spec: JsonObject, isStored: boolean): Record<Direction, boolean> {
  const { types } = spec;
  if (Array.isArray(types) && types.length > 0) {
    return { ingress: types.includes('Ingress'), egress: types.includes('Egress') };
  }
  // Nobody filled in what a stored object lacks: then both are meant.
  if (isStored) return { ingress: true, egress: true };
  const has = (direction: Direction): boolean => {
    const rules = spec[direction];
    return Array.isArray(rules) && rules.length > 0;
  };
  return { ingress: has('ingress') || !has('egress'), egress: has('egress') };
}
