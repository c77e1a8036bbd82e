import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../../common/errors.js';
import { isJsonObject, type JsonObject } from '../../common/json.js';
import { pathOf, refusalOf, textAt, type KubeApi, type Resource } from './kube-api.js';

export interface Listing {
  resourceVersion: string;
  objects: JsonObject[];
  /** When the first list was asked for, by the API server's clock: objects are dated by it too. ISO 8601. */
  takenAt: string;
}

/** Every stored object of every kind that can be listed, Secrets' data included. Kinds that vanish meanwhile are left out. */
export async function listAll(
  api: KubeApi,
  options: { fresh?: boolean; signal?: AbortSignal } = {},
): Promise<Listing> {
  const resources = (await api.resources({ fresh: options.fresh ?? true })).filter(isStored);
  const takenAt = new Date(api.now()).toISOString();
  const lists = await Promise.all(
    resources.map(async (resource) => {
      const path = pathOf(resource);
      const answer = await api.send(
        'GET',
        path,
        options.signal === undefined ? {} : { signal: options.signal },
      );
      if (answer.status === 404 || answer.status === 405 || answer.status === 503) return undefined;
      if (answer.status >= 300 || !isJsonObject(answer.body)) throw refusalOf(answer);
      const { items } = answer.body;
      const { group, version, kind } = resource;
      const apiVersion = group === '' ? version : `${group}/${version}`;
      return {
        resourceVersion: Number(textAt(answer.body, ['metadata', 'resourceVersion'])) || 0,
        objects: (Array.isArray(items) ? items : [])
          .filter(isJsonObject)
          .map((item): JsonObject => ({ apiVersion, kind, ...item })),
      };
    }),
  );
  const found = lists.filter((list) => list !== undefined);
  return {
    takenAt,
    resourceVersion: String(Math.max(0, ...found.map((list) => list.resourceVersion))),
    objects: found.flatMap(({ objects }) => objects),
  };
}

/** Not stored, or the same object once more under another name. */
const ELSEWHERE = new Set(['componentstatuses', 'metrics.k8s.io', 'events.k8s.io/events']);

function isStored({ group, plural, verbs }: Resource): boolean {
  return (
    verbs.includes('list') &&
    !ELSEWHERE.has(plural) &&
    !ELSEWHERE.has(group) &&
    !ELSEWHERE.has(`${group}/${plural}`)
  );
}

/** As `listAll` found it, without what Secrets hide. */
export function withoutSecrets(objects: readonly JsonObject[]): JsonObject[] {
  return objects.map((object) => {
    if (object['kind'] !== 'Secret' || object['apiVersion'] !== 'v1') return object;
    const { metadata } = object;
    const shown = isJsonObject(metadata) ? { ...metadata } : {};
    // Both remember the data in their own way.
    delete shown['managedFields'];
    if (isJsonObject(shown['annotations'])) {
      const annotations = { ...shown['annotations'] };
      delete annotations['kubectl.kubernetes.io/last-applied-configuration'];
      shown['annotations'] = annotations;
    }
    return { ...object, metadata: shown, data: {}, stringData: {} };
  });
}

/** Lists opened, in their order. */
export function flatten(manifests: readonly JsonObject[]): JsonObject[] {
  return manifests.flatMap((object) => {
    const { items, kind } = object;
    const isList = typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items);
    return isList ? flatten(items.filter(isJsonObject)) : [object];
  });
}

export async function findResource(
  api: KubeApi,
  object: JsonObject,
): Promise<Resource | undefined> {
  const apiVersion = textAt(object, ['apiVersion']);
  const kind = textAt(object, ['kind']);
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const find = (all: readonly Resource[]): Resource | undefined =>
    all.find((one) => one.group === group && one.kind === kind && one.verbs.includes('patch'));
  const known = find(await api.resources()) ?? find(await api.resources({ fresh: true }));
  // The object says in which version it is written; the server converts.
  return known === undefined ? undefined : { ...known, version: version ?? known.version };
}

const PATIENCE_MS = 20_000;

/**
 * Server-side apply, one object after the other, as `kubectl apply --server-side --force-conflicts`. What an object needs
 * may come a moment later (its namespace's ServiceAccount, the kind of a definition just made): with `patient` it is tried
 * again for a while. Rejects with BAD_REQUEST and the server's words.
 */
export async function applyAll(
  api: KubeApi,
  objects: readonly JsonObject[],
  options: { patient?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  for (const object of flatten(objects)) {
    const until = performance.now() + (options.patient === true ? PATIENCE_MS : 0);
    for (let round = 1; ; round += 1) {
      const refusal = await applyOne(api, object, options.signal);
      if (refusal === undefined) break;
      if (!refusal.mayPass || performance.now() > until) throw refusal.error;
      await sleep(Math.min(500, 50 * round), undefined, signalOf(options.signal));
    }
  }
}

async function applyOne(
  api: KubeApi,
  object: JsonObject,
  signal: AbortSignal | undefined,
): Promise<{ error: GatehouseError; mayPass: boolean } | undefined> {
  const kind = textAt(object, ['kind']);
  const resource = await findResource(api, object);
  if (resource === undefined) {
    const message = `no matches for kind "${kind}" in version "${textAt(object, ['apiVersion'])}"`;
    return { error: new GatehouseError('BAD_REQUEST', message), mayPass: true };
  }
  const name = textAt(object, ['metadata', 'name']);
  const namespace = textAt(object, ['metadata', 'namespace']) || 'default';
  const answer =
    name === '' && textAt(object, ['metadata', 'generateName']) !== ''
      ? await api.send('POST', pathOf(resource, namespace), { body: object, ...signalOf(signal) })
      : await api.send(
          'PATCH',
          `${pathOf(resource, namespace, name)}?fieldManager=gatehouse&force=true`,
          { body: object, type: 'application/apply-patch+yaml', ...signalOf(signal) },
        );
  if (answer.status < 300) return undefined;
  const mayPass = [403, 404, 429, 500, 503].includes(answer.status);
  return { error: refusalOf(answer), mayPass };
}

function signalOf(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
