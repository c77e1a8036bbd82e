import type { PodSpec, Toleration } from 'kubernetes-types/core/v1.js';
import { cloneJson, equalJson } from '../../json/json-values.js';
import type { FieldError } from '../../resource-definition.js';
import { forbidden, invalid } from '../field-errors.js';
import type { Loose } from '../loose.js';
import type { Pod } from './pod.js';

const MAY_CHANGE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

/** A pod's spec is fixed but for images, deadlines, more tolerations and what scheduling fills in. */
export function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const errors: FieldError[] = [];
  for (const field of ['containers', 'initContainers'] as const) {
    if ((pod.spec[field] ?? []).length !== (old.spec[field] ?? []).length) {
      return [forbidden(`spec.${field}`, 'pod updates may not add or remove containers')];
    }
  }
  errors.push(...deadline(pod.spec.activeDeadlineSeconds, old.spec.activeDeadlineSeconds));
  errors.push(...gates(pod, old), ...tolerations(pod, old));
  const changed = changedFields(pod.spec, old.spec);
  if (changed.length > 0) {
    errors.push(
      forbidden('spec', `${MAY_CHANGE}\n${describeChanges(pod.spec, old.spec, changed)}`),
    );
  }
  return errors;
}

function deadline(now: number | undefined, before: number | undefined): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  if (now === undefined) {
    return before === undefined
      ? []
      : [invalid(path, undefined, 'must not update from a positive integer to nil value')];
  }
  if (before !== undefined && before < now) {
    return [invalid(path, now, 'must be less than or equal to previous value')];
  }
  return [];
}

function gates(pod: Pod, old: Pod): FieldError[] {
  const before = new Set((old.spec.schedulingGates ?? []).map(({ name }) => name));
  return (pod.spec.schedulingGates ?? [])
    .filter(({ name }) => !before.has(name))
    .map(({ name = '' }) =>
      forbidden(
        'spec.schedulingGates',
        `only deletion is allowed, but found new scheduling gate '${name}'`,
      ),
    );
}

function tolerations(pod: Pod, old: Pod): FieldError[] {
  const now = pod.spec.tolerations ?? [];
  const kept = (old.spec.tolerations ?? []).every((before) =>
    now.some((one) => covers(one, before)),
  );
  return kept
    ? []
    : [
        forbidden(
          'spec.tolerations',
          'existing toleration can not be modified except its tolerationSeconds',
        ),
      ];
}

function covers(a: Loose<Toleration>, b: Loose<Toleration>): boolean {
  return (
    a.key === b.key && a.operator === b.operator && a.value === b.value && a.effect === b.effect
  );
}

/** Names of the spec's fields that differ although they may not. */
function changedFields(spec: Loose<PodSpec>, old: Loose<PodSpec>): string[] {
  const now = withoutMutable(spec);
  const before = withoutMutable(old);
  // The scheduler's binding comes this way.
  if ((old.nodeName ?? '') === '') delete now.nodeName;
  const negative = (old.terminationGracePeriodSeconds ?? 0) < 0;
  if (negative && spec.terminationGracePeriodSeconds === 1) {
    delete now.terminationGracePeriodSeconds;
    delete before.terminationGracePeriodSeconds;
  }
  const keys = new Set([...Object.keys(now), ...Object.keys(before)]);
  return [...keys]
    .filter((key) => !equalJson(Reflect.get(now, key), Reflect.get(before, key)))
    .sort();
}

function withoutMutable(spec: Loose<PodSpec>): Loose<PodSpec> {
  const copy = cloneJson(spec);
  for (const container of [...(copy.containers ?? []), ...(copy.initContainers ?? [])])
    delete container.image;
  delete copy.activeDeadlineSeconds;
  delete copy.tolerations;
  delete copy.schedulingGates;
  // The ephemeralcontainers subresource comes this way too.
  delete copy.ephemeralContainers;
  return copy;
}

/** Go prints a structural difference here; ours names each field with both values. */
function describeChanges(
  spec: Loose<PodSpec>,
  old: Loose<PodSpec>,
  fields: readonly string[],
): string {
  const lines = fields.flatMap((field) => {
    const goName = `${field.slice(0, 1).toUpperCase()}${field.slice(1)}`;
    const show = (value: unknown): string => (value === undefined ? 'nil' : JSON.stringify(value));
    return [
      `- \t${goName}: ${show(Reflect.get(old, field))},`,
      `+ \t${goName}: ${show(Reflect.get(spec, field))},`,
    ];
  });
  return ['  core.PodSpec{', '  \t... // identical fields', ...lines, '  }', ''].join('\n');
}
