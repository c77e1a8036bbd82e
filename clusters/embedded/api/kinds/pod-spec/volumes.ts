import type { KeyToPath, Volume, VolumeProjection } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { filled, named } from '../checks.js';
import {
  duplicate,
  forbidden,
  invalid,
  invalidEach,
  notSupported,
  required,
} from '../field-errors.js';
import type { Loose } from '../loose.js';
import { configKey, dnsLabel, dnsSubdomain } from '../names.js';
import { canonicalQuantity, parseQuantity } from '../quantity.js';
import { validateFieldRef, validateResourceField } from './env.js';
import { descending, noWayUp, type VolumeNames } from './volume-mounts.js';

const MODE_RANGE = 'must be a number between 0 and 0777 (octal), both inclusive';
const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const DOWNWARD_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const MIN_TOKEN_LIFETIME_S = 600;

/** The faults of a pod's volumes, and the volumes that its containers may use. */
export function validateVolumes(
  path: string,
  volumes: Loose<Volume>[],
): { errors: FieldError[]; names: VolumeNames } {
  const names = new Map<string, { claim: boolean }>();
  const errors: FieldError[] = [];
  for (const [index, volume] of volumes.entries()) {
    const at = `${path}[${index}]`;
    const { name = '' } = volume;
    const faults = [...validateSource(at, volume), ...named(`${at}.name`, name, dnsLabel)];
    if (names.has(name)) faults.push(duplicate(`${at}.name`, name));
    if (faults.length === 0) {
      names.set(name, { claim: (volume.persistentVolumeClaim ?? volume.ephemeral) !== undefined });
    } else errors.push(...faults);
  }
  return { errors, names };
}

/** Checks of the sources that people write by hand; others only have to be alone. */
const SOURCES: Readonly<Record<string, (at: string, volume: Loose<Volume>) => FieldError[]>> = {
  emptyDir: (at, { emptyDir }) => {
    const limit = emptyDir?.sizeLimit;
    if (limit === undefined || (parseQuantity(limit)?.nano ?? 0n) >= 0n) return [];
    return [
      forbidden(`${at}.emptyDir.sizeLimit`, 'SizeLimit field must be a valid resource quantity'),
    ];
  },
  hostPath: (at, { hostPath }) => [
    ...filled(`${at}.hostPath.path`, hostPath?.path),
    ...noWayUp(`${at}.hostPath.path`, hostPath?.path ?? ''),
    ...(HOST_PATH_TYPES.includes(hostPath?.type ?? '')
      ? []
      : [notSupported(`${at}.hostPath.type`, hostPath?.type, HOST_PATH_TYPES)]),
  ],
  secret: (at, { secret }) => [
    ...filled(`${at}.secret.secretName`, secret?.secretName),
    ...mode(`${at}.secret.defaultMode`, secret?.defaultMode),
    ...items(`${at}.secret.items`, secret?.items),
  ],
  configMap: (at, { configMap }) => [
    ...filled(`${at}.configMap.name`, configMap?.name),
    ...mode(`${at}.configMap.defaultMode`, configMap?.defaultMode),
    ...items(`${at}.configMap.items`, configMap?.items),
  ],
  persistentVolumeClaim: (at, { persistentVolumeClaim }) =>
    filled(`${at}.persistentVolumeClaim.claimName`, persistentVolumeClaim?.claimName),
  nfs: (at, { nfs }) => [
    ...filled(`${at}.nfs.server`, nfs?.server),
    ...filled(`${at}.nfs.path`, nfs?.path),
    ...((nfs?.path ?? '/').startsWith('/')
      ? []
      : [invalid(`${at}.nfs.path`, nfs?.path, 'must be an absolute path')]),
  ],
  csi: (at, { csi }) => filled(`${at}.csi.driver`, csi?.driver),
  downwardAPI: (at, { downwardAPI }) => [
    ...mode(`${at}.downwardAPI.defaultMode`, downwardAPI?.defaultMode),
    ...(downwardAPI?.items ?? []).flatMap((item) => downwardFile(`${at}.downwardAPI`, item)),
  ],
  projected: (at, { projected }) => [
    ...mode(`${at}.projected.defaultMode`, projected?.defaultMode),
    ...(projected?.sources ?? []).flatMap((source, index) =>
      projection(`${at}.projected.sources[${index}]`, source),
    ),
  ],
};

