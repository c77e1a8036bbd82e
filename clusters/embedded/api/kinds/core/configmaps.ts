import type { KubeObject } from '../../cluster-api.js';
import { equalJson } from '../../json/json-values.js';
import type { FieldError } from '../../resource-definition.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { forbidden, invalid, invalidEach, tooLong } from '../field-errors.js';
import { configKey } from '../names.js';
import { validateMeta } from '../object-meta.js';

export interface ConfigMap extends KubeObject {
  data?: Record<string, string>;
  binaryData?: Record<string, string>;
  immutable?: boolean;
}

const MAX_BYTES = 1024 * 1024;

export const CONFIG_MAPS = defineResource({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  shortNames: ['cm'],
  validate(configMap: ConfigMap) {
    const { data = {}, binaryData = {} } = configMap;
    const errors: FieldError[] = validateMeta(configMap);
    let size = 0;
    for (const [key, value] of Object.entries(data)) {
      errors.push(...invalidEach(`data[${key}]`, key, configKey(key)));
      if (Object.hasOwn(binaryData, key)) {
        errors.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'));
      }
      size += Buffer.byteLength(value);
    }
    for (const [key, value] of Object.entries(binaryData)) {
      errors.push(...invalidEach(`binaryData[${key}]`, key, configKey(key)));
      size += Buffer.byteLength(value, 'base64');
    }
    if (size > MAX_BYTES) errors.push(tooLong('', MAX_BYTES));
    return errors;
  },
  validateUpdate: (configMap: ConfigMap, old: ConfigMap) =>
    validateImmutable(configMap, old, ['data', 'binaryData']),
  columns: [
    NAME,
    column<ConfigMap>(
      'Data',
      'Number of keys.',
      ({ data = {}, binaryData = {} }) => Object.keys(data).length + Object.keys(binaryData).length,
    ),
    AGE,
  ],
});

/** Once `immutable` is set, it and the contents stay. */
export function validateImmutable(
  object: ConfigMap,
  old: ConfigMap,
  contents: readonly ('data' | 'binaryData')[],
): FieldError[] {
  if (old.immutable !== true) return [];
  const errors: FieldError[] = [];
  const why = 'field is immutable when `immutable` is set';
  if (object.immutable !== true) errors.push(forbidden('immutable', why));
  for (const field of contents) {
    if (!equalJson(object[field], old[field])) errors.push(forbidden(field, why));
  }
  return errors;
}
