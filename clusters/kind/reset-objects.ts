import { setTimeout as sleep } from 'node:timers/promises';
import { GatehouseError } from '../../common/errors.js';
import { isJsonObject, type JsonObject } from '../../common/json.js';
import { pathOf, refusalOf, textAt, type KubeApi } from '../client/kube-api.js';
import { findResource, listAll } from '../client/objects.js';
import { planReset, writable } from './reset-plan.js';
import type { TimeAccount } from './time-account.js';
import { nameOf } from '../client/wait-ready.js';

const GONE_MS = 20_000;
/** After this, what holds a deletion up is taken away: a learner's finalizer has no controller. */
const PATIENCE_MS = 4_000;

/**
 * Takes back everything in the API server that was made, changed or deleted since the baseline. Answers what objects alone
 * cannot take back, in words.
 */
export async function resetObjects(
  api: KubeApi,
  baseline: readonly JsonObject[],
  { account, signal }: { account: TimeAccount; signal: AbortSignal | undefined },
): Promise<string[]> {
  const with_ = signal === undefined ? {} : { signal };
  const { objects: now } = await listAll(api, { fresh: true, ...with_ });
  const plan = planReset(baseline, now);
  // Those that block go before all others; the rest side by side.
  for (const ranked of ranks(plan.remove)) {
    await Promise.all(ranked.map((object) => remove(api, object, signal)));
  }
  await account.track('kubernetes', () => waitUntilGone(api, plan.remove, signal));
  await api.resources({ fresh: true });
  for (const object of [...plan.create, ...plan.restore]) await bringBack(api, object, signal);
  return plan.beyond;
}

function ranks(objects: readonly JsonObject[]): JsonObject[][] {
  const blocking: JsonObject[] = [];
  const rest: JsonObject[] = [];
  for (const object of objects) {
    (/Webhook|AdmissionPolicy/.test(textAt(object, ['kind'])) ? blocking : rest).push(object);
  }
  return [blocking, rest];
}

async function remove(
  api: KubeApi,
  object: JsonObject,
  signal: AbortSignal | undefined,
): Promise<void> {
  const path = await pathOfObject(api, object);
  if (path === undefined) return;
  const body = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    propagationPolicy: 'Background',
    ...(object['kind'] === 'Pod' ? { gracePeriodSeconds: 0 } : {}),
    // A pod that was made again by its owner meanwhile stays.
    preconditions: { uid: textAt(object, ['metadata', 'uid']) },
  };
  const answer = await api.send('DELETE', path, {
    body,
    ...(signal === undefined ? {} : { signal }),
  });
  // Some may not be deleted at all (the namespace `default`), or are gone already.
  if (answer.status >= 300 && ![403, 404, 405, 409].includes(answer.status))
    throw refusalOf(answer);
}

