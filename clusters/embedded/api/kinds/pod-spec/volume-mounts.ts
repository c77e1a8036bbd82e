import type { Container } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, oneOf } from '../checks.js';
import { invalid, notFound } from '../field-errors.js';
import type { Loose } from '../loose.js';

/** Names of the good volumes of a pod, with whether each is a claim (only those can be block devices). */
export type VolumeNames = ReadonlyMap<string, { claim: boolean }>;

type Mounts = Pick<Loose<Container>, 'volumeMounts' | 'volumeDevices' | 'securityContext'>;

export function validateVolumeMounts(
  path: string,
  container: Mounts,
  volumes: VolumeNames,
): FieldError[] {
  const seen = new Set<string>();
  const errors: FieldError[] = [];
  const devices = container.volumeDevices ?? [];
  for (const [index, mount] of (container.volumeMounts ?? []).entries()) {
    const at = `${path}[${index}]`;
    const { name = '', mountPath = '', subPath = '', subPathExpr = '', mountPropagation } = mount;
    errors.push(...filled(`${at}.name`, name));
    if (!volumes.has(name)) errors.push(notFound(`${at}.name`, name));
    errors.push(...filled(`${at}.mountPath`, mountPath));
    if (seen.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    seen.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      errors.push(invalid(`${at}.name`, name, 'must not already exist in volumeDevices'));
    }
    if (devices.some((device) => device.devicePath === mountPath)) {
      errors.push(
        invalid(`${at}.mountPath`, mountPath, 'must not already exist as a path in volumeDevices'),
      );
    }
    if (subPath !== '') errors.push(...descending(`${path}.subPath`, subPath));
    if (subPathExpr !== '') {
      if (subPath !== '') {
        const why = 'subPathExpr and subPath are mutually exclusive';
        errors.push(invalid(`${at}.subPathExpr`, subPathExpr, why));
      }
      errors.push(...descending(`${path}.subPathExpr`, subPathExpr));
    }
    if (mountPropagation === undefined) continue;
    errors.push(
      ...oneOf(`${at}.mountPropagation`, mountPropagation, [
        'Bidirectional',
        'HostToContainer',
        'None',
      ]),
    );
  }
  return errors;
}

export function validateVolumeDevices(
  path: string,
  container: Mounts,
  volumes: VolumeNames,
): FieldError[] {
  return (container.volumeDevices ?? []).flatMap(({ name = '', devicePath = '' }, index) => {
    const at = `${path}[${index}]`;
    const errors = filled(`${at}.name`, name);
    const volume = volumes.get(name);
    if (volume === undefined) errors.push(notFound(`${at}.name`, name));
    else if (!volume.claim) {
      const why =
        'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode';
      errors.push(invalid(`${at}.name`, name, why));
    }
    return [...errors, ...filled(`${at}.devicePath`, devicePath)];
  });
}

/** A path below another: relative and never up. */
export function descending(path: string, target: string): FieldError[] {
  return [
    ...(target.startsWith('/') ? [invalid(path, target, 'must be a relative path')] : []),
    ...noWayUp(path, target),
  ];
}

export function noWayUp(path: string, target: string): FieldError[] {
  return target.split('/').includes('..') ? [invalid(path, target, "must not contain '..'")] : [];
}
