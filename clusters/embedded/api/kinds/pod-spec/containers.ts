import type { Container, ContainerPort, PodSpec } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, named, oneOf } from '../checks.js';
import {
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notFound,
  notSupported,
  required,
} from '../field-errors.js';
import type { Loose } from '../loose.js';
import { dnsLabel, portName, portNumber } from '../names.js';
import { validateEnv, validateEnvFrom } from './env.js';
import { validateHandler, validateProbe } from './probes.js';
import { validateResources } from './resources.js';
import { validateSecurityContext } from './security.js';
import { validateVolumeDevices, validateVolumeMounts, type VolumeNames } from './volume-mounts.js';

type AnyContainer = Omit<Loose<Container>, 'targetContainerName'>;

/** The parts of a pod's spec that its containers are checked against. */
export interface PodContext {
  volumes: VolumeNames;
  spec: Loose<PodSpec>;
}

const PROBES = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const;

export function validateContainers(
  path: string,
  containers: AnyContainer[],
  pod: PodContext,
): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, container] of containers.entries()) {
    const at = `${path}[${index}]`;
    errors.push(...validateCommon(at, container, pod), ...unique(at, container, names));
    errors.push(...validateLifecycle(at, container, pod), ...validateProbes(at, container));
    if (container.restartPolicy !== undefined) {
      errors.push(forbidden(`${at}.restartPolicy`, 'may not be set for non-init containers'));
    }
  }
  return [...errors, ...hostPortConflicts(path, containers)];
}

export function validateInitContainers(path: string, pod: PodContext): FieldError[] {
  const names = new Set((pod.spec.containers ?? []).map(({ name = '' }) => name));
  const errors: FieldError[] = [];
  for (const [index, container] of (pod.spec.initContainers ?? []).entries()) {
    const at = `${path}[${index}]`;
    errors.push(...validateCommon(at, container, pod), ...unique(at, container, names));
    const sidecar = container.restartPolicy === 'Always';
    if (container.restartPolicy !== undefined && !sidecar) {
      errors.push(notSupported(`${at}.restartPolicy`, container.restartPolicy, ['Always']));
    }
    if (sidecar) {
      errors.push(...validateLifecycle(at, container, pod), ...validateProbes(at, container));
      continue;
    }
    const why = 'may not be set for init containers without restartPolicy=Always';
    for (const field of ['lifecycle', ...PROBES] as const) {
      if (container[field] !== undefined) errors.push(forbidden(`${at}.${field}`, why));
    }
  }
  return errors;
}

/** Ephemeral containers have no ports, probes, resources or life cycle. */
export function validateEphemeralContainers(path: string, pod: PodContext): FieldError[] {
  const others = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])];
  const names = new Set(others.map(({ name = '' }) => name));
  const errors: FieldError[] = [];
  for (const [index, container] of (pod.spec.ephemeralContainers ?? []).entries()) {
    const at = `${path}[${index}]`;
    errors.push(...validateCommon(at, container, pod), ...unique(at, container, names));
    const target = container.targetContainerName ?? '';
    if (target !== '' && !others.some(({ name }) => name === target)) {
      errors.push(notFound(`${at}.targetContainerName`, target));
    }
    for (const field of ['lifecycle', ...PROBES] as const) {
      if (container[field] === undefined) continue;
      errors.push(forbidden(`${at}.${field}`, 'cannot be set for an Ephemeral Container'));
    }
    if ((container.ports ?? []).length > 0) {
      errors.push(forbidden(`${at}.ports`, 'cannot be set for an Ephemeral Container'));
    }
  }
  return errors;
}

function unique(at: string, { name = '' }: AnyContainer, names: Set<string>): FieldError[] {
  if (name !== '' && names.has(name)) return [duplicate(`${at}.name`, name)];
  names.add(name);
  return [];
}

