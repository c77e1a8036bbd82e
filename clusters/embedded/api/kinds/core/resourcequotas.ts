import type { ResourceQuotaSpec, ResourceQuotaStatus } from 'kubernetes-types/core/v1.js';
import { equalJson } from '../../json/json-values.js';
import type { FieldError } from '../../resource-definition.js';
import { NOT_NEGATIVE } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { GoText, immutableValue, invalid, invalidEach } from '../field-errors.js';
import type { ObjectOf } from '../loose.js';
import { qualifiedName } from '../names.js';
import { validateMeta } from '../object-meta.js';
import { canonicalQuantity, parseQuantity } from '../quantity.js';

export type ResourceQuota = ObjectOf<ResourceQuotaSpec, ResourceQuotaStatus>;

const SCOPES = new Set([
  'Terminating',
  'NotTerminating',
  'BestEffort',
  'NotBestEffort',
  'PriorityClass',
  'CrossNamespacePodAffinity',
]);
const WITHOUT_DOT = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
]);
const ONE = 1_000_000_000n;

export const RESOURCE_QUOTAS = defineResource({
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  shortNames: ['quota'],
  subresources: [statusSubresource('ResourceQuota')],
  applyDefaults(quota: ResourceQuota) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    quota.spec ??= {};
  },
  prepareForCreate(quota: ResourceQuota) {
    quota.status = {};
  },
  validate: (quota: ResourceQuota) => [...validateMeta(quota), ...validateSpec(quota)],
  validateUpdate: (quota: ResourceQuota, old: ResourceQuota) =>
    equalJson(quota.spec.scopes, old.spec.scopes)
      ? []
      : [
          immutableValue(
            'spec.scopes',
            new GoText(
              `[]core.ResourceQuotaScope{${(quota.spec.scopes ?? []).map((scope) => JSON.stringify(scope)).join(', ')}}`,
            ),
          ),
        ],
  columns: [
    NAME,
    AGE,
    column<ResourceQuota>('Request', 'Used of what may be requested.', (quota) =>
      usage(quota, false),
    ),
    column<ResourceQuota>('Limit', 'Used of what may be limited.', (quota) => usage(quota, true)),
  ],
});

function usage({ status }: ResourceQuota, limits: boolean): string {
  return Object.entries(status?.hard ?? {})
    .filter(([name]) => name.startsWith('limits.') === limits)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status?.used?.[name] ?? '0'}/${hard}`)
    .join(', ');
}

function validateSpec({ spec }: ResourceQuota): FieldError[] {
  const errors: FieldError[] = [];
  for (const [name, amount] of Object.entries(spec.hard ?? {})) {
    const path = `spec.hard[${name}]`;
    errors.push(...invalidEach(path, name, qualifiedName(name)));
    if (!name.includes('/') && !name.includes('.') && !WITHOUT_DOT.has(name)) {
      errors.push(invalid(path, name, 'must be a standard resource for quota'));
    }
    const nano = parseQuantity(amount)?.nano ?? 0n;
    if (nano < 0n) errors.push(invalid(path, canonicalQuantity(amount), NOT_NEGATIVE));
    const whole = name.startsWith('count/') || name === 'pods' || name.startsWith('services');
    if (whole && nano % ONE !== 0n)
      errors.push(invalid(path, canonicalQuantity(amount), 'must be an integer'));
  }
  const scopes = spec.scopes ?? [];
  for (const scope of scopes) {
    if (SCOPES.has(scope)) continue;
    const shown = scopes.map((one) => JSON.stringify(one)).join(', ');
    errors.push(
      invalid(
        'spec.scopes',
        new GoText(`[]core.ResourceQuotaScope{${shown}}`),
        'unsupported scope',
      ),
    );
  }
  return errors;
}
