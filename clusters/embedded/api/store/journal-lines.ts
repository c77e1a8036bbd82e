import { isJsonObject } from '../../../../common/json.js';
import type { KubeObject, ResourceName } from '../cluster-api.js';
import { isKubeObject, jsonOf } from '../json/object-json.js';
import type { Change } from './collection.js';
import type { ObjectStore } from './object-store.js';

/** What stands in the files of a journal: JSON by line. */

/** One write: `r` the resource, `v` the revision, and `o` the object or `d` the namespace and name of a deleted one. */
export function lineOf(resource: ResourceName, change: Change): string {
  const head = `{"r":${JSON.stringify(resource)},"v":${change.revision},`;
  if (change.type !== 'DELETED') return `${head}"o":${jsonOf(change.object)}}\n`;
  const { namespace = '', name } = change.object.metadata;
  return `${head}"d":${JSON.stringify([namespace, name])}}\n`;
}

/** Everything that a store holds. */
export function snapshotLines(store: ObjectStore): string[] {
  const lines: string[] = [];
  for (const resource of store.resources()) {
    for (const object of store.collection(resource).list()) {
      const revision = Number(object.metadata.resourceVersion);
      lines.push(lineOf(resource, { revision, type: 'ADDED', object }));
    }
  }
  // The last deletion may be the newest write: the revision stands for it.
  lines.push(`{"r":"","v":${store.revision},"d":["",""]}\n`);
  return lines;
}

/** In pieces of a size to write at once. */
export function* chunks(lines: readonly string[]): Generator<string> {
  const LINES = 256;
  for (let i = 0; i < lines.length; i += LINES) yield lines.slice(i, i + LINES).join('');
}

/** Undefined for a line that is damaged. */
export function parseLine(line: string): { resource: ResourceName; change: Change } | undefined {
  let entry: unknown;
  try {
    entry = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isJsonObject(entry)) return undefined;
  const { r: resource, v: revision, o: object, d: deleted } = entry;
  if (typeof resource !== 'string' || typeof revision !== 'number') return undefined;
  if (isKubeObject(object)) return { resource, change: { revision, type: 'ADDED', object } };
  if (!Array.isArray(deleted)) return undefined;
  return { resource, change: { revision, type: 'DELETED', object: tombstone(deleted) } };
}

function tombstone([namespace, name]: readonly unknown[]): KubeObject {
  return {
    apiVersion: '',
    kind: '',
    metadata: {
      name: String(name),
      ...(namespace !== '' && { namespace: String(namespace) }),
      uid: '',
      resourceVersion: '',
      creationTimestamp: '',
    },
  };
}
