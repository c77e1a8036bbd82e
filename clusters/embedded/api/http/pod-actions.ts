import { isJsonObject, valueAt } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { ApiError, badRequest, conflict, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { timestamp } from '../registry/object-meta.js';
import { selectorMatcher } from '../selectors/selector-object.js';
import { admitCreation } from './admit-action.js';
import { readBody } from './body.js';
import { managerOf, warnInto, writeContextOf } from './context.js';
import type { ResourceContext } from './context.js';
import { parseDeleteOptions } from './deleting.js';
import { readDocument } from './documents.js';
import { parseWriteOptions } from './options.js';
import { findObject } from './reading.js';
import { sendJson, successStatus } from './respond.js';
import { acknowledge, keyOf } from './writing.js';

const EVICTION = { group: 'policy', version: 'v1', kind: 'Eviction' };
const BINDING = { group: '', version: 'v1', kind: 'Binding' };
const TOKEN = { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest' };
const BUDGETS = 'poddisruptionbudgets.policy';

/** POST to `/eviction`: a deletion that a disruption budget may refuse. */
export async function handleEviction(context: ResourceContext): Promise<void> {
  const { served, server, target } = context;
  const content = await readContent(context, 'Eviction');
  const deleteOptions = isJsonObject(content['deleteOptions']) ? content['deleteOptions'] : {};
  const options = parseDeleteOptions(deleteOptions, context.query);
  const pod = findObject(context);
  checkName(content, target.name);
  await admitCreation(context, content, { kind: EVICTION, dryRun: options.dryRun });
  if (needsBudget(pod)) takeFromBudget(context, { pod, dryRun: options.dryRun });
  // The eviction was asked about; as in the real server, nobody is asked about the deletion.
  server.api.writer.delete(served.resource, keyOf(context), {
    ...options,
    user: context.user,
    manager: '',
    warn: warnInto(context),
  });
  await acknowledge(context, options);
  sendJson(context, 201, successStatus(undefined));
}

/** POST to `/binding`, or to the collection of bindings: a scheduler's decision. */
export async function handleBinding(context: ResourceContext): Promise<void> {
  const { server, target } = context;
  const options = parseWriteOptions(context.query, 'CreateOptions');
  const content = await readContent(context, 'Binding');
  const bound = valueAt(content, ['metadata', 'name']);
  const name =
    target.plural === 'bindings' ? (typeof bound === 'string' ? bound : '') : target.name;
  const pods = server.api.registry.find('pods');
  if (pods === undefined) throw notFound({ group: '', plural: 'pods' }, name);
  const node = valueAt(content, ['target', 'name']);
  if (typeof node !== 'string' || node === '') {
    throw badRequest('Binding "" is invalid: target.name: Required value');
  }
  await admitCreation(context, content, { kind: BINDING, name, dryRun: options.dryRun });
  const write = writeContextOf(context, options);
  const key = { name, ...(target.namespace !== undefined && { namespace: target.namespace }) };
  const updated = server.api.writer.update(pods, key, {
    ...write,
    change: (draft, old) => {
      const current = valueAt(old, ['spec', 'nodeName']);
      if (typeof current === 'string' && current !== '') {
        throw conflict(
          { group: '', plural: 'pods/binding' },
          name,
          `pod ${name} is already assigned to node "${current}"`,
        );
      }
      const spec = isJsonObject(draft['spec']) ? draft['spec'] : {};
      draft['spec'] = { ...spec, nodeName: node };
      return draft;
    },
  });
  if (updated === undefined) throw notFound({ group: '', plural: 'pods' }, name);
  server.api.writer.update(pods, key, {
    ...write,
    subresource: 'status',
    change: (draft) => {
      markScheduled(draft, server.api.now());
      return draft;
    },
  });
  await acknowledge(context, options);
  sendJson(context, 201, successStatus(undefined));
}

/** POST to `/token`: a bearer token for a ServiceAccount. */
export async function handleToken(context: ResourceContext): Promise<void> {
  const { server, target } = context;
  const content = await readContent(context, 'TokenRequest');
  const account = findObject(context);
  const spec = isJsonObject(content['spec']) ? content['spec'] : {};
  const audiences = Array.isArray(spec['audiences']) ? spec['audiences'].map(String) : [];
  const seconds = typeof spec['expirationSeconds'] === 'number' ? spec['expirationSeconds'] : 3600;
  if (seconds < 600) {
    throw invalidToken(
      'spec.expirationSeconds',
      `Invalid value: ${seconds}: may not specify a duration less than 10 minutes`,
    );
  }
  await admitCreation(context, content, { kind: TOKEN });
  const namespace = target.namespace ?? '';
  const bound = boundObject(context, spec['boundObjectRef']);
  const { token, expires } = server.tokens.issue(account, {
    namespace,
    name: target.name,
    seconds,
    ...(audiences.length > 0 && { audiences }),
    ...bound,
  });
  sendJson(context, 201, {
    kind: 'TokenRequest',
    apiVersion: 'authentication.k8s.io/v1',
    metadata: {
      name: target.name,
      namespace,
      creationTimestamp: timestamp(server.api.now()),
      managedFields: [
        {
          manager: managerOf(context, context.query.get('fieldManager') ?? ''),
          operation: 'Update',
          apiVersion: 'authentication.k8s.io/v1',
          time: timestamp(server.api.now()),
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:spec': { 'f:expirationSeconds': {} } },
          subresource: 'token',
        },
      ],
    },
    spec: {
      audiences:
        audiences.length > 0 ? audiences : ['https://kubernetes.default.svc.cluster.local'],
      expirationSeconds: seconds,
      boundObjectRef: spec['boundObjectRef'] ?? null,
    },
    status: { token, expirationTimestamp: timestamp(expires) },
  });
}

export async function readContent(context: ResourceContext, kind: string): Promise<JsonObject> {
  return readDocument(await readBody(context.req), context.req.headers['content-type'], {
    kind,
    catalogue: context.server.catalogue,
    strict: false,
  }).content;
}

function boundObject(
  context: ResourceContext,
  ref: unknown,
): { boundTo?: { kind: 'Pod' | 'Secret' | 'Node'; name: string; uid: string } } {
  if (!isJsonObject(ref)) return {};
  const { kind, name, uid } = ref;
  if (typeof name !== 'string' || (kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node')) {
    throw invalidToken(
      'spec.boundObjectRef',
      'Invalid value: cannot bind token for this kind of object, only Pod, Secret or Node',
    );
  }
  const plural = `${kind.toLowerCase()}s`;
  const namespace = kind === 'Node' ? undefined : context.target.namespace;
  const found = context.server.api.get(plural, name, namespace);
  if (found === undefined) throw notFound({ group: '', plural }, name);
  if (typeof uid === 'string' && uid !== '' && uid !== found.metadata.uid) {
    throw conflict(
      { group: '', plural },
      name,
      `the UID in the bound object reference (${uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    );
  }
  return { boundTo: { kind, name, uid: found.metadata.uid } };
}

function invalidToken(field: string, text: string): ApiError {
  return new ApiError(422, 'Invalid', {
    message: `TokenRequest.authentication.k8s.io "" is invalid: ${field}: ${text}`,
    details: {
      group: 'authentication.k8s.io',
      kind: 'TokenRequest',
      causes: [{ reason: 'FieldValueInvalid', message: text, field }],
    },
  });
}

function checkName(content: JsonObject, name: string): void {
  const given = valueAt(content, ['metadata', 'name']);
  if (given === undefined || given === '' || given === name) return;
  throw badRequest('name in URL does not match name in Eviction object');
}

function needsBudget(pod: KubeObject): boolean {
  const phase = valueAt(pod, ['status', 'phase']);
  return phase === 'Running' && pod.metadata.deletionTimestamp === undefined;
}

function takeFromBudget(
  context: ResourceContext,
  request: { pod: KubeObject; dryRun: boolean },
): void {
  const { api } = context.server;
  const { pod } = request;
  const { namespace, name } = pod.metadata;
  const budgets = api
    .list(BUDGETS, namespace)
    .filter((budget) =>
      selectorMatcher(valueAt(budget, ['spec', 'selector']))(pod.metadata.labels ?? {}),
    );
  if (budgets.length > 1) {
    throw new ApiError(500, 'InternalError', {
      message:
        'Internal error occurred: This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    });
  }
  const [budget] = budgets;
  if (budget === undefined) return;
  const allowed = Number(valueAt(budget, ['status', 'disruptionsAllowed']) ?? 0);
  if (allowed <= 0) throw budgetExceeded(budget);
  if (request.dryRun) return;
  api.update(
    BUDGETS,
    {
      name: budget.metadata.name,
      ...(namespace !== undefined && { namespace }),
      subresource: 'status',
    },
    (draft: KubeObject) => {
      const status = isJsonObject(draft['status']) ? draft['status'] : {};
      const disrupted = isJsonObject(status['disruptedPods']) ? status['disruptedPods'] : {};
      draft['status'] = {
        ...status,
        disruptionsAllowed: allowed - 1,
        disruptedPods: { ...disrupted, [name]: timestamp(api.now()) },
      };
    },
  );
}

function budgetExceeded(budget: KubeObject): ApiError {
  const needed = Number(valueAt(budget, ['status', 'desiredHealthy']) ?? 0);
  const healthy = Number(valueAt(budget, ['status', 'currentHealthy']) ?? 0);
  return new ApiError(429, 'TooManyRequests', {
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: {
      causes: [
        {
          reason: 'DisruptionBudget',
          message: `The disruption budget ${budget.metadata.name} needs ${needed} healthy pods and has ${healthy} currently`,
        },
      ],
    },
  });
}

function markScheduled(draft: KubeObject, now: number): void {
  const status = isJsonObject(draft['status']) ? draft['status'] : {};
  const conditions = Array.isArray(status['conditions']) ? status['conditions'] : [];
  draft['status'] = {
    ...status,
    conditions: [
      ...conditions.filter((item) => !isJsonObject(item) || item['type'] !== 'PodScheduled'),
      {
        type: 'PodScheduled',
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: timestamp(now),
      },
    ],
  };
}
