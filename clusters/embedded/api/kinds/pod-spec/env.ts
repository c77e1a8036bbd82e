import type {
  EnvFromSource,
  EnvVar,
  EnvVarSource,
  ObjectFieldSelector,
} from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, named } from '../checks.js';
import { invalid, invalidEach, notSupported, required } from '../field-errors.js';
import type { Loose } from '../loose.js';
import { configKey, dnsSubdomain, environmentName, qualifiedName } from '../names.js';

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
/** Fields that the API can name at all, allowed here or not. */
const KNOWN_FIELDS = new Set([
  ...ENV_FIELDS,
  'metadata.annotations',
  'metadata.labels',
  'spec.restartPolicy',
  'spec.schedulerName',
  'status.phase',
]);
const RESOURCES = new Set([
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
]);

export function validateEnv(path: string, variables: Loose<EnvVar>[]): FieldError[] {
  return variables.flatMap((variable, index) => [
    ...named(`${path}[${index}].name`, variable.name, environmentName),
    ...validateValueFrom(`${path}[${index}].valueFrom`, variable),
  ]);
}

export function validateEnvFrom(path: string, sources: Loose<EnvFromSource>[]): FieldError[] {
  return sources.flatMap(({ prefix = '', configMapRef, secretRef }, index) => {
    const at = `${path}[${index}]`;
    const errors =
      prefix === '' ? [] : invalidEach(`${at}.prefix`, prefix, environmentName(prefix));
    if (configMapRef !== undefined)
      errors.push(...filled(`${at}.configMapRef.name`, configMapRef.name));
    if (secretRef !== undefined) errors.push(...filled(`${at}.secretRef.name`, secretRef.name));
    const count = Number(configMapRef !== undefined) + Number(secretRef !== undefined);
    if (count === 0)
      errors.push(invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`'));
    if (count > 1)
      errors.push(invalid(at, '', 'may not have more than one field specified at a time'));
    return errors;
  });
}

function validateValueFrom(path: string, { value = '', valueFrom }: Loose<EnvVar>): FieldError[] {
  if (valueFrom === undefined) return [];
  const errors = sourcesOf(path, valueFrom);
  const count = Object.keys(valueFrom).length;
  if (count === 0) {
    const why =
      'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    errors.push(invalid(path, '', why));
  } else if (value !== '') {
    errors.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  } else if (count > 1) {
    errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

function sourcesOf(path: string, source: Loose<EnvVarSource>): FieldError[] {
  const errors: FieldError[] = [];
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = source;
  if (fieldRef !== undefined)
    errors.push(...validateFieldRef(`${path}.fieldRef`, fieldRef, ENV_FIELDS));
  if (resourceFieldRef !== undefined) {
    errors.push(...validateResourceField(`${path}.resourceFieldRef`, resourceFieldRef.resource));
  }
  if (configMapKeyRef !== undefined)
    errors.push(...validateKeyRef(`${path}.configMapKeyRef`, configMapKeyRef));
  if (secretKeyRef !== undefined)
    errors.push(...validateKeyRef(`${path}.secretKeyRef`, secretKeyRef));
  return errors;
}

/** A pointer to a field of the pod itself. */
export function validateFieldRef(
  path: string,
  reference: Loose<ObjectFieldSelector>,
  allowed: readonly string[],
): FieldError[] {
  const { apiVersion = '', fieldPath = '' } = reference;
  if (apiVersion === '') return [required(`${path}.apiVersion`)];
  if (fieldPath === '') return [required(`${path}.fieldPath`)];
  const subscript = /^(metadata\.(?:annotations|labels))\['(.*)'\]$/.exec(fieldPath);
  if (subscript !== null) {
    const key = subscript[2] ?? '';
    return invalidEach(path, key, qualifiedName(key.toLowerCase()));
  }
  if (!KNOWN_FIELDS.has(fieldPath)) {
    const why = `error converting fieldPath: field label not supported: ${fieldPath}`;
    return [invalid(`${path}.fieldPath`, fieldPath, why)];
  }
  return allowed.includes(fieldPath) ? [] : [notSupported(`${path}.fieldPath`, fieldPath, allowed)];
}

export function validateResourceField(path: string, resource = ''): FieldError[] {
  if (resource === '') return [required(`${path}.resource`)];
  const known = RESOURCES.has(resource) || /^(limits|requests)\.hugepages-/.test(resource);
  return known ? [] : [notSupported(`${path}.resource`, resource, [...RESOURCES])];
}

function validateKeyRef(path: string, reference: { name?: string; key?: string }): FieldError[] {
  return [
    ...named(`${path}.name`, reference.name, dnsSubdomain),
    ...named(`${path}.key`, reference.key, configKey),
  ];
}
