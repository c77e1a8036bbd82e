import { isJsonObject, valueAt, type Json, type JsonObject } from '../../common/json.js';

/** An object of the solution with one thing changed; without an object it was left out. */
export interface Mutant {
  /** `ingress rule 1, peer 2: podSelector left out` */
  what: string;
  object: JsonObject | undefined;
}

/** One way to change a part of it. */
export interface Change<T> {
  what: string;
  value: T;
}

/** What can be wrong with an object of any kind: it is missing, or in another namespace. */
export function leftOutOrMoved(object: JsonObject, namespaces: readonly string[]): Mutant[] {
  const own = valueAt(object, ['metadata', 'namespace']);
  const metadata = objectOf(object['metadata']);
  return [
    { what: 'left out', object: undefined },
    ...namespaces
      .filter((namespace) => namespace !== own)
      .map((namespace) => ({
        what: `in namespace ${namespace}`,
        object: { ...object, metadata: { ...metadata, namespace } },
      })),
  ];
}

/** Labels, or what a selector asks of them: each value misspelt, and each left out where others stay. */
export function mutateMap(labels: JsonObject): Change<JsonObject>[] {
  const keys = Object.keys(labels);
  return keys.flatMap((key) => {
    const { [key]: value, ...others } = labels;
    return [
      { what: `${key} misspelt`, value: { ...labels, [key]: `${textOf(value)}x` } },
      ...(keys.length > 1 ? [{ what: `${key} left out`, value: others }] : []),
    ];
  });
}

export function objectOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

export function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
