import { forbidden } from '../api/api-error.js';
import { addQuantities, compareQuantities } from '../api/kinds/quantity.js';
import type { Admission, AdmissionRequest } from '../api/registry/admission.js';
import type { KubeObject } from '../api/cluster-api.js';
import type { PodSpec, ResourceQuota } from './objects.js';
import {
  containerAmount,
  isCounted,
  objectUsage,
  quotaSubject,
  quotaUsage,
} from './quota-usage.js';

/** Refuses what a ResourceQuota of the namespace has no room for. Counts live, so that bursts cannot slip by. */
export function createQuotaAdmission(): Admission {
  return { validate };
}

function validate(request: AdmissionRequest): void {
  const { api, definition, namespace, object, operation, resource, subresource } = request;
  if (namespace === undefined || object === undefined || subresource !== undefined) return;
  if (operation === 'DELETE' || resource === 'events') return;
  for (const quota of api.list<ResourceQuota>('resourcequotas', namespace)) {
    const why = refusal(quota, request, object);
    if (why !== undefined) throw forbidden(definition, object.metadata.name, why);
  }
}

function refusal(
  quota: ResourceQuota,
  request: AdmissionRequest,
  object: KubeObject,
): string | undefined {
  if (!isCounted(quota, object)) return undefined;
  const hard = quota.spec?.hard ?? {};
  const entries = Object.keys(hard)
    .filter((entry) => quotaSubject(entry) === request.resource)
    .sort();
  if (entries.length === 0) return undefined;
  const name = quota.metadata.name;
  if (request.resource === 'pods' && request.operation === 'CREATE') {
    const missing = missingAmounts(object, entries);
    if (missing.length > 0) return `failed quota: ${name}: must specify ${missing.join('; ')}`;
  }
  const exceeded: { entry: string; requested: string; used: string; limited: string }[] = [];
  for (const entry of entries) {
    const limited = hard[entry] ?? '0';
    const before = request.old === undefined ? '0' : objectUsage(entry, request.old);
    const requested = addQuantities(objectUsage(entry, object), negate(before));
    if (compareQuantities(requested, '0') <= 0) continue;
    const used = quotaUsage(request.api, quota, { entry });
    if (compareQuantities(addQuantities(used, requested), limited) > 0) {
      exceeded.push({ entry, requested, used, limited });
    }
  }
  if (exceeded.length === 0) return undefined;
  const list = (field: 'requested' | 'used' | 'limited'): string =>
    exceeded.map((one) => `${one.entry}=${one[field]}`).join(',');
  return `exceeded quota: ${name}, requested: ${list('requested')}, used: ${list('used')}, limited: ${list('limited')}`;
}

/** A pod must state every amount that a quota limits: `limits.cpu for: a,b`. */
function missingAmounts(object: KubeObject, entries: readonly string[]): string[] {
  const spec = object['spec'];
  if (!isPodSpec(spec)) return [];
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  return entries.flatMap((entry) => {
    if (entry === 'pods' || entry.startsWith('count/')) return [];
    const silent = containers.filter(
      (container) => containerAmount(container, entry) === undefined,
    );
    const names = silent.map((container) => container.name).sort();
    return names.length === 0 ? [] : [`${entry} for: ${names.join(',')}`];
  });
}

function negate(quantity: string): string {
  return quantity === '0' ? quantity : `-${quantity}`;
}

function isPodSpec(value: unknown): value is PodSpec {
  return typeof value === 'object' && value !== null && 'containers' in value;
}
