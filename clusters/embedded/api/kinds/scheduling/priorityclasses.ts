import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { oneOf } from '../checks.js';
import { AGE, booleanColumn, column, integerColumn, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { forbidden } from '../field-errors.js';
import { validateMeta } from '../object-meta.js';

interface PriorityClass extends KubeObject {
  value?: number;
  globalDefault?: boolean;
  preemptionPolicy?: string;
}

const MAX_FOR_USERS = 1_000_000_000;
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

export const PRIORITY_CLASSES = defineResource({
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  shortNames: ['pc'],
  namespaced: false,
  hasGeneration: true,
  applyDefaults(priority: PriorityClass) {
    priority.preemptionPolicy ??= 'PreemptLowerPriority';
    priority.value ??= 0;
  },
  validate(priority: PriorityClass) {
    const { name } = priority.metadata;
    const { value = 0 } = priority;
    const errors: FieldError[] = validateMeta(priority);
    if (name.startsWith('system-')) {
      if (SYSTEM_CLASSES[name] !== value) {
        const why =
          "priority class names with 'system-' prefix are reserved for system use only. error: ";
        const fault =
          name in SYSTEM_CLASSES
            ? `value of ${name} PriorityClass must be ${SYSTEM_CLASSES[name] ?? 0}`
            : `${name} is not a known system priority class`;
        errors.push(forbidden('metadata.name', `${why}${fault}`));
      }
    } else if (value > MAX_FOR_USERS) {
      const why = `maximum allowed value of a user defined priority is ${MAX_FOR_USERS}`;
      errors.push(forbidden('value', why));
    }
    return [
      ...errors,
      ...oneOf('preemptionPolicy', priority.preemptionPolicy, ['PreemptLowerPriority', 'Never']),
    ];
  },
  validateUpdate: (priority: PriorityClass, old: PriorityClass) => [
    ...(priority.value === old.value
      ? []
      : [forbidden('value', 'may not be changed in an update.')]),
    ...(priority.preemptionPolicy === old.preemptionPolicy
      ? []
      : [
          {
            path: 'preemptionPolicy',
            reason: 'FieldValueInvalid',
            text: 'Invalid value: field is immutable',
          },
        ]),
  ],
  columns: [
    NAME,
    integerColumn<PriorityClass>('Value', 'Higher goes first.', ({ value = 0 }) => value),
    booleanColumn<PriorityClass>(
      'Global-Default',
      'For pods that name none.',
      ({ globalDefault = false }) => globalDefault,
    ),
    AGE,
    column<PriorityClass>(
      'PreemptionPolicy',
      'Whether it pushes others out.',
      ({ preemptionPolicy = '' }) => preemptionPolicy,
    ),
  ],
});
