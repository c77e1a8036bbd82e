import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { GatehouseError, messageOf } from '../../common/errors.js';
import { isJsonObject } from '../../common/json.js';
import type { Phase } from '../../common/progress.js';
import { newMaker } from '../../system/maker.js';
import { pathOf, refusalOf, textAt, type KubeApi } from '../client/kube-api.js';
import { applyAll } from '../client/objects.js';
import { PODS, waitReady } from '../client/wait-ready.js';
import type { ClusterSpec, CreateOptions } from '../provider.js';
import { proveEnforcement } from './canary.js';
import type { ExistingContext } from './context.js';
import { accountObjects, ownLabels, quotaObjects, specObject } from './home-objects.js';
import { ANNOTATION, LABEL, POD_SECURITY, SPEC_MAP, homeNamespace } from './names.js';
import { labelled, namespacesOf, objectsOf, reasonsAgainst } from './offer.js';
import {
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  NAMESPACES,
  findRecords,
  noteState,
  type Record,
} from './records.js';
import { makeWorkstation } from './workstation.js';

const GONE_MS = 120_000;

/** Claims the namespaces of a lab and fills them, or leaves nothing behind. See `ClusterProvider.create`. */
export async function createSet(
  context: ExistingContext,
  spec: ClusterSpec,
  { signal, onPhase }: CreateOptions,
): Promise<void> {
  allowListeners(signal);
  const api = await context.api();
  const tell = teller(onPhase);
  let isOurs = false;
  try {
    throwIfAborted(signal);
    tell('claim', 'Asking for namespaces', 0);
    await claim(context, spec);
    isOurs = true;
    await fill(context, spec, { signal, tell });
    throwIfAborted(signal);
    tell('canary', 'Proving that policies are enforced', 0.9);
    await proveEnforcement(context, spec.name, signal);
    throwIfAborted(signal);
    await noteState(api, spec.name, { state: 'ready', maker: newMaker() });
    tell('ready', 'Ready', 1);
  } catch (error) {
    if (isOurs) await removeSet(context, spec.name);
    throw failureOf(error, { name: spec.name, isCancelled: signal?.aborted === true });
  }
}

type Tell = (id: string, title: string, fraction: number) => void;

function teller(onPhase: ((phase: Phase) => void) | undefined): Tell {
  return (id, title, fraction) => {
    onPhase?.({ id, title, fraction });
  };
}

/** The home namespace first: the server gives a name only once. */
async function claim(context: ExistingContext, spec: ClusterSpec): Promise<void> {
  const api = await context.api();
  const { name, nodes, cni, labels } = spec;
  const left = (await findRecords(context)).find(({ info }) => info.name === name);
  if (left?.isLeftover === true) await removeSet(context, name);
  const reasons = await reasonsAgainst(api, spec);
  if (reasons.length > 0) {
    throw new GatehouseError(
      'NOT_AVAILABLE',
      `this lab is not offered in a cluster that others use: ${reasons.join('; ')}`,
      { fix: 'use --provider embedded or --provider kind, where each learner has a cluster' },
    );
  }
  const record: Record = { nodes, cni, labels, createdAt: new Date().toISOString() };
  const home = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: homeNamespace(name),
      labels: {
        ...ownLabels({ name, installation: context.installation }),
        [POD_SECURITY]: 'restricted',
      },
      annotations: {
        [ANNOTATION.record]: JSON.stringify(record),
        [ANNOTATION.state]: 'creating',
        [ANNOTATION.maker]: newMaker(),
      },
    },
  };
  const answer = await api.send('POST', pathOf(NAMESPACES), { body: home });
  if (answer.status === 409) {
    throw new GatehouseError('CLUSTER_EXISTS', `there is a cluster "${name}" already`, {
      fix: `scripts/gatehouse cluster delete ${name} --provider existing`,
    });
  }
  if (answer.status >= 300) throw refusalOf(answer);
}

async function fill(
  context: ExistingContext,
  spec: ClusterSpec,
  { signal, tell }: { signal: AbortSignal | undefined; tell: Tell },
): Promise<void> {
  const api = await context.api();
  const with_ = signal === undefined ? {} : { signal };
  const owner = { name: spec.name, installation: context.installation };
  await makeNamespaces(context, spec);
  const namespaces = namespacesOf(spec);
  await applyAll(
    api,
    [
      ...accountObjects(owner, namespaces),
      ...quotaObjects(owner, { namespaces, quota: context.settings.quota }),
      specObject(owner, JSON.stringify(spec)),
    ],
    { patient: true, ...with_ },
  );
  tell('workstation', 'Starting the workstation', 0.2);
  await makeWorkstation(context, spec, signal);
  tell('workloads', "Starting the lab's workloads", 0.5);
  await startWorkloads(context, spec, signal);
}

