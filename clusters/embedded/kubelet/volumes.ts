import {
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type {
  DownwardAPIVolumeFile,
  KeyToPath,
  Volume,
  VolumeProjection,
} from 'kubernetes-types/core/v1.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type { ConfigMapObject, PodObject, SecretObject } from '../network/objects.js';
import { fieldOf, resourceFieldOf } from './downward.js';

/** A volume cannot be mounted as things are: `FailedMount` with this message, tried again when they change. */
export class VolumeError extends Error {
  override readonly name = 'VolumeError';
}

/** A file of a volume: text, or bytes from a Secret or binaryData. */
interface VolumeFile {
  path: string;
  content: string | Buffer;
  mode: number;
}

export interface VolumeContext {
  api: ClusterApi;
  pod: PodObject;
  /** Where this pod's volumes live. */
  folder: string;
  hostIP: string;
  podIP: string;
  /** A token for the pod's ServiceAccount. */
  token(options: { audience?: string; expirationSeconds: number }): string;
  /** The cluster's user on this machine, where it is not the user of this process. */
  ownerUid: number | undefined;
}

/** Volumes whose files follow objects of the API. */
export function followsObjects(volume: Volume): boolean {
  return (
    volume.configMap !== undefined ||
    volume.secret !== undefined ||
    volume.projected !== undefined ||
    volume.downwardAPI !== undefined
  );
}

/** Whether a change of the named ConfigMap or Secret concerns the pod's volumes. */
export function usesObject(pod: PodObject, kind: 'configMap' | 'secret', name: string): boolean {
  return (pod.spec.volumes ?? []).some((volume) => {
    const projected = volume.projected?.sources ?? [];
    return kind === 'configMap'
      ? volume.configMap?.name === name || projected.some((one) => one.configMap?.name === name)
      : volume.secret?.secretName === name || projected.some((one) => one.secret?.name === name);
  });
}

/**
 * Brings the folder of a volume with objects' files up to date and returns it. Files are switched all at once, as a kubelet does
 * (`..data` points at the current version). Throws VolumeError.
 */
export function prepareVolume(volume: Volume, context: VolumeContext): string {
  const files = filesOf(volume, context);
  if (files === undefined) {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'unknown';
    throw new VolumeError(
      `MountVolume.SetUp failed for volume "${volume.name}" : volumes of type ${kind} are not available in this cluster (there is emptyDir, hostPath, configMap, secret, projected, downwardAPI)`,
    );
  }
  const folder = path.join(context.folder, volume.name);
  writeVersion(folder, files, context.ownerUid);
  return folder;
}

function filesOf(volume: Volume, context: VolumeContext): VolumeFile[] | undefined {
  if (volume.configMap !== undefined) {
    const { defaultMode = 0o644, ...source } = volume.configMap;
    return configMapFiles(source, { volume, context, defaultMode });
  }
  if (volume.secret !== undefined) {
    const { defaultMode = 0o644, secretName, ...source } = volume.secret;
    return secretFiles(
      { ...source, ...(secretName === undefined ? {} : { name: secretName }) },
      { volume, context, defaultMode },
    );
  }
  if (volume.downwardAPI !== undefined) {
    const { defaultMode = 0o644, items } = volume.downwardAPI;
    return downwardFiles(items ?? [], { volume, context, defaultMode });
  }
  if (volume.projected !== undefined) {
    const { defaultMode = 0o644, sources = [] } = volume.projected;
    return sources.flatMap((source) => projectedFiles(source, { volume, context, defaultMode }));
  }
  return undefined;
}

interface Scope {
  volume: Volume;
  context: VolumeContext;
  defaultMode: number;
}

function projectedFiles(source: VolumeProjection, scope: Scope): VolumeFile[] {
  if (source.configMap !== undefined) return configMapFiles(source.configMap, scope);
  if (source.secret !== undefined) return secretFiles(source.secret, scope);
  if (source.downwardAPI !== undefined) return downwardFiles(source.downwardAPI.items ?? [], scope);
  if (source.serviceAccountToken !== undefined) {
    const { audience, expirationSeconds = 3600, path: file } = source.serviceAccountToken;
    const content = scope.context.token({
      expirationSeconds,
      ...(audience === undefined ? {} : { audience }),
    });
    return [{ path: file, content, mode: scope.defaultMode }];
  }
  return [];
}

interface ObjectSource {
  name?: string;
  items?: KeyToPath[];
  optional?: boolean;
}

function configMapFiles(source: ObjectSource, scope: Scope): VolumeFile[] {
  const { api, pod } = scope.context;
  const map = api.get<ConfigMapObject>('configmaps', source.name ?? '', pod.metadata.namespace);
  if (map === undefined)
    return missing(`configmap "${source.name ?? ''}" not found`, source, scope);
  const entries = new Map<string, string | Buffer>(Object.entries(map.data ?? {}));
  for (const [key, value] of Object.entries(map.binaryData ?? {})) {
    entries.set(key, Buffer.from(value, 'base64'));
  }
  return select(entries, source, scope);
}

function secretFiles(source: ObjectSource, scope: Scope): VolumeFile[] {
  const { api, pod } = scope.context;
  const secret = api.get<SecretObject>('secrets', source.name ?? '', pod.metadata.namespace);
  if (secret === undefined)
    return missing(`secret "${source.name ?? ''}" not found`, source, scope);
  const entries = new Map<string, Buffer>();
  for (const [key, value] of Object.entries(secret.data ?? {})) {
    entries.set(key, Buffer.from(value, 'base64'));
  }
  return select(entries, source, scope);
}

function missing(what: string, source: ObjectSource, scope: Scope): VolumeFile[] {
  if (source.optional === true) return [];
  throw new VolumeError(`MountVolume.SetUp failed for volume "${scope.volume.name}" : ${what}`);
}

function select(
  entries: ReadonlyMap<string, string | Buffer>,
  source: ObjectSource,
  scope: Scope,
): VolumeFile[] {
  if (source.items === undefined || source.items.length === 0) {
    return [...entries].map(([key, content]) => ({ path: key, content, mode: scope.defaultMode }));
  }
  return source.items.flatMap((item) => {
    const content = entries.get(item.key);
    if (content === undefined) {
      return missing(`references non-existent config key: ${item.key}`, source, scope);
    }
    return [{ path: item.path, content, mode: item.mode ?? scope.defaultMode }];
  });
}

function downwardFiles(items: readonly DownwardAPIVolumeFile[], scope: Scope): VolumeFile[] {
  const { pod } = scope.context;
  return items.map((item) => {
    const [first] = pod.spec.containers;
    let content = '';
    if (item.fieldRef !== undefined) content = fieldOf(pod, item.fieldRef.fieldPath, scope.context);
    else if (item.resourceFieldRef !== undefined && first !== undefined) {
      content = resourceFieldOf(pod, item.resourceFieldRef, first);
    }
    return { path: item.path, content, mode: item.mode ?? scope.defaultMode };
  });
}

/** The folder's visible names are links through `..data`, which is replaced in one step. */
function writeVersion(
  folder: string,
  files: readonly VolumeFile[],
  ownerUid: number | undefined,
): void {
  mkdirSync(folder, { recursive: true });
  const data = path.join(folder, '..data');
  const previous = existsSync(data) ? readlinkSync(data) : undefined;
  const version = `..v${previous === undefined ? 1 : Number(previous.slice(3)) + 1}`;
  const target = path.join(folder, version);
  mkdirSync(target);
  for (const file of files) {
    const full = path.join(target, file.path);
    if (file.path.includes('/')) mkdirSync(path.dirname(full), { recursive: true });
    writeFileSync(full, file.content, { mode: file.mode });
    // What everybody may read needs no owner.
    if (ownerUid !== undefined && (file.mode & 0o004) === 0) chownSync(full, ownerUid, ownerUid);
  }
  const next = path.join(folder, '..next');
  symlinkSync(version, next);
  renameSync(next, data);
  const wanted = new Set(files.map((file) => file.path.split('/')[0] ?? ''));
  for (const name of wanted) {
    const link = path.join(folder, name);
    if (!existsSync(link)) symlinkSync(`..data/${name}`, link);
  }
  for (const name of readdirSync(folder)) {
    if (name.startsWith('..') || wanted.has(name)) continue;
    rmSync(path.join(folder, name));
  }
  if (previous !== undefined) rmSync(path.join(folder, previous), { recursive: true, force: true });
}
