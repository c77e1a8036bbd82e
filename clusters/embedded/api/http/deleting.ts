import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { badRequest, invalid, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import type { DeleteOptions } from '../registry/deletion.js';
import type { FieldError } from '../resource-definition.js';
import { readBody } from './body.js';
import { warnInto } from './context.js';
import type { ResourceContext } from './context.js';
import { readDocument } from './documents.js';
import { listPage, parseSelection } from './listing.js';
import { parseDryRun, parseListOptions } from './options.js';
import { sendObject } from './reading.js';
import { isTrue } from './request-info.js';
import { sendJson, sendText, successStatus } from './respond.js';
import { itemText } from './views.js';
import { keyOf } from './writing.js';
import { apiVersionOf } from '../api-version.js';

export type ParsedDeleteOptions = DeleteOptions & { dryRun: boolean };

/** Kinds whose storage answers a deletion with the object instead of a Status. */
const RETURNS_OBJECT: readonly string[] = [
  'pods',
  'persistentvolumeclaims',
  'persistentvolumes',
  'podtemplates',
  'resourcequotas',
  'serviceaccounts',
  'services',
];

/** DELETE of one object. */
export async function handleDelete(context: ResourceContext): Promise<void> {
  const { served, target, server } = context;
  const options = await readDeleteOptions(context);
  const result = await server.writer.delete(served.resource, keyOf(context), {
    ...options,
    user: context.user,
    manager: '',
    warn: warnInto(context),
  });
  if (result === undefined) throw notFound(served.definition, target.name);
  if (!options.dryRun) await server.api.flushed();
  const { object, gone } = result;
  const keepsObject = served.definition.group === '' && RETURNS_OBJECT.includes(target.plural);
  if (!gone || keepsObject) sendObject(context, 200, object);
  else sendJson(context, 200, successStatus(deletedDetails(context, object)));
}

/** DELETE of a collection: each object as if it were deleted alone. */
export async function handleDeleteCollection(context: ResourceContext): Promise<void> {
  const { served, target, server } = context;
  const { definition } = served;
  const options = await readDeleteOptions(context);
  const listOptions = { ...parseListOptions(context.query, false), limit: 0 };
  const { objects } = listPage(
    server.api.store,
    server.api.store.collection(served.resource.name),
    { selection: parseSelection(definition, listOptions, target.namespace), options: listOptions },
  );
  const deleted: KubeObject[] = [];
  for (const { metadata } of objects) {
    const { name, namespace } = metadata;
    const result = await server.writer.delete(
      served.resource,
      { name, ...(namespace !== undefined && { namespace }) },
      { ...options, user: context.user, manager: '', warn: warnInto(context) },
    );
    if (result !== undefined) deleted.push(result.object);
  }
  if (!options.dryRun) await server.api.flushed();
  const apiVersion = apiVersionOf(definition);
  const items = deleted.map((object) => itemText(definition, object)).join(',');
  sendText(context, 200, {
    text: `{"kind":"${definition.kind}List","apiVersion":"${apiVersion}","metadata":{"resourceVersion":"${server.api.store.revision}"},"items":[${items}]}`,
  });
}

/** Options come in the body or, from older clients, in the query. */
export async function readDeleteOptions(context: ResourceContext): Promise<ParsedDeleteOptions> {
  const { req, server, query } = context;
  const body = await readBody(req);
  const content =
    body.length === 0
      ? {}
      : readDocument(body, req.headers['content-type'], {
          kind: 'DeleteOptions',
          catalogue: server.catalogue,
          strict: false,
        }).content;
  return parseDeleteOptions(content, query);
}

export function parseDeleteOptions(
  content: JsonObject,
  query: URLSearchParams,
): ParsedDeleteOptions {
  const preconditions = isJsonObject(content['preconditions']) ? content['preconditions'] : {};
  const { uid, resourceVersion } = preconditions;
  const grace = numberOf(content['gracePeriodSeconds'], query.get('gracePeriodSeconds'));
  const propagation = content['propagationPolicy'] ?? query.get('propagationPolicy') ?? undefined;
  const orphan = content['orphanDependents'] ?? booleanOf(query.get('orphanDependents'));
  const dryRunValues = Array.isArray(content['dryRun'])
    ? content['dryRun'].map(String)
    : query.getAll('dryRun');
  const errors: FieldError[] = [];
  const dryRun = parseDryRun(dryRunValues, errors);
  if (propagation !== undefined && !isPropagation(propagation)) {
    errors.push({
      path: 'propagationPolicy',
      reason: 'FieldValueNotSupported',
      text: `Unsupported value: ${JSON.stringify(propagation)}: supported values: "Background", "Foreground", "Orphan"`,
    });
  }
  if (propagation !== undefined && typeof orphan === 'boolean') {
    errors.push({
      path: 'propagationPolicy',
      reason: 'FieldValueInvalid',
      text: `Invalid value: ${JSON.stringify(propagation)}: orphanDependents and deletionPropagation cannot be both set`,
    });
  }
  if (errors.length > 0) throw invalid({ group: 'meta.k8s.io', kind: 'DeleteOptions' }, '', errors);
  const policy = isPropagation(propagation)
    ? propagation
    : orphan === true
      ? 'Orphan'
      : orphan === false
        ? 'Background'
        : undefined;
  return {
    dryRun,
    ...(typeof uid === 'string' && { uid }),
    ...(typeof resourceVersion === 'string' && { resourceVersion }),
    ...(grace !== undefined && { gracePeriodSeconds: grace }),
    ...(policy !== undefined && { propagation: policy }),
  };
}

function deletedDetails(context: ResourceContext, object: KubeObject): JsonObject {
  const { definition } = context.served;
  return {
    name: object.metadata.name,
    ...(definition.group !== '' && { group: definition.group }),
    kind: definition.plural,
    uid: object.metadata.uid,
  };
}

function numberOf(inBody: unknown, inQuery: string | null): number | undefined {
  if (typeof inBody === 'number') return inBody;
  if (inQuery === null || inQuery === '') return undefined;
  if (!/^[+-]?\d+$/.test(inQuery)) {
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(inQuery)}: invalid syntax`);
  }
  return Number(inQuery);
}

function booleanOf(text: string | null): boolean | undefined {
  return text === null ? undefined : isTrue(text);
}

function isPropagation(value: unknown): value is 'Background' | 'Foreground' | 'Orphan' {
  return value === 'Background' || value === 'Foreground' || value === 'Orphan';
}
