import { messageOf } from '../../../../common/errors.js';
import { ApiError, badRequest } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { parseJson } from '../json/parse-json.js';
import { parseFieldSelector } from '../selectors/field-selector.js';
import type { FieldMatcher } from '../selectors/field-selector.js';
import { matchesLabels, parseLabelSelector } from '../selectors/label-selector.js';
import type { LabelMatcher } from '../selectors/label-selector.js';
import type { ResourceDefinition } from '../resource-definition.js';
import type { Collection } from '../store/collection.js';
import type { ObjectStore } from '../store/object-store.js';
import type { ListOptions } from './options.js';
import { viewOf } from './views.js';

export interface Selection {
  labels: LabelMatcher | undefined;
  fields: FieldMatcher | undefined;
  /** Undefined for all namespaces. */
  namespace: string | undefined;
  definition: ResourceDefinition;
}

export interface Page {
  objects: readonly KubeObject[];
  revision: number;
  continueToken: string;
  remaining: number | undefined;
}

export function parseSelection(
  definition: ResourceDefinition,
  options: ListOptions,
  namespace: string | undefined,
): Selection {
  return {
    labels: parseLabelSelector(options.labelSelector),
    fields: parseFieldSelector(options.fieldSelector, definition),
    namespace: definition.namespaced ? namespace : '',
    definition,
  };
}

export function selects(selection: Selection, object: KubeObject): boolean {
  const { namespace } = selection;
  if (namespace !== undefined && (object.metadata.namespace ?? '') !== namespace) return false;
  if (!matchesLabels(selection.labels, object.metadata.labels)) return false;
  return (
    selection.fields === undefined || selection.fields.matches(viewOf(selection.definition, object))
  );
}

/** One page of a list, as of now or as of the revision the client asks for. */
export function listPage(
  store: ObjectStore,
  collection: Collection,
  request: { selection: Selection; options: ListOptions },
): Page {
  const { selection, options } = request;
  const token = options.continueToken === '' ? undefined : parseToken(options.continueToken);
  const exact = options.match === 'Exact' ? options.resourceVersion : undefined;
  checkNotFuture(store, options.resourceVersion);
  const revision = token?.revision ?? exact ?? store.revision;
  let all: readonly KubeObject[];
  if (revision >= store.revision) all = candidates(collection, selection);
  else all = asOf(collection, { selection, revision, after: token?.after });
  const start = token === undefined ? 0 : firstAfter(all, token.after);
  const filtered = selection.labels !== undefined || selection.fields !== undefined;
  const limit = options.limit > 0 ? options.limit : Infinity;
  if (!filtered && start === 0 && all.length <= limit) {
    return { objects: all, revision, continueToken: '', remaining: undefined };
  }
  const objects: KubeObject[] = [];
  let next = start;
  for (; next < all.length && objects.length < limit; next += 1) {
    const object = all[next];
    if (object !== undefined && selects(selection, object)) objects.push(object);
  }
  const last = objects.at(-1);
  const more = next < all.length && last !== undefined;
  return {
    objects,
    revision,
    continueToken: more ? formatToken(revision, keyOf(last)) : '',
    remaining: more && !filtered ? all.length - next : undefined,
  };
}

export function checkNotFuture(store: ObjectStore, asked: number | undefined): void {
  if (asked === undefined || asked <= store.revision) return;
  throw new ApiError(504, 'Timeout', {
    message: `Timeout: Too large resource version: ${asked}, current: ${store.revision}`,
    details: {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    },
  });
}

function candidates(collection: Collection, selection: Selection): readonly KubeObject[] {
  const { fields, namespace } = selection;
  if (fields?.name !== undefined && namespace !== undefined) {
    const object = collection.get(fields.name, namespace);
    return object === undefined ? [] : [object];
  }
  return collection.list(namespace);
}

/** The list as it was: later changes are undone. Refuses with 410 where they are forgotten. */
function asOf(
  collection: Collection,
  request: { selection: Selection; revision: number; after: string | undefined },
): readonly KubeObject[] {
  const { selection, revision, after } = request;
  const changes = collection.changesSince(revision);
  if (changes === undefined) throw expired(collection, after);
  if (changes.length === 0) return collection.list(selection.namespace);
  const objects = new Map(
    collection.list(selection.namespace).map((object) => [keyOf(object), object]),
  );
  for (const change of [...changes].reverse()) {
    const { namespace } = selection;
    if (namespace !== undefined && (change.object.metadata.namespace ?? '') !== namespace) continue;
    if (change.previous === undefined) objects.delete(keyOf(change.object));
    else objects.set(keyOf(change.object), change.previous);
  }
  return [...objects.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

function expired(_collection: Collection, after: string | undefined): ApiError {
  if (after === undefined) {
    return new ApiError(410, 'Expired', {
      message: 'The resourceVersion for the provided list is too old.',
    });
  }
  return new ApiError(410, 'Expired', {
    message:
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
    metadata: { continue: formatToken(-1, after) },
  });
}

function firstAfter(objects: readonly KubeObject[], key: string): number {
  const index = objects.findIndex((object) => keyOf(object) > key);
  return index < 0 ? objects.length : index;
}

function keyOf(object: KubeObject): string {
  return `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}

function formatToken(revision: number, after: string): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start: `${after}\u0000` };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function parseToken(token: string): { revision: number | undefined; after: string } {
  const illegal = token.search(/[^\w-]/);
  if (illegal >= 0) {
    throw badRequest(`continue key is not valid: illegal base64 data at input byte ${illegal}`);
  }
  let value: unknown;
  try {
    value = parseJson(Buffer.from(token, 'base64url').toString('utf8'));
  } catch (error) {
    throw badRequest(`continue key is not valid: ${messageOf(error)}`);
  }
  if (typeof value !== 'object' || value === null || !('rv' in value) || !('start' in value)) {
    throw badRequest(
      'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    );
  }
  const { rv, start } = value;
  if (typeof rv !== 'number' || typeof start !== 'string') {
    throw badRequest(
      'continue key is not valid: incorrect encoded start resourceVersion (version meta.k8s.io/v1)',
    );
  }
  return {
    revision: rv < 0 ? undefined : rv,
    after: start.endsWith('\u0000') ? start.slice(0, -1) : start,
  };
}
