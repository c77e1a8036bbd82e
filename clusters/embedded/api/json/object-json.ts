import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import type { KubeObject } from '../cluster-api.js';

const texts = new WeakMap<object, string>();

/** The JSON text of a stored (frozen) object, made once and kept as long as the object. */
export function jsonOf(object: KubeObject): string {
  let text = texts.get(object);
  if (text === undefined) {
    text = JSON.stringify(object);
    texts.set(object, text);
  }
  return text;
}

/** A Kubernetes object seen as plain JSON, which it is. */
export function toJson(object: KubeObject): JsonObject {
  if (!isJsonObject(object)) throw new TypeError('not an object');
  return object;
}

/** Whether a value has what every stored object has. Fields that the server fills in may be empty. */
export function isKubeObject(value: unknown): value is KubeObject {
  return (
    isJsonObject(value) &&
    typeof value['apiVersion'] === 'string' &&
    typeof value['kind'] === 'string' &&
    isJsonObject(value['metadata'])
  );
}
