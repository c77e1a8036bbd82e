import { internalError } from '../../api-error.js';
import type { KubeMeta, KubeObject } from '../../cluster-api.js';
import { decodeObject } from '../../http/decode.js';
import { toJson } from '../../json/object-json.js';
import { applyJsonPatch } from '../../patch/json-patch.js';
import type { AdmissionRequest } from '../../registry/admission.js';
import type { SchemaCatalogue } from '../../schema-catalogue.js';
import { messageOf } from '../../../../../common/errors.js';

/** What the server itself says of an object, whatever a webhook may have written there. */
const SYSTEM: readonly (keyof KubeMeta)[] = [
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generateName',
  'managedFields',
];

/** The object as a webhook's patch makes it. Throws ApiError where the patch does not apply or makes no such object. */
export function patchObject(
  { object, definition }: { object: KubeObject; definition: AdmissionRequest['definition'] },
  patch: readonly unknown[],
  catalogue: SchemaCatalogue,
): KubeObject {
  let changed: KubeObject;
  try {
    changed = decodeObject(applyJsonPatch(toJson(object), patch), {
      definition,
      catalogue,
      fieldValidation: 'Ignore',
      duplicates: [],
      warnings: [],
    });
  } catch (error) {
    throw internalError(messageOf(error));
  }
  const { metadata } = changed;
  for (const field of SYSTEM) {
    Reflect.deleteProperty(metadata, field);
    if (object.metadata[field] !== undefined) Reflect.set(metadata, field, object.metadata[field]);
  }
  return changed;
}
