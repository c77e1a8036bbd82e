import type { KubeObject } from '../cluster-api.js';
import type { FieldError } from '../resource-definition.js';
import { GoText, invalid, invalidEach, required, tooLong } from './field-errors.js';
import { validateLabels } from './labels.js';
import { asPrefix, dnsSubdomain, qualifiedName, type NameCheck } from './names.js';

const MAX_ANNOTATIONS_BYTES = 256 * 1024;
const STANDARD_FINALIZERS = new Set(['kubernetes', 'orphan', 'foregroundDeletion']);
/** Kinds that may own nothing: they are too short-lived. */
const BANNED_OWNERS = new Set(['v1/Event']);

/** The metadata of any object, in the order in which the real server looks at it. */
export function validateMeta(object: KubeObject, check: NameCheck = dnsSubdomain): FieldError[] {
  const { metadata } = object;
  const errors: FieldError[] = [];
  if (metadata.generateName !== undefined && metadata.generateName !== '') {
    const faults = asPrefix(check)(metadata.generateName);
    errors.push(...invalidEach('metadata.generateName', metadata.generateName, faults));
  }
  if (metadata.name === '') {
    errors.push(required('metadata.name', 'name or generateName is required'));
  } else errors.push(...invalidEach('metadata.name', metadata.name, check(metadata.name)));
  return [
    ...errors,
    ...validateLabels('metadata.labels', metadata.labels),
    ...validateAnnotations('metadata.annotations', metadata.annotations),
    ...validateOwners(object),
    ...(metadata.finalizers ?? []).flatMap((name) =>
      validateFinalizer(name, hasCoreRules(object.apiVersion)),
    ),
  ];
}

export function validateAnnotations(
  path: string,
  annotations: Readonly<Record<string, string>> | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    errors.push(...invalidEach(path, key, qualifiedName(key.toLowerCase())));
    size += Buffer.byteLength(key) + Buffer.byteLength(value);
  }
  if (size > MAX_ANNOTATIONS_BYTES) errors.push(tooLong(path, MAX_ANNOTATIONS_BYTES));
  return errors;
}

function validateOwners(object: KubeObject): FieldError[] {
  const errors: FieldError[] = [];
  const path = 'metadata.ownerReferences';
  let controller: string | undefined;
  for (const owner of object.metadata.ownerReferences ?? []) {
    if (owner.apiVersion === '')
      errors.push(invalid(`${path}.apiVersion`, owner.apiVersion, 'version must not be empty'));
    if (owner.kind === '') errors.push(invalid(`${path}.kind`, owner.kind, 'must not be empty'));
    if (owner.name === '') errors.push(invalid(`${path}.name`, owner.name, 'must not be empty'));
    if (owner.uid === '') errors.push(invalid(`${path}.uid`, owner.uid, 'must not be empty'));
    if (BANNED_OWNERS.has(`${owner.apiVersion}/${owner.kind}`)) {
      errors.push(
        invalid(
          path,
          goOwner(owner),
          `${owner.apiVersion}, Kind=${owner.kind} is disallowed from being an owner`,
        ),
      );
    }
    if (owner.controller !== true) continue;
    if (controller !== undefined) {
      const why = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${owner.name}`;
      const list = (object.metadata.ownerReferences ?? [])
        .map((item) => goOwner(item).text)
        .join(', ');
      errors.push(invalid(path, new GoText(`[]v1.OwnerReference{${list}}`), why));
    } else controller = owner.name;
  }
  return errors;
}

function goOwner(owner: { apiVersion: string; kind: string; name: string; uid: string }): GoText {
  const { apiVersion, kind, name, uid } = owner;
  const text = [apiVersion, kind, name, uid].map((part) => JSON.stringify(part));
  return new GoText(
    `v1.OwnerReference{APIVersion:${text[0] ?? ''}, Kind:${text[1] ?? ''}, Name:${text[2] ?? ''}, UID:${text[3] ?? ''}, Controller:(*bool)(nil), BlockOwnerDeletion:(*bool)(nil)}`,
  );
}

/** Custom resources and their definitions know no standard finalizers: any qualified name is one. */
function hasCoreRules(apiVersion: string): boolean {
  const [group = '', version] = apiVersion.split('/');
  if (version === undefined || !group.includes('.')) return true;
  return group.endsWith('.k8s.io') && group !== 'apiextensions.k8s.io';
}

function validateFinalizer(name: string, coreRules: boolean): FieldError[] {
  const path = 'metadata.finalizers';
  const faults = invalidEach(path, name, qualifiedName(name));
  if (!coreRules || faults.length > 0) return faults;
  if (name.includes('/') || STANDARD_FINALIZERS.has(name)) return faults;
  return [
    invalid(path, name, 'name is neither a standard finalizer name nor is it fully qualified'),
  ];
}
