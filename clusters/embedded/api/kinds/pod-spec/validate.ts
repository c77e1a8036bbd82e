import type { PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { oneOf, optionallyNamed } from '../checks.js';
import { duplicate, forbidden, invalid, required } from '../field-errors.js';
import { isAddress } from '../addresses.js';
import { validateLabels } from '../labels.js';
import type { Loose } from '../loose.js';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../names.js';
import { validateAnnotations } from '../object-meta.js';
import {
  validateContainers,
  validateEphemeralContainers,
  validateInitContainers,
} from './containers.js';
import {
  validateAffinity,
  validateDns,
  validateTolerations,
  validateTopologySpread,
} from './scheduling.js';
import { validatePodSecurityContext } from './security.js';
import { validateSecretNames, validateVolumes } from './volumes.js';

const MAX_SECONDS = 2147483647;

/** The spec of a pod or of a template, with defaults filled in, in the real server's order. */
export function validatePodSpec(path: string, spec: Loose<PodSpec>): FieldError[] {
  const volumes = validateVolumes(`${path}.volumes`, spec.volumes ?? []);
  const pod = { spec, volumes: volumes.names };
  const { activeDeadlineSeconds, hostNetwork } = spec;
  return [
    ...volumes.errors,
    ...validateContainers(`${path}.containers`, spec.containers ?? [], pod),
    ...validateInitContainers(`${path}.initContainers`, pod),
    ...validateEphemeralContainers(`${path}.ephemeralContainers`, pod),
    ...(hostNetwork === true ? validateHostPorts(`${path}.containers`, spec) : []),
    ...oneOf(`${path}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']),
    ...oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, [
      'ClusterFirstWithHostNet',
      'ClusterFirst',
      'Default',
      'None',
    ]),
    ...validateLabels(`${path}.nodeSelector`, spec.nodeSelector),
    ...validatePodSecurityContext(`${path}.securityContext`, spec.securityContext),
    ...validateSecretNames(`${path}.imagePullSecrets`, spec.imagePullSecrets ?? []),
    ...validateAffinity(`${path}.affinity`, spec.affinity),
    ...validateDns(`${path}.dnsConfig`, spec),
    ...validateGates(path, spec),
    ...validateTopologySpread(
      `${path}.topologySpreadConstraints`,
      spec.topologySpreadConstraints ?? [],
    ),
    ...optionallyNamed(`${path}.serviceAccountName`, spec.serviceAccountName, dnsSubdomain),
    ...optionallyNamed(`${path}.nodeName`, spec.nodeName, dnsSubdomain),
    ...(activeDeadlineSeconds !== undefined &&
    (activeDeadlineSeconds < 1 || activeDeadlineSeconds > MAX_SECONDS)
      ? [
          invalid(
            `${path}.activeDeadlineSeconds`,
            activeDeadlineSeconds,
            `must be between 1 and ${MAX_SECONDS}, inclusive`,
          ),
        ]
      : []),
    ...optionallyNamed(`${path}.hostname`, spec.hostname, dnsLabel),
    ...optionallyNamed(`${path}.subdomain`, spec.subdomain, dnsLabel),
    ...validateTolerations(`${path}.tolerations`, spec.tolerations ?? []),
    ...validateHostAliases(`${path}.hostAliases`, spec),
    ...optionallyNamed(`${path}.priorityClassName`, spec.priorityClassName, dnsSubdomain),
    ...optionallyNamed(`${path}.runtimeClassName`, spec.runtimeClassName, dnsSubdomain),
    ...(spec.preemptionPolicy === undefined
      ? []
      : oneOf(`${path}.preemptionPolicy`, spec.preemptionPolicy, [
          'PreemptLowerPriority',
          'Never',
        ])),
  ];
}

/** A template within a controller's spec. */
export function validatePodTemplate(path: string, template: Loose<PodTemplateSpec>): FieldError[] {
  const errors = [
    ...validateLabels(`${path}.metadata.labels`, template.metadata?.labels),
    ...validateAnnotations(`${path}.metadata.annotations`, template.metadata?.annotations),
    ...validatePodSpec(`${path}.spec`, template.spec ?? {}),
  ];
  if ((template.spec?.ephemeralContainers ?? []).length > 0) {
    errors.push(
      forbidden(
        `${path}.spec.ephemeralContainers`,
        'ephemeral containers not allowed in pod template',
      ),
    );
  }
  return errors;
}

function validateHostPorts(path: string, spec: Loose<PodSpec>): FieldError[] {
  return (spec.containers ?? []).flatMap(({ ports = [] }, index) =>
    ports.flatMap(({ hostPort = 0, containerPort = 0 }, portIndex) =>
      hostPort === containerPort
        ? []
        : [
            invalid(
              `${path}[${index}].ports[${portIndex}].containerPort`,
              containerPort,
              'must match `hostPort` when `hostNetwork` is true',
            ),
          ],
    ),
  );
}

function validateGates(path: string, spec: Loose<PodSpec>): FieldError[] {
  const seen = new Set<string>();
  return [
    ...(spec.readinessGates ?? []).flatMap(({ conditionType }, index) =>
      optionallyNamed(
        `${path}.readinessGates[${index}].conditionType`,
        conditionType,
        qualifiedName,
      ),
    ),
    ...(spec.schedulingGates ?? []).flatMap(({ name = '' }, index) => {
      const at = `${path}.schedulingGates[${index}]`;
      if (name === '') return [required(`${at}.name`)];
      if (seen.has(name)) return [duplicate(at, name)];
      seen.add(name);
      return optionallyNamed(at, name, qualifiedName);
    }),
  ];
}

function validateHostAliases(path: string, spec: Loose<PodSpec>): FieldError[] {
  return (spec.hostAliases ?? []).flatMap(({ ip = '', hostnames = [] }) => [
    ...(isAddress(ip) ? [] : [invalid(`${path}.ip`, ip, 'must be valid IP address')]),
    ...hostnames.flatMap((name) => optionallyNamed(`${path}.hostnames`, name, dnsSubdomain)),
  ]);
}
