import { isJsonObject, valueAt } from '../../../../common/json.js';
import type { Json, JsonObject } from '../../../../common/json.js';
import { badRequest, conflict, invalid, MODIFIED_MEANWHILE, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { isKubeObject } from '../json/object-json.js';
import { applyJsonPatch } from '../patch/json-patch.js';
import { mergePatch } from '../patch/merge-patch.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { formatSelector } from '../selectors/selector-object.js';
import { readBody } from './body.js';
import { writeContextOf } from './context.js';
import type { ResourceContext } from './context.js';
import { parsePatchJson, parseYaml, readDocument, unsupportedMediaType } from './documents.js';
import { parseMediaTypes } from './media-types.js';
import { parseWriteOptions } from './options.js';
import type { WriteOptions } from './options.js';
import { findObject } from './reading.js';
import { sendJson } from './respond.js';
import { storedFrom, viewOf } from './views.js';
import { acknowledge, keyOf, viewJson } from './writing.js';

const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' };

/** GET, PUT and PATCH of `/scale`: an autoscaling/v1 Scale over the object's own replicas. */
export async function handleScale(context: ResourceContext): Promise<void> {
  const { served, target } = context;
  if (target.verb === 'get') {
    sendJson(
      context,
      200,
      scaleOf(served.definition, viewOf(served.definition, findObject(context))),
    );
    return;
  }
  const isPatch = target.verb === 'patch';
  const options = parseWriteOptions(context.query, isPatch ? 'PatchOptions' : 'UpdateOptions');
  const change = isPatch ? await readScalePatch(context) : await readScale(context);
  sendJson(context, 200, await writeScale(context, { options, change }));
}

async function writeScale(
  context: ResourceContext,
  request: { options: WriteOptions; change(scale: JsonObject): JsonObject },
): Promise<JsonObject> {
  const { served, target, server } = context;
  const { definition } = served;
  const updated = await server.writer.update(served.resource, keyOf(context), {
    ...writeContextOf(context, request.options),
    subresource: 'scale',
    seen: {
      ...SCALE,
      show: (_which, stored) =>
        stored === undefined ? null : scaleOf(definition, viewOf(definition, stored)),
    },
    change: (_draft, old) => {
      const scale = request.change(scaleOf(definition, viewOf(definition, old)));
      const replicas = checkedReplicas(scale, target.name);
      const version = valueAt(scale, ['metadata', 'resourceVersion']);
      if (
        typeof version === 'string' &&
        version !== '' &&
        version !== old.metadata.resourceVersion
      ) {
        throw conflict(definition, target.name, MODIFIED_MEANWHILE);
      }
      const view = viewJson(context, old);
      setAt(view, definition.scale?.specReplicas ?? ['spec', 'replicas'], replicas);
      if (!isKubeObject(view)) throw badRequest('the object has no metadata');
      return storedFrom(definition, view);
    },
  });
  if (updated === undefined) throw notFound(definition, target.name);
  await acknowledge(context, request.options);
  return scaleOf(definition, viewOf(definition, updated));
}

async function readScale(context: ResourceContext): Promise<(scale: JsonObject) => JsonObject> {
  const body = await readBody(context.req);
  const { content } = readDocument(body, context.req.headers['content-type'], {
    kind: 'Scale',
    catalogue: context.server.catalogue,
    strict: false,
  });
  const name = valueAt(content, ['metadata', 'name']);
  if (typeof name === 'string' && name !== '' && name !== context.target.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${context.target.name})`,
    );
  }
  return () => content;
}

async function readScalePatch(
  context: ResourceContext,
): Promise<(scale: JsonObject) => JsonObject> {
  const type = parseMediaTypes(context.req.headers['content-type'] ?? '')[0]?.type ?? '';
  const text = (await readBody(context.req)).toString('utf8');
  if (type === 'application/json-patch+json') {
    const operations = parsePatchJson(text);
    return (scale) => applyJsonPatch(scale, operations);
  }
  const accepted = [
    'application/json-patch+json',
    'application/merge-patch+json',
    'application/strategic-merge-patch+json',
    'application/apply-patch+yaml',
  ];
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  // A Scale has no lists: all other kinds of patch merge alike.
  const patch = parseYaml(text);
  return (scale) => mergePatch(scale, patch);
}

function scaleOf(definition: ResourceDefinition, object: KubeObject): JsonObject {
  const { metadata } = object;
  const selector = selectorText(definition, object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: {
      name: metadata.name,
      ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      uid: metadata.uid,
      resourceVersion: metadata.resourceVersion,
      creationTimestamp: metadata.creationTimestamp,
    },
    spec: withReplicas(valueAt(object, definition.scale?.specReplicas ?? ['spec', 'replicas'])),
    status: {
      replicas: numberOf(
        valueAt(object, definition.scale?.statusReplicas ?? ['status', 'replicas']),
      ),
      ...(selector !== '' && { selector }),
    },
  };
}

function selectorText(definition: ResourceDefinition, object: KubeObject): string {
  const path = definition.scale?.labelSelector;
  if (path !== undefined) {
    const text = valueAt(object, path);
    return typeof text === 'string' ? text : '';
  }
  return definition.scale === undefined
    ? formatSelector(valueAt(object, ['spec', 'selector']))
    : '';
}

function withReplicas(value: unknown): JsonObject {
  const replicas = numberOf(value);
  return replicas === 0 ? {} : { replicas };
}

function checkedReplicas(scale: JsonObject, name: string): number {
  const given = valueAt(scale, ['spec', 'replicas']);
  if (given !== undefined && given !== null && !Number.isInteger(given)) {
    throw badRequest(
      `Scale in version "v1" cannot be handled as a Scale: json: cannot unmarshal ${typeof given} into Go struct field ScaleSpec.spec.replicas of type int32`,
    );
  }
  const replicas = numberOf(given);
  if (replicas < 0) {
    throw invalid({ group: 'autoscaling', kind: 'Scale' }, name, [
      {
        path: 'spec.replicas',
        reason: 'FieldValueInvalid',
        text: `Invalid value: ${replicas}: must be greater than or equal to 0`,
      },
    ]);
  }
  return replicas;
}

function setAt(object: JsonObject, path: readonly string[], value: Json): void {
  let target = object;
  for (const key of path.slice(0, -1)) {
    const next = target[key];
    const child: JsonObject = isJsonObject(next) ? next : {};
    target[key] = child;
    target = child;
  }
  target[path.at(-1) ?? ''] = value;
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}
