import type {
  ParamKind,
  ParamRef,
  ValidatingAdmissionPolicyBindingSpec,
  ValidatingAdmissionPolicySpec,
} from 'kubernetes-types/admissionregistration/v1.js';
import type { KubeObject } from '../../cluster-api.js';

/** Policies and bindings as their validation guarantees them. */

export interface Policy extends KubeObject {
  spec: ValidatingAdmissionPolicySpec;
}

export interface PolicyBinding extends KubeObject {
  spec: ValidatingAdmissionPolicyBindingSpec;
}

export type { ParamKind, ParamRef };
export type MatchResources = NonNullable<ValidatingAdmissionPolicySpec['matchConstraints']>;
/** The types leave out what rules of policies have in common with those of webhooks. */
export type ResourceRule = NonNullable<MatchResources['resourceRules']>[number] & {
  resources?: string[];
  scope?: string;
};