function validateCommon(at: string, container: AnyContainer, pod: PodContext): FieldError[] {
  return [
    ...named(`${at}.name`, container.name, dnsLabel),
    ...validateImage(`${at}.image`, container.image),
    ...oneOf(`${at}.terminationMessagePolicy`, container.terminationMessagePolicy, [
      'FallbackToLogsOnError',
      'File',
    ]),
    ...validatePorts(`${at}.ports`, container.ports ?? []),
    ...validateEnv(`${at}.env`, container.env ?? []),
    ...validateEnvFrom(`${at}.envFrom`, container.envFrom ?? []),
    ...validateVolumeMounts(`${at}.volumeMounts`, container, pod.volumes),
    ...validateVolumeDevices(`${at}.volumeDevices`, container, pod.volumes),
    ...validatePullPolicy(`${at}.imagePullPolicy`, container.imagePullPolicy),
    ...validateResources(`${at}.resources`, container.resources ?? {}),
    ...validateSecurityContext(`${at}.securityContext`, container.securityContext),
  ];
}

function validateImage(path: string, image: string | undefined): FieldError[] {
  if (image === undefined || image === '') return [required(path)];
  return image === image.trim()
    ? []
    : [invalid(path, image, 'must not have leading or trailing whitespace')];
}

function validatePullPolicy(path: string, policy: string | undefined): FieldError[] {
  if (policy === undefined || policy === '') return [required(path)];
  return oneOf(path, policy, ['Always', 'IfNotPresent', 'Never']);
}

function validatePorts(path: string, ports: Loose<ContainerPort>[]): FieldError[] {
  const names = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`;
    const { name = '', containerPort = 0, hostPort = 0, protocol = '' } = port;
    if (name !== '') {
      const faults = portName(name);
      errors.push(...invalidEach(`${at}.name`, name, faults));
      if (faults.length === 0 && names.has(name)) errors.push(duplicate(`${at}.name`, name));
      else names.add(name);
    }
    if (containerPort === 0) errors.push(required(`${at}.containerPort`));
    else
      errors.push(...invalidEach(`${at}.containerPort`, containerPort, portNumber(containerPort)));
    if (hostPort !== 0)
      errors.push(...invalidEach(`${at}.hostPort`, hostPort, portNumber(hostPort)));
    errors.push(...filled(`${at}.protocol`, protocol));
    if (protocol !== '') errors.push(...oneOf(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
  }
  return errors;
}

function hostPortConflicts(path: string, containers: AnyContainer[]): FieldError[] {
  const taken = new Set<string>();
  const errors: FieldError[] = [];
  for (const [index, { ports = [] }] of containers.entries()) {
    for (const [portIndex, { hostPort = 0, protocol = '', hostIP = '' }] of ports.entries()) {
      if (hostPort === 0) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key))
        errors.push(duplicate(`${path}[${index}].ports[${portIndex}].hostPort`, key));
      taken.add(key);
    }
  }
  return errors;
}

function validateLifecycle(at: string, { lifecycle }: AnyContainer, pod: PodContext): FieldError[] {
  const grace = pod.spec.terminationGracePeriodSeconds;
  return [
    ...(lifecycle?.postStart === undefined
      ? []
      : validateHandler(`${at}.lifecycle.postStart`, lifecycle.postStart, grace)),
    ...(lifecycle?.preStop === undefined
      ? []
      : validateHandler(`${at}.lifecycle.preStop`, lifecycle.preStop, grace)),
  ];
}

function validateProbes(at: string, container: AnyContainer): FieldError[] {
  const errors: FieldError[] = [];
  for (const name of PROBES) {
    const probe = container[name];
    if (probe === undefined) continue;
    errors.push(...validateProbe(`${at}.${name}`, probe));
    const { successThreshold = 1, terminationGracePeriodSeconds } = probe;
    if (name === 'readinessProbe') {
      if (terminationGracePeriodSeconds !== undefined) {
        const why = 'must not be set for readinessProbes';
        errors.push(
          invalid(
            `${at}.${name}.terminationGracePeriodSeconds`,
            terminationGracePeriodSeconds,
            why,
          ),
        );
      }
    } else if (successThreshold !== 1) {
      errors.push(invalid(`${at}.${name}.successThreshold`, successThreshold, 'must be 1'));
    }
  }
  return errors;
}
