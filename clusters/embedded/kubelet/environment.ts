import type { Container, EnvVar } from 'kubernetes-types/core/v1.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type {
  ConfigMapObject,
  PodObject,
  SecretObject,
  ServiceObject,
} from '../network/objects.js';
import { fieldOf, resourceFieldOf } from './downward.js';

/** A container cannot be made as its spec stands: `CreateContainerConfigError` with this message. */
export class ContainerConfigError extends Error {
  override readonly name = 'ContainerConfigError';
}

export interface EnvironmentContext {
  api: ClusterApi;
  pod: PodObject;
  hostIP: string;
  podIP: string;
}

/**
 * The environment of a container, in the order a kubelet gives it: service links, envFrom, env. References to
 * earlier variables `$(NAME)` are filled in. Throws ContainerConfigError where a source is missing.
 */
export function environmentOf(
  container: Container,
  image: Readonly<Record<string, string>>,
  context: EnvironmentContext,
): Record<string, string> {
  const { api, pod } = context;
  const result: Record<string, string> = { ...image, ...serviceLinks(api, pod) };
  for (const source of container.envFrom ?? []) {
    const prefix = source.prefix ?? '';
    if (source.configMapRef !== undefined) {
      const { name = '', optional } = source.configMapRef;
      const data = configMapOf(context, name, optional)?.data ?? {};
      for (const [key, value] of Object.entries(data)) result[prefix + key] = value;
    }
    if (source.secretRef !== undefined) {
      const { name = '', optional } = source.secretRef;
      const data = secretOf(context, name, optional)?.data ?? {};
      for (const [key, value] of Object.entries(data)) result[prefix + key] = decode(value);
    }
  }
  for (const variable of container.env ?? []) {
    const value = valueOf(variable, { container, context, known: result });
    if (value !== undefined) result[variable.name] = value;
  }
  return result;
}

function valueOf(
  variable: EnvVar,
  scope: { container: Container; context: EnvironmentContext; known: Record<string, string> },
): string | undefined {
  const { container, context, known } = scope;
  const from = variable.valueFrom;
  if (from === undefined) return expand(variable.value ?? '', known);
  if (from.fieldRef !== undefined) {
    return fieldOf(context.pod, from.fieldRef.fieldPath, context);
  }
  if (from.resourceFieldRef !== undefined) {
    return resourceFieldOf(context.pod, from.resourceFieldRef, container);
  }
  if (from.configMapKeyRef !== undefined) {
    const { name = '', key, optional } = from.configMapKeyRef;
    const map = configMapOf(context, name, optional);
    const value = map?.data?.[key];
    if (value === undefined && map !== undefined && optional !== true) {
      throw new ContainerConfigError(
        `couldn't find key ${key} in ConfigMap ${context.pod.metadata.namespace ?? ''}/${name}`,
      );
    }
    return value;
  }
  if (from.secretKeyRef !== undefined) {
    const { name = '', key, optional } = from.secretKeyRef;
    const secret = secretOf(context, name, optional);
    const value = secret?.data?.[key];
    if (value === undefined && secret !== undefined && optional !== true) {
      throw new ContainerConfigError(
        `couldn't find key ${key} in Secret ${context.pod.metadata.namespace ?? ''}/${name}`,
      );
    }
    return value === undefined ? undefined : decode(value);
  }
  return '';
}

function configMapOf(
  { api, pod }: EnvironmentContext,
  name: string,
  optional = false,
): ConfigMapObject | undefined {
  const map = api.get<ConfigMapObject>('configmaps', name, pod.metadata.namespace);
  if (map === undefined && !optional)
    throw new ContainerConfigError(`configmap "${name}" not found`);
  return map;
}

function secretOf(
  { api, pod }: EnvironmentContext,
  name: string,
  optional = false,
): SecretObject | undefined {
  const secret = api.get<SecretObject>('secrets', name, pod.metadata.namespace);
  if (secret === undefined && !optional)
    throw new ContainerConfigError(`secret "${name}" not found`);
  return secret;
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/**
 * Fills in `$(NAME)` where NAME is known and leaves it as it stands otherwise; `$$(NAME)` is a literal
 * `$(NAME)`. For env values, command and args.
 */
export function expand(text: string, variables: Readonly<Record<string, string>>): string {
  let result = '';
  let at = 0;
  while (at < text.length) {
    if (text[at] !== '$' || at + 1 >= text.length) {
      result += text[at] ?? '';
      at++;
      continue;
    }
    const next = text[at + 1];
    if (next === '$') {
      result += '$';
      at += 2;
      continue;
    }
    const end = next === '(' ? text.indexOf(')', at + 2) : -1;
    if (end === -1) {
      result += `$${next ?? ''}`;
      at += 2;
      continue;
    }
    const name = text.slice(at + 2, end);
    result += Object.hasOwn(variables, name) ? (variables[name] ?? '') : text.slice(at, end + 1);
    at = end + 1;
  }
  return result;
}

/** `NAME_SERVICE_HOST` and the links Docker once made, for Services of the pod's namespace that have an address. */
function serviceLinks(api: ClusterApi, pod: PodObject): Record<string, string> {
  const result: Record<string, string> = {};
  const own =
    pod.spec.enableServiceLinks === false
      ? []
      : api.list<ServiceObject>('services', pod.metadata.namespace);
  const master = api.get<ServiceObject>('services', 'kubernetes', 'default');
  for (const service of master === undefined ? own : [...own, master]) {
    const address = service.spec.clusterIP;
    const [first] = service.spec.ports ?? [];
    if (address === undefined || address === '' || address === 'None' || first === undefined)
      continue;
    const name = service.metadata.name.toUpperCase().replaceAll('-', '_');
    result[`${name}_SERVICE_HOST`] = address;
    result[`${name}_SERVICE_PORT`] = String(first.port);
    for (const port of service.spec.ports ?? []) {
      if (port.name === undefined || port.name === '') continue;
      const suffix = port.name.toUpperCase().replaceAll('-', '_');
      result[`${name}_SERVICE_PORT_${suffix}`] = String(port.port);
    }
    const protocolOf = (protocol: string | undefined): string => (protocol ?? 'TCP').toLowerCase();
    result[`${name}_PORT`] = `${protocolOf(first.protocol)}://${address}:${first.port}`;
    for (const port of service.spec.ports ?? []) {
      const protocol = protocolOf(port.protocol);
      const prefix = `${name}_PORT_${port.port}_${protocol.toUpperCase()}`;
      result[prefix] = `${protocol}://${address}:${port.port}`;
      result[`${prefix}_PROTO`] = protocol;
      result[`${prefix}_PORT`] = String(port.port);
      result[`${prefix}_ADDR`] = address;
    }
  }
  return result;
}
