import type { ResourceRequirements } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { NOT_NEGATIVE } from '../checks.js';
import { invalid, invalidEach } from '../field-errors.js';
import type { Loose } from '../loose.js';
import { qualifiedName } from '../names.js';
import { canonicalQuantity, compareQuantities, parseQuantity } from '../quantity.js';

const CONTAINER_RESOURCES = new Set(['cpu', 'memory', 'ephemeral-storage']);
const ONE = 1_000_000_000n;

export function validateResources(
  path: string,
  resources: Loose<ResourceRequirements>,
): FieldError[] {
  const { limits = {}, requests = {} } = resources;
  const errors: FieldError[] = [];
  for (const [name, amount = '0'] of Object.entries(limits)) {
    errors.push(
      ...validateName(`${path}.limits`, name),
      ...validateAmount(`${path}.limits[${name}]`, name, amount),
    );
  }
  for (const [name, amount = '0'] of Object.entries(requests)) {
    errors.push(
      ...validateName(`${path}.requests`, name),
      ...validateAmount(`${path}.requests[${name}]`, name, amount),
    );
    const limit = limits[name];
    if (limit !== undefined && compareQuantities(amount, limit) > 0) {
      const why = `must be less than or equal to ${name} limit of ${canonicalQuantity(limit)}`;
      errors.push(invalid(`${path}.requests`, canonicalQuantity(amount), why));
    }
  }
  return errors;
}

function validateName(path: string, name: string): FieldError[] {
  const errors = invalidEach(path, name, qualifiedName(name));
  if (errors.length > 0) return errors;
  if (name.includes('/') || name.startsWith('hugepages-') || CONTAINER_RESOURCES.has(name))
    return [];
  return [
    ...(STANDARD_RESOURCES.has(name)
      ? []
      : [invalid(path, name, 'must be a standard resource type or fully qualified')]),
    invalid(path, name, 'must be a standard resource for containers'),
  ];
}

/** Names without a prefix that mean something in a quota, if not in a container. */
const STANDARD_RESOURCES = new Set([
  'cpu',
  'memory',
  'ephemeral-storage',
  'requests.cpu',
  'requests.memory',
  'requests.ephemeral-storage',
  'limits.cpu',
  'limits.memory',
  'limits.ephemeral-storage',
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'persistentvolumeclaims',
  'configmaps',
  'requests.storage',
  'services.nodeports',
  'services.loadbalancers',
  'storage',
]);

function validateAmount(path: string, name: string, amount: string): FieldError[] {
  const nano = parseQuantity(amount)?.nano ?? 0n;
  if (nano < 0n) return [invalid(path, canonicalQuantity(amount), NOT_NEGATIVE)];
  const whole = name.includes('/') || name === 'pods';
  return whole && nano % ONE !== 0n
    ? [invalid(path, canonicalQuantity(amount), 'must be an integer')]
    : [];
}
