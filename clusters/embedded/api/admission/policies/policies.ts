import { ApiError, forbidden } from '../../api-error.js';
import type { RbacAuthorizer } from '../../auth/rbac.js';
import { OutOfTimeError, runBounded } from '../../cel/bounded.js';
import type { ResourceRegistry } from '../../registry/resource-registry.js';
import type { Admission, AdmissionRequest } from '../../registry/admission.js';
import { ConfigurationError } from './configuration-error.js';
import { evaluatePolicy } from './evaluate.js';
import type { Denial } from './evaluate.js';
import { matchesRequest } from './match.js';
import { servedVersions } from './match.js';
import type { VersionsOf } from './match.js';
import { findParams } from './params.js';
import type { FindKind } from './params.js';
import type { Policy, PolicyBinding } from './policy-objects.js';
import { programsOf } from './programs.js';
import { paramsVariable, requestVariables } from './request-variables.js';

const GROUP = 'admissionregistration.k8s.io';
const POLICIES = `validatingadmissionpolicies.${GROUP}`;
const BINDINGS = `validatingadmissionpolicybindings.${GROUP}`;
/** What says who may enter cannot be locked out: neither policies nor webhooks speak of it. */
export const EXEMPT: readonly string[] = [
  POLICIES,
  BINDINGS,
  `validatingwebhookconfigurations.${GROUP}`,
  `mutatingwebhookconfigurations.${GROUP}`,
];
/** Of the processor, for each policy with each binding and parameter: their budgets do not touch each other. */
const BUDGET_MS = 250;
const CODES: Readonly<Record<string, number>> = {
  Unauthorized: 401,
  Forbidden: 403,
  RequestEntityTooLarge: 413,
};

/** A denial with where it comes from. */
interface Refusal extends Denial {
  policy: string;
  binding: string | undefined;
}

/** ValidatingAdmissionPolicies: rules in CEL about any request, put into force by bindings. */
export function createPolicyAdmission(parts: {
  rbac: RbacAuthorizer;
  registry: ResourceRegistry;
}): Admission {
  const { rbac, registry } = parts;
  const findKind: FindKind = ({ apiVersion = '', kind = '' }) => {
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    return registry.findKind(group, version, kind);
  };
  const versionsOf = servedVersions(registry);

  return {
    validate(request) {
      const policies = request.api.list<Policy>(POLICIES);
      if (policies.length === 0 || EXEMPT.includes(request.resource)) return;
      const bound = boundPolicies(request, policies, versionsOf);
      if (bound.length === 0) return;
      const [first] = refusalsOf(request, bound, { rbac, findKind });
      if (first !== undefined) throw denied(request, first);
    },
  };
}

interface Bound {
  policy: Policy;
  binding: PolicyBinding;
}

function boundPolicies(
  request: AdmissionRequest,
  policies: readonly Policy[],
  versionsOf: VersionsOf,
): Bound[] {
  const bindings = request.api.list<PolicyBinding>(BINDINGS);
  return policies
    .filter(({ spec }) => matchesRequest(spec.matchConstraints, request, versionsOf))
    .flatMap((policy) =>
      bindings
        .filter(
          ({ spec }) =>
            spec.policyName === policy.metadata.name &&
            matchesRequest(spec.matchResources, request, versionsOf),
        )
        .map((binding) => ({ policy, binding })),
    );
}

/** Says its warnings, returns what denies. */
function refusalsOf(
  request: AdmissionRequest,
  bound: readonly Bound[],
  parts: { rbac: RbacAuthorizer; findKind: FindKind },
): Refusal[] {
  const refusals: Refusal[] = [];
  let variables: Record<string, unknown> | undefined;
  for (const { policy, binding } of bound) {
    const from = { policy: policy.metadata.name, binding: binding.metadata.name };
    const mayFail = policy.spec.failurePolicy === 'Ignore';
    const actions = binding.spec.validationActions ?? [];
    try {
      const { paramKind } = policy.spec;
      const { paramRef } = binding.spec;
      for (const params of findParams(request, { paramKind, paramRef }, parts.findKind)) {
        variables ??= requestVariables(request, parts.rbac);
        const given = { ...variables, params: paramsVariable(params) };
        const denials = runBounded(BUDGET_MS, () => evaluatePolicy(programsOf(policy), given));
        for (const denial of denials) {
          if (denial.failed && mayFail) continue;
          if (actions.includes('Deny')) refusals.push({ ...denial, ...from });
          if (actions.includes('Warn')) {
            request.warn(
              `Validation failed for ValidatingAdmissionPolicy '${from.policy}' with binding '${from.binding}': ${denial.message}`,
            );
          }
        }
      }
    } catch (error) {
      const refusal = refusalFrom(error, from);
      if (!mayFail) refusals.push(refusal);
    }
  }
  return refusals;
}

function refusalFrom(error: unknown, from: { policy: string; binding: string }): Refusal {
  if (error instanceof ConfigurationError) {
    return {
      policy: from.policy,
      binding: error.of === 'policy' ? undefined : from.binding,
      message: `failed to configure ${error.of}: ${error.message}`,
      reason: 'Invalid',
      failed: true,
    };
  }
  if (error instanceof OutOfTimeError) {
    const message =
      'validation failed due to running out of cost budget, no further validation rules will be run';
    return { ...from, message, reason: 'Invalid', failed: true };
  }
  throw error;
}

function denied(request: AdmissionRequest, refusal: Refusal): ApiError {
  const by = refusal.binding === undefined ? '' : ` with binding '${refusal.binding}'`;
  const why = `ValidatingAdmissionPolicy '${refusal.policy}'${by} denied request: ${refusal.message}`;
  const { message, details } = forbidden(request.definition, request.name, why);
  const code = Object.hasOwn(CODES, refusal.reason) ? CODES[refusal.reason] : undefined;
  return new ApiError(code ?? 422, refusal.reason, {
    message,
    details: { ...details, causes: [{ message: why }] },
  });
}