async function waitUntilGone(
  api: KubeApi,
  objects: readonly JsonObject[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const begin = performance.now();
  const with_ = signal === undefined ? {} : { signal };
  let left = objects.filter((object) => textAt(object, ['metadata', 'uid']) !== '');
  for (;;) {
    left = await stillThere(api, left, with_);
    if (left.length === 0) return;
    const took = performance.now() - begin;
    if (took > GONE_MS) {
      const names = left.map((object) => `${textAt(object, ['kind'])} ${nameOf(object)}`);
      throw new GatehouseError(
        'CLUSTER_FAILED',
        `these could not be removed: ${names.slice(0, 8).join(', ')}`,
      );
    }
    if (took > PATIENCE_MS) for (const object of left) await unblock(api, object, with_);
    await sleep(Math.min(500, 50 + took / 10), undefined, with_);
  }
}

async function stillThere(
  api: KubeApi,
  objects: readonly JsonObject[],
  with_: { signal?: AbortSignal },
): Promise<JsonObject[]> {
  const left = await Promise.all(
    objects.map(async (object) => {
      const path = await pathOfObject(api, object);
      if (path === undefined) return [];
      const answer = await api.send('GET', path, with_);
      const isSame =
        textAt(answer.body, ['metadata', 'uid']) === textAt(object, ['metadata', 'uid']);
      const isLeaving = textAt(answer.body, ['metadata', 'deletionTimestamp']) !== '';
      return answer.status === 200 && isSame && isLeaving ? [object] : [];
    }),
  );
  return left.flat();
}

/** Takes away what holds a deletion up: finalizers of its own, and those of a namespace. */
async function unblock(
  api: KubeApi,
  object: JsonObject,
  with_: { signal?: AbortSignal },
): Promise<void> {
  const path = await pathOfObject(api, object);
  if (path === undefined) return;
  const type = 'application/merge-patch+json';
  await api.send('PATCH', path, { body: { metadata: { finalizers: null } }, type, ...with_ });
  if (object['kind'] !== 'Namespace') return;
  const name = textAt(object, ['metadata', 'name']);
  const inside = (await listAll(api, { fresh: true, ...with_ })).objects.filter(
    (one) =>
      textAt(one, ['metadata', 'namespace']) === name &&
      textAt(one, ['metadata', 'deletionTimestamp']) !== '',
  );
  for (const one of inside) {
    const at = await pathOfObject(api, one);
    if (at !== undefined) {
      await api.send('PATCH', at, { body: { metadata: { finalizers: null } }, type, ...with_ });
    }
  }
}

/** As it was: replaced where it is there, made anew where it is not or where it may not be changed so. */
async function bringBack(
  api: KubeApi,
  object: JsonObject,
  signal: AbortSignal | undefined,
): Promise<void> {
  const with_ = signal === undefined ? {} : { signal };
  const until = performance.now() + GONE_MS;
  for (let round = 1; ; round += 1) {
    const answer = await tryBringBack(api, object, with_);
    if (answer === undefined || answer.status < 300) return;
    const mayPass = [403, 404, 409, 500, 503].includes(answer.status);
    if (!mayPass || performance.now() > until) throw refusalOf(answer);
    await sleep(Math.min(500, 50 * round), undefined, with_);
  }
}

async function tryBringBack(
  api: KubeApi,
  object: JsonObject,
  with_: { signal?: AbortSignal },
): Promise<{ status: number; body: unknown } | undefined> {
  const resource = await findResource(api, object);
  if (resource === undefined)
    return { status: 404, body: { message: `no kind ${textAt(object, ['kind'])}` } };
  const namespace = textAt(object, ['metadata', 'namespace']);
  const own = pathOf(resource, namespace, textAt(object, ['metadata', 'name']));
  const there = await api.send('GET', own, with_);
  if (there.status === 404) {
    return api.send('POST', pathOf(resource, namespace), { body: writable(object), ...with_ });
  }
  if (object['kind'] === 'Pod') return { status: 409, body: there.body };
  const isLeaving = textAt(there.body, ['metadata', 'deletionTimestamp']) !== '';
  if (isLeaving) {
    await unblock(api, object, with_);
    return { status: 409, body: there.body };
  }
  // Whatever is there now is not wanted; the version only says that we have seen it.
  const resourceVersion = textAt(there.body, ['metadata', 'resourceVersion']);
  const wanted = writable(object);
  const metadata = isJsonObject(wanted['metadata']) ? wanted['metadata'] : {};
  const body = { ...wanted, metadata: { ...metadata, resourceVersion } };
  const put = await api.send('PUT', own, { body, ...with_ });
  if (put.status !== 422 && put.status !== 400) return put;
  // A field that may not change: only a new object can have it.
  await api.send('DELETE', own, { body: { propagationPolicy: 'Background' }, ...with_ });
  return { status: 409, body: put.body };
}

async function pathOfObject(api: KubeApi, object: JsonObject): Promise<string | undefined> {
  const resource = await findResource(api, object);
  return resource === undefined
    ? undefined
    : pathOf(
        resource,
        textAt(object, ['metadata', 'namespace']),
        textAt(object, ['metadata', 'name']),
      );
}
