import type {
  PodDisruptionBudgetSpec,
  PodDisruptionBudgetStatus,
} from 'kubernetes-types/policy/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { notMoreThanWhole, oneOf, positiveIntOrPercent } from '../checks.js';
import { AGE, column, integerColumn, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { GoText, invalid } from '../field-errors.js';
import { validateLabelSelector } from '../labels.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';

type PodDisruptionBudget = ObjectOf<PodDisruptionBudgetSpec, PodDisruptionBudgetStatus>;

export const POD_DISRUPTION_BUDGETS = defineResource({
  group: 'policy',
  version: 'v1',
  kind: 'PodDisruptionBudget',
  plural: 'poddisruptionbudgets',
  shortNames: ['pdb'],
  subresources: [statusSubresource('PodDisruptionBudget')],
  hasGeneration: true,
  applyDefaults(budget: PodDisruptionBudget) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    budget.spec ??= {};
  },
  prepareForCreate(budget: PodDisruptionBudget) {
    budget.status = {
      disruptionsAllowed: 0,
      currentHealthy: 0,
      desiredHealthy: 0,
      expectedPods: 0,
    };
  },
  validate: (budget: PodDisruptionBudget) => [...validateMeta(budget), ...validateSpec(budget)],
  columns: [
    NAME,
    column<PodDisruptionBudget>('Min Available', 'Pods that must stay.', ({ spec }) =>
      shown(spec.minAvailable),
    ),
    column<PodDisruptionBudget>('Max Unavailable', 'Pods that may go.', ({ spec }) =>
      shown(spec.maxUnavailable),
    ),
    integerColumn<PodDisruptionBudget>(
      'Allowed Disruptions',
      'Pods that may go now.',
      ({ status }) => status?.disruptionsAllowed ?? 0,
    ),
    AGE,
  ],
});

function shown(amount: number | string | undefined): string {
  return amount === undefined ? 'N/A' : String(amount);
}

function validateSpec({ spec }: PodDisruptionBudget): FieldError[] {
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: eviction } = spec;
  const errors: FieldError[] = [];
  if (minAvailable !== undefined && maxUnavailable !== undefined) {
    const value = new GoText('policy.PodDisruptionBudgetSpec{…}');
    errors.push(invalid('spec', value, 'minAvailable and maxUnavailable cannot be both set'));
  }
  if (minAvailable !== undefined) {
    errors.push(...positiveIntOrPercent('spec.minAvailable', minAvailable));
    errors.push(...notMoreThanWhole('spec.minAvailable', minAvailable));
  }
  if (maxUnavailable !== undefined) {
    errors.push(...positiveIntOrPercent('spec.maxUnavailable', maxUnavailable));
    errors.push(...notMoreThanWhole('spec.maxUnavailable', maxUnavailable));
  }
  errors.push(...validateLabelSelector('spec.selector', spec.selector));
  if (eviction !== undefined) {
    errors.push(
      ...oneOf('spec.unhealthyPodEvictionPolicy', eviction, ['AlwaysAllow', 'IfHealthyBudget']),
    );
  }
  return errors;
}
