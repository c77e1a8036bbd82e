import type {
  Affinity,
  NodeSelector,
  NodeSelectorTerm,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, oneOf } from '../checks.js';
import {
  duplicate,
  GoText,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '../field-errors.js';
import { validateLabelSelector, validateOperands } from '../labels.js';
import type { Loose } from '../loose.js';
import { dnsLabel, labelValue, qualifiedName } from '../names.js';

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

export function validateTolerations(path: string, tolerations: Loose<Toleration>[]): FieldError[] {
  return tolerations.flatMap((toleration, index) =>
    validateToleration(`${path}[${index}]`, toleration),
  );
}

function validateToleration(at: string, toleration: Loose<Toleration>): FieldError[] {
  const { key = '', operator = '', value = '', effect = '', tolerationSeconds } = toleration;
  const errors: FieldError[] = [];
  if (key !== '') errors.push(...invalidEach(`${at}.key`, key, qualifiedName(key)));
  if (key === '' && operator !== 'Exists') {
    const why =
      'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(invalid(`${at}.operator`, operator, why));
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(
      invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"),
    );
  }
  if (operator === 'Equal' || operator === '') {
    const [fault] = labelValue(value);
    if (fault !== undefined) errors.push(invalid(`${at}.operator`, value, fault));
  } else if (operator === 'Exists') {
    if (value !== '') {
      errors.push(
        invalid(
          `${at}.operator`,
          goToleration(toleration),
          "value must be empty when `operator` is 'Exists'",
        ),
      );
    }
  } else errors.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']));
  if (effect !== '') errors.push(...oneOf(`${at}.effect`, effect, EFFECTS));
  return errors;
}

function goToleration(toleration: Loose<Toleration>): GoText {
  const { key = '', operator = '', value = '', effect = '' } = toleration;
  const text = [key, operator, value, effect].map((part) => JSON.stringify(part));
  return new GoText(
    `core.Toleration{Key:${text[0] ?? ''}, Operator:${text[1] ?? ''}, Value:${text[2] ?? ''}, Effect:${text[3] ?? ''}, TolerationSeconds:(*int64)(nil)}`,
  );
}

export function validateAffinity(
  path: string,
  affinity: Loose<Affinity> | undefined,
): FieldError[] {
  const node = affinity?.nodeAffinity;
  const errors: FieldError[] = [];
  const requiredTerms = node?.requiredDuringSchedulingIgnoredDuringExecution;
  if (requiredTerms !== undefined) {
    const at = `${path}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`;
    errors.push(...validateNodeSelector(at, requiredTerms));
  }
  for (const [index, term] of (
    node?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  ).entries()) {
    const at = `${path}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
    errors.push(
      ...weight(at, term.weight),
      ...validateTerm(`${at}.preference`, term.preference ?? {}),
    );
  }
  for (const side of ['podAffinity', 'podAntiAffinity'] as const) {
    const rules = affinity?.[side];
    for (const [index, term] of (
      rules?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    ).entries()) {
      const at = `${path}.${side}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`;
      errors.push(...validatePodTerm(at, term));
    }
    for (const [index, term] of (
      rules?.preferredDuringSchedulingIgnoredDuringExecution ?? []
    ).entries()) {
      const at = `${path}.${side}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`;
      errors.push(
        ...weight(at, term.weight),
        ...validatePodTerm(`${at}.podAffinityTerm`, term.podAffinityTerm ?? {}),
      );
    }
  }
  return errors;
}

function weight(at: string, value = 0): FieldError[] {
  return value >= 1 && value <= 100
    ? []
    : [invalid(`${at}.weight`, value, 'must be in the range 1-100')];
}

export function validateNodeSelector(path: string, selector: Loose<NodeSelector>): FieldError[] {
  const terms = selector.nodeSelectorTerms ?? [];
  if (terms.length === 0) {
    return [required(`${path}.nodeSelectorTerms`, 'must have at least one node selector term')];
  }
  return terms.flatMap((term, index) => validateTerm(`${path}.nodeSelectorTerms[${index}]`, term));
}

function validateTerm(path: string, term: Loose<NodeSelectorTerm>): FieldError[] {
  return (term.matchExpressions ?? []).flatMap((expression, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    const { key = '', operator, values = [] } = expression;
    const errors =
      operator === 'Gt' || operator === 'Lt'
        ? validateBound(at, values)
        : validateOperands(at, expression);
    return [...errors, ...invalidEach(`${at}.key`, key, qualifiedName(key))];
  });
}

function validateBound(at: string, values: readonly unknown[]): FieldError[] {
  if (values.length === 1) return [];
  return [
    required(`${at}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"),
  ];
}

function validatePodTerm(path: string, term: Loose<PodAffinityTerm>): FieldError[] {
  const { labelSelector, namespaceSelector, namespaces = [], topologyKey = '' } = term;
  return [
    ...validateLabelSelector(`${path}.labelSelector`, labelSelector),
    ...validateLabelSelector(`${path}.namespaceSelector`, namespaceSelector),
    ...namespaces.flatMap((name) => invalidEach(`${path}.namespace`, name, dnsLabel(name))),
    ...(topologyKey === ''
      ? [required(`${path}.topologyKey`, 'can not be empty')]
      : invalidEach(`${path}.topologyKey`, topologyKey, qualifiedName(topologyKey))),
  ];
}

export function validateTopologySpread(
  path: string,
  constraints: Loose<TopologySpreadConstraint>[],
): FieldError[] {
  const seen = new Set<string>();
  return constraints.flatMap((constraint, index) => {
    const at = `${path}[${index}]`;
    const { maxSkew = 0, topologyKey = '', whenUnsatisfiable = '', labelSelector } = constraint;
    const errors: FieldError[] = [];
    if (maxSkew <= 0) errors.push(invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero'));
    errors.push(...filled(`${at}.topologyKey`, topologyKey));
    errors.push(
      ...oneOf(`${at}.whenUnsatisfiable`, whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']),
    );
    const pair = `{${topologyKey}, ${whenUnsatisfiable}}`;
    if (seen.has(pair)) errors.push(duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair));
    seen.add(pair);
    return [...errors, ...validateLabelSelector(`${at}.labelSelector`, labelSelector)];
  });
}

export function validateDns(path: string, spec: Loose<PodSpec>): FieldError[] {
  const config = spec.dnsConfig;
  const nameservers = config?.nameservers ?? [];
  if (spec.dnsPolicy === 'None' && nameservers.length === 0) {
    const why = 'must provide at least one DNS nameserver when `dnsPolicy` is None';
    return [required(config === undefined ? path : `${path}.nameservers`, why)];
  }
  const errors: FieldError[] = [];
  if (nameservers.length > 3) {
    const why = 'must not have more than 3 nameservers';
    errors.push(
      invalid(
        `${path}.nameservers`,
        new GoText(`[]string{${nameservers.map((one) => JSON.stringify(one)).join(', ')}}`),
        why,
      ),
    );
  }
  for (const [index, { name = '' }] of (config?.options ?? []).entries()) {
    if (name === '') errors.push(required(`${path}.options[${index}]`, 'must not be empty'));
  }
  return errors;
}