/** Where a namespace is somebody else's, says whose. */
async function makeNamespaces(context: ExistingContext, spec: ClusterSpec): Promise<void> {
  const api = await context.api();
  const own = {
    ...ownLabels({ name: spec.name, installation: context.installation }),
    [POD_SECURITY]: context.settings.podSecurity,
  };
  const wanted = spec.manifests.filter((object) => object['kind'] === 'Namespace');
  for (const object of wanted) {
    const answer = await api.send('POST', pathOf(NAMESPACES), { body: labelled(object, own) });
    if (answer.status < 300) continue;
    if (answer.status !== 409) throw refusalOf(answer);
    const name = textAt(object, ['metadata', 'name']);
    const there = await api.ask('GET', pathOf(NAMESPACES, undefined, name));
    const holder = textAt(there, ['metadata', 'labels', LABEL.cluster]);
    throw new GatehouseError(
      'CLUSTER_EXISTS',
      holder === ''
        ? `the namespace ${name} is there already, and not ours`
        : `the namespace ${name} is in use by the cluster "${holder}": a lab's namespaces are one learner's at a time`,
      {
        fix:
          holder === ''
            ? `kubectl get all -n ${name}   # and delete it if nobody needs it`
            : `scripts/gatehouse cluster delete ${holder} --provider existing   # or use --provider embedded`,
      },
    );
  }
}

async function startWorkloads(
  context: ExistingContext,
  spec: ClusterSpec,
  signal: AbortSignal | undefined,
): Promise<void> {
  const api = await context.api();
  const with_ = signal === undefined ? {} : { signal };
  await applyAll(api, objectsOf(spec), { patient: true, ...with_ });
  await waitReady(
    api,
    { nodes: { count: 1, ready: false }, workloads: { namespaces: namespacesOf(spec) } },
    { timeoutMs: context.settings.readyTimeoutSeconds * 1000, ...with_ },
  );
}

const StoredSpec = z.custom<ClusterSpec>(
  (value) => isJsonObject(value) && typeof value['name'] === 'string',
);

/** Everything in the learner's namespaces goes and is made anew; account and keys stay. */
export async function resetSet(
  context: ExistingContext,
  name: string,
  { signal, onPhase }: CreateOptions,
): Promise<void> {
  allowListeners(signal);
  const api = await context.api();
  const tell = teller(onPhase);
  const map = await api.ask(
    'GET',
    `/api/v1/namespaces/${homeNamespace(name)}/configmaps/${SPEC_MAP}`,
  );
  const spec = StoredSpec.parse(JSON.parse(textAt(map, ['data', 'spec'])));
  await noteState(api, name, { state: 'resetting', maker: newMaker() });
  try {
    tell('objects', 'Taking back what was changed', 0);
    await removeNamespaces(context, namespacesOf(spec));
    throwIfAborted(signal);
    await fill(context, spec, { signal, tell });
  } catch (error) {
    throw failureOf(error, { name, isCancelled: signal?.aborted === true });
  } finally {
    await noteState(api, name, { state: 'ready', maker: newMaker() });
  }
  tell('ready', 'Ready', 1);
}

/** Removes all that carries the name, whatever is there of it. Safe to run twice. The home goes last: it is the record. */
export async function removeSet(context: ExistingContext, name: string): Promise<void> {
  const api = await context.api();
  const home = homeNamespace(name);
  await noteState(api, name, { state: 'deleting', maker: newMaker() }).catch(() => undefined);
  const found = (await findRecords(context)).find(({ info }) => info.name === name);
  await removeNamespaces(
    context,
    (found?.namespaces ?? []).filter((namespace) => namespace !== home),
  );
  for (const resource of [CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES]) {
    const answer = await api.send('DELETE', pathOf(resource, undefined, home));
    if (answer.status >= 300 && answer.status !== 404) throw refusalOf(answer);
  }
  await removeNamespaces(context, [home]);
}

async function removeNamespaces(context: ExistingContext, names: readonly string[]): Promise<void> {
  const api = await context.api();
  // Pods are not asked to end in their own time: nobody needs their last words.
  const atOnce = { body: { gracePeriodSeconds: 0 } };
  await Promise.all(names.map((name) => api.send('DELETE', pathOf(PODS, name), atOnce)));
  await Promise.all(names.map((name) => api.send('DELETE', pathOf(NAMESPACES, undefined, name))));
  const until = performance.now() + GONE_MS;
  for (;;) {
    const left = await stillThere(api, names);
    if (left.length === 0) return;
    if (performance.now() > until) {
      throw new GatehouseError(
        'CLUSTER_FAILED',
        `these namespaces do not end: ${left.join(', ')}`,
        {
          fix: `kubectl get namespace ${left[0] ?? ''} -o yaml   # its status says what holds it up`,
        },
      );
    }
    await sleep(100);
  }
}

async function stillThere(api: KubeApi, names: readonly string[]): Promise<string[]> {
  const states = await Promise.all(
    names.map(async (name) => ({
      name,
      status: (await api.send('GET', pathOf(NAMESPACES, undefined, name))).status,
    })),
  );
  return states.filter(({ status }) => status !== 404).map(({ name }) => name);
}

/** Many objects are asked for at once, each until the same signal. */
function allowListeners(signal: AbortSignal | undefined): void {
  if (signal !== undefined) setMaxListeners(0, signal);
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new GatehouseError('CANCELLED', 'the work was cancelled');
}

/** A refused manifest is a failed creation. */
function failureOf(
  error: unknown,
  { name, isCancelled }: { name: string; isCancelled: boolean },
): unknown {
  if (isCancelled) {
    return new GatehouseError('CANCELLED', `the work on cluster "${name}" was cancelled`);
  }
  if (!(error instanceof GatehouseError) || error.code !== 'BAD_REQUEST') return error;
  return new GatehouseError(
    'CLUSTER_FAILED',
    `the cluster "${name}" could not be made: ${messageOf(error)}`,
    { cause: error },
  );
}
