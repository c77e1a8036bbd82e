import type { LeaseSpec } from 'kubernetes-types/coordination/v1.js';
import { notNegative, positive } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import type { ObjectOf } from '../loose.js';
import { validateMeta } from '../object-meta.js';

type Lease = ObjectOf<LeaseSpec>;

export const LEASES = defineResource({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  allowUnconditionalUpdate: false,
  applyDefaults(lease: Lease) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    lease.spec ??= {};
  },
  validate: (lease: Lease) => [
    ...validateMeta(lease),
    ...positive('spec.leaseDurationSeconds', lease.spec.leaseDurationSeconds),
    ...notNegative('spec.leaseTransitions', lease.spec.leaseTransitions),
  ],
  columns: [
    NAME,
    column<Lease>('Holder', 'Who holds it.', ({ spec }) => spec.holderIdentity ?? ''),
    AGE,
  ],
});
