import { isJsonObject } from '../../../../common/json.js';
import { conflict, invalid, MODIFIED_MEANWHILE } from '../api-error.js';
import type { KubeMeta, KubeObject } from '../cluster-api.js';
import { cloneJson, equalJson } from '../json/json-values.js';
import type { FieldError, ResourceDefinition } from '../resource-definition.js';
import { namespaceFinalizers } from './deletion.js';
import type { DeleteOptions } from './deletion.js';

/** Rules of single writes: which part of an object a request may change, and what it must find. */

export function hasStatus(definition: ResourceDefinition): boolean {
  return definition.subresources.some(({ name }) => name === 'status');
}

/** Whether an object that is being deleted has nothing left to wait for. */
export function isFinished(object: KubeObject): boolean {
  const { metadata } = object;
  if (metadata.deletionTimestamp === undefined) return false;
  if ((metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  if ((metadata.finalizers ?? []).length > 0) return false;
  return namespaceFinalizers(object).length === 0;
}

/** Each path of an object changes its own part only. */
export function keepOtherParts(
  definition: ResourceDefinition,
  write: { draft: KubeObject; old: KubeObject; subresource: string | undefined },
): void {
  const { draft, old, subresource } = write;
  // An approval is written into the status, under a path and a right of its own.
  if (subresource === 'status' || subresource === 'approval') {
    keepOnlyStatus(draft, old);
    return;
  }
  if (hasStatus(definition)) keepStatus(draft, old);
  if (!definition.subresources.some(({ name }) => name === 'ephemeralcontainers')) return;
  const spec = isJsonObject(draft['spec']) ? draft['spec'] : {};
  const oldSpec = isJsonObject(old['spec']) ? cloneJson(old['spec']) : {};
  const { ephemeralContainers } = subresource === 'ephemeralcontainers' ? spec : oldSpec;
  draft['spec'] = {
    ...(subresource === 'ephemeralcontainers' ? oldSpec : spec),
    ephemeralContainers,
  };
}

function keepOnlyStatus(draft: KubeObject, old: KubeObject): void {
  const { annotations, managedFields } = draft.metadata;
  const status = draft['status'];
  for (const key of Object.keys(draft)) {
    // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- everything but status comes from the stored object
    if (key !== 'kind' && key !== 'apiVersion' && key !== 'metadata') delete draft[key];
  }
  Object.assign(draft, cloneJson(old));
  draft.metadata.annotations = annotations;
  draft.metadata.managedFields = managedFields;
  if (status === undefined) delete draft['status'];
  else draft['status'] = status;
}

function keepStatus(draft: KubeObject, old: KubeObject): void {
  if (old['status'] === undefined) delete draft['status'];
  else draft['status'] = cloneJson(old['status']);
}

export function specDiffers(
  definition: ResourceDefinition,
  draft: KubeObject,
  old: KubeObject,
): boolean {
  const ownStatus = hasStatus(definition);
  for (const key of new Set([...Object.keys(draft), ...Object.keys(old)])) {
    if (key === 'metadata' || (key === 'status' && ownStatus)) continue;
    if (!equalJson(draft[key], old[key])) return true;
  }
  return false;
}

export function checkPreconditions(
  definition: ResourceDefinition,
  old: KubeObject,
  options: DeleteOptions,
): void {
  const { name, uid, resourceVersion } = old.metadata;
  const kind = { group: definition.group, plural: definition.kind };
  if (options.uid !== undefined && options.uid !== uid) {
    const why = `the UID in the precondition (${options.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflict(kind, name, why);
  }
  if (options.resourceVersion !== undefined && options.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${options.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflict(kind, name, why);
  }
}

function newFinalizers(metadata: KubeMeta, old: KubeMeta): FieldError[] {
  if (old.deletionTimestamp === undefined) return [];
  const added = (metadata.finalizers ?? []).filter(
    (name) => !(old.finalizers ?? []).includes(name),
  );
  if (added.length === 0) return [];
  const list = added.map((name) => JSON.stringify(name)).join(', ');
  return [
    {
      path: 'metadata.finalizers',
      reason: 'FieldValueForbidden',
      text: `Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{${list}}`,
    },
  ];
}

/** What only the server sets stays as it was; a draft of another version or of another object is refused. */
export function keepSystemMeta(
  definition: ResourceDefinition,
  draft: KubeObject,
  old: KubeObject,
): void {
  const { metadata } = draft;
  if (
    filled(metadata.resourceVersion) &&
    metadata.resourceVersion !== old.metadata.resourceVersion
  ) {
    throw conflict(definition, old.metadata.name, MODIFIED_MEANWHILE);
  }
  if (filled(metadata.uid) && metadata.uid !== old.metadata.uid) {
    throw conflict(
      definition,
      old.metadata.name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${old.metadata.uid}`,
    );
  }
  draft.metadata = {
    ...metadata,
    name: old.metadata.name,
    namespace: old.metadata.namespace,
    uid: old.metadata.uid,
    resourceVersion: old.metadata.resourceVersion,
    creationTimestamp: old.metadata.creationTimestamp,
    generation: old.metadata.generation,
    generateName: old.metadata.generateName,
    deletionTimestamp: old.metadata.deletionTimestamp,
    deletionGracePeriodSeconds: old.metadata.deletionGracePeriodSeconds,
  };
}

function filled(text: string | null | undefined): boolean {
  return text !== undefined && text !== null && text !== '';
}

/** Throws what the resource itself says against the object. `old` is undefined for a new one. */
export function requireValid(
  definition: ResourceDefinition,
  object: KubeObject,
  old: KubeObject | undefined,
): void {
  const errors = [
    ...definition.validate(object, old),
    ...(old === undefined ? [] : (definition.validateUpdate?.(object, old) ?? [])),
    ...(old === undefined ? [] : newFinalizers(object.metadata, old.metadata)),
  ];
  if (object.metadata.name === '' && !errors.some(({ path }) => path === 'metadata.name')) {
    errors.unshift({
      path: 'metadata.name',
      reason: 'FieldValueRequired',
      text: 'Required value: name or generateName is required',
    });
  }
  if (errors.length > 0) throw invalid(definition, object.metadata.name, errors);
}
