import type { NetworkPolicySpec } from 'kubernetes-types/networking/v1.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { formatSelector } from '../labels.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';
import { validateNetworkPolicySpec } from './networkpolicy-validate.js';

export type NetworkPolicy = ObjectOf<NetworkPolicySpec>;

export const NETWORK_POLICIES = defineResource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  shortNames: ['netpol'],
  hasGeneration: true,
  applyDefaults(policy: NetworkPolicy) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    const spec = (policy.spec ??= {});
    spec.podSelector ??= {};
    for (const { ports = [] } of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of ports) port.protocol ??= 'TCP';
    }
    // Egress counts only where it has rules: an empty list says nothing.
    if ((spec.policyTypes ?? []).length === 0) {
      spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
    }
  },
  validate: (policy: NetworkPolicy) => [
    ...validateMeta(policy),
    ...validateNetworkPolicySpec('spec', policy.spec),
  ],
  columns: [
    NAME,
    column<NetworkPolicy>('Pod-Selector', 'Pods that it applies to.', ({ spec }) =>
      formatSelector(spec.podSelector),
    ),
    AGE,
  ],
});