function validateSource(at: string, volume: Loose<Volume>): FieldError[] {
  const kinds = Object.keys(volume).filter((key) => key !== 'name');
  const [first] = kinds;
  if (first === undefined) return [required(at, 'must specify a volume type')];
  const errors = SOURCES[first]?.(at, volume) ?? [];
  for (const other of kinds.slice(1)) {
    errors.push(forbidden(`${at}.${other}`, 'may not specify more than 1 volume type'));
  }
  return errors;
}

function projection(at: string, source: Loose<VolumeProjection>): FieldError[] {
  const kinds = Object.keys(source);
  const errors: FieldError[] = [];
  const { secret, configMap, downwardAPI, serviceAccountToken } = source;
  if (secret !== undefined) {
    errors.push(
      ...filled(`${at}.secret.name`, secret.name),
      ...items(`${at}.secret.items`, secret.items),
    );
  }
  if (configMap !== undefined) {
    errors.push(
      ...filled(`${at}.configMap.name`, configMap.name),
      ...items(`${at}.configMap.items`, configMap.items),
    );
  }
  errors.push(
    ...(downwardAPI?.items ?? []).flatMap((item) => downwardFile(`${at}.downwardAPI`, item)),
  );
  if (serviceAccountToken !== undefined) {
    const { expirationSeconds = 0, path } = serviceAccountToken;
    if (expirationSeconds < MIN_TOKEN_LIFETIME_S) {
      const why = 'may not specify a duration less than 10 minutes';
      errors.push(invalid(`${at}.serviceAccountToken.expirationSeconds`, expirationSeconds, why));
    }
    errors.push(...filled(`${at}.serviceAccountToken.path`, path));
  }
  if (kinds.length > 1) errors.push(forbidden(at, 'may not specify more than 1 volume type'));
  return errors;
}

function downwardFile(
  at: string,
  item: NonNullable<NonNullable<Loose<Volume>['downwardAPI']>['items']>[number],
): FieldError[] {
  const { path = '', fieldRef, resourceFieldRef } = item;
  const errors = filled(`${at}.path`, path);
  errors.push(...descending(`${at}.path`, path));
  if (fieldRef !== undefined) {
    errors.push(...validateFieldRef(`${at}.fieldRef`, fieldRef, DOWNWARD_FIELDS));
    if (resourceFieldRef !== undefined) {
      errors.push(
        invalid(
          at,
          'resource',
          'fieldRef and resourceFieldRef can not be specified simultaneously',
        ),
      );
    }
  } else if (resourceFieldRef !== undefined) {
    errors.push(...validateResourceField(`${at}.resourceFieldRef`, resourceFieldRef.resource));
  } else errors.push(required(at, 'one of fieldRef and resourceFieldRef is required'));
  return [...errors, ...mode(`${at}.mode`, item.mode)];
}

function items(path: string, list: Loose<KeyToPath>[] | undefined): FieldError[] {
  return (list ?? []).flatMap(({ key, path: target = '', mode: bits }, index) => [
    ...named(`${path}[${index}].key`, key, configKey),
    ...filled(`${path}[${index}].path`, target),
    ...descending(`${path}[${index}].path`, target),
    ...mode(`${path}[${index}].mode`, bits),
  ]);
}

function mode(path: string, bits: number | undefined): FieldError[] {
  return bits !== undefined && (bits < 0 || bits > 0o777) ? [invalid(path, bits, MODE_RANGE)] : [];
}

/** References to Secrets by name, as for pulling images. */
export function validateSecretNames(path: string, references: { name?: string }[]): FieldError[] {
  return references.flatMap(({ name = '' }, index) =>
    name === ''
      ? [required(`${path}[${index}].name`)]
      : invalidEach(`${path}[${index}].name`, name, dnsSubdomain(name)),
  );
}

/** Amounts of storage that a claim asks for. */
export function validateStorageRequest(path: string, amount: string | undefined): FieldError[] {
  if (amount === undefined) return [required(path)];
  if ((parseQuantity(amount)?.nano ?? 0n) > 0n) return [];
  return [invalid(path, canonicalQuantity(amount), 'must be greater than zero')];
}
