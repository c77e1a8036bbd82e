import {
  compileCondition,
  compileMessage,
  compileValidation,
  compileVariable,
} from '../../admission/policies/programs.js';
import { CelError } from '../../cel/compile.js';
import type { CelProgram } from '../../cel/compile.js';
import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, oneOf } from '../checks.js';
import { AGE, column, integerColumn, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { invalid, required } from '../field-errors.js';
import { validateMeta } from '../object-meta.js';

interface Policy extends KubeObject {
  spec: {
    validations?: { expression?: string; messageExpression?: string }[];
    matchConditions?: { name?: string; expression?: string }[];
    variables?: { name?: string; expression?: string }[];
    paramKind?: { apiVersion?: string; kind?: string };
    failurePolicy?: string;
    matchConstraints?: MatchResources;
  };
}

interface MatchResources {
  matchPolicy?: string;
  namespaceSelector?: unknown;
  objectSelector?: unknown;
}

interface PolicyBinding extends KubeObject {
  spec: {
    policyName?: string;
    paramRef?: { name?: string; namespace?: string };
    validationActions?: string[];
    matchResources?: MatchResources;
  };
}

const COMMON = {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  categories: ['api-extensions'],
  namespaced: false,
  hasGeneration: true,
} as const;

export const VALIDATING_ADMISSION_POLICIES = defineResource({
  ...COMMON,
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  subresources: [statusSubresource('ValidatingAdmissionPolicy')],
  applyDefaults(policy: Policy) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    policy.spec ??= {};
    policy.spec.failurePolicy ??= 'Fail';
    defaultMatch(policy.spec.matchConstraints);
  },
  validate: (policy: Policy) => [
    ...validateMeta(policy),
    ...oneOf('spec.failurePolicy', policy.spec.failurePolicy, ['Fail', 'Ignore']),
    ...(policy.spec.matchConstraints === undefined ? [required('spec.matchConstraints')] : []),
    ...validateExpressions(policy),
  ],
  columns: [
    NAME,
    integerColumn<Policy>(
      'Validations',
      'Number of checks.',
      ({ spec }) => (spec.validations ?? []).length,
    ),
    column<Policy>('ParamKind', 'Kind of its settings.', ({ spec }) =>
      spec.paramKind === undefined
        ? '<unset>'
        : `${spec.paramKind.apiVersion ?? ''}/${spec.paramKind.kind ?? ''}`,
    ),
    AGE,
  ],
});

export const VALIDATING_ADMISSION_POLICY_BINDINGS = defineResource({
  ...COMMON,
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  applyDefaults(binding: PolicyBinding) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    binding.spec ??= {};
    defaultMatch(binding.spec.matchResources);
  },
  validate: (binding: PolicyBinding) => [
    ...validateMeta(binding),
    ...filled('spec.policyName', binding.spec.policyName),
    ...((binding.spec.validationActions ?? []).length === 0
      ? [required('spec.validationActions')]
      : []),
  ],
  columns: [
    NAME,
    column<PolicyBinding>('PolicyName', 'The policy.', ({ spec }) => spec.policyName ?? ''),
    column<PolicyBinding>('ParamRef', 'Its settings.', ({ spec }) => {
      if (spec.paramRef === undefined) return '<unset>';
      const { name = '', namespace } = spec.paramRef;
      return namespace === undefined
        ? name === ''
          ? '*'
          : name
        : `${namespace}/${name === '' ? '*' : name}`;
    }),
    AGE,
  ],
});

function validateExpressions({ spec }: Policy): FieldError[] {
  const check = (
    path: string,
    text: string | undefined,
    compile: (text: string) => CelProgram | CelError,
  ): FieldError[] => {
    if (text === undefined || text.trim() === '') return filled(path, text?.trim());
    const program = compile(text);
    return program instanceof CelError ? [invalid(path, text, program.message)] : [];
  };
  return [
    ...(spec.variables ?? []).flatMap(({ expression }, index) =>
      check(`spec.variables[${index}].expression`, expression, compileVariable),
    ),
    ...(spec.validations ?? []).flatMap(({ expression, messageExpression }, index) => [
      ...check(`spec.validations[${index}].expression`, expression, compileValidation),
      ...(messageExpression === undefined
        ? []
        : check(`spec.validations[${index}].messageExpression`, messageExpression, compileMessage)),
    ]),
    ...(spec.matchConditions ?? []).flatMap(({ expression }, index) =>
      check(`spec.matchConditions[${index}].expression`, expression, compileCondition),
    ),
  ];
}

function defaultMatch(match: MatchResources | undefined): void {
  if (match === undefined) return;
  match.matchPolicy ??= 'Equivalent';
  match.namespaceSelector ??= {};
  match.objectSelector ??= {};
}
