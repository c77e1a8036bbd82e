import { isJsonObject } from '../../../../common/json.js';
import type { JsonObject } from '../../../../common/json.js';
import { applyConfiguration, checkDeclared } from '../apply/server-side-apply.js';
import { badRequest, invalid, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { tryParseJson } from '../json/parse-json.js';
import { applyJsonPatch } from '../patch/json-patch.js';
import { mergePatch } from '../patch/merge-patch.js';
import { strategicMerge } from '../patch/strategic-merge.js';
import { timestamp } from '../registry/object-meta.js';
import { apiVersionOf } from '../api-version.js';
import { definitionNode } from '../typed/definition-node.js';
import { readBody } from './body.js';
import { managerOf, writeContextOf } from './context.js';
import type { ResourceContext } from './context.js';
import { decodeObject } from './decode.js';
import { parsePatchJson, parseYaml, unsupportedMediaType } from './documents.js';
import { parseMediaTypes } from './media-types.js';
import { parseWriteOptions } from './options.js';
import type { WriteOptions } from './options.js';
import { sendObject } from './reading.js';
import { findDuplicateFields } from '../schema/duplicate-fields.js';
import { storedFrom, viewOf } from './views.js';
import { acknowledge, keyOf, viewJson } from './writing.js';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';
const APPLY = 'application/apply-patch+yaml';

/** A patch in hand: what it makes of a view of an object, or that it is a configuration to apply. */
export type Patch =
  | { kind: 'change'; change: (view: JsonObject) => JsonObject; duplicates: readonly string[] }
  | { kind: 'apply'; config: JsonObject; duplicates: readonly string[] };

/** PATCH of one object or of its status: JSON patch, merge patch, strategic merge patch, server-side apply. */
export async function handlePatch(context: ResourceContext): Promise<void> {
  const options = parseWriteOptions(context.query, 'PatchOptions');
  const patch = await readPatch(context, options);
  const { code, object } =
    patch.kind === 'apply'
      ? await applyObject(context, { options, ...patch })
      : { code: 200, object: await changeObject(context, { options, ...patch }) };
  await acknowledge(context, options);
  sendObject(context, code, object);
}

/** Reads the body by its content type. Refuses with 415 what the resource does not take. */
export async function readPatch(context: ResourceContext, options: WriteOptions): Promise<Patch> {
  const { served, req, server } = context;
  const type = parseMediaTypes(req.headers['content-type'] ?? '')[0]?.type ?? '';
  const custom = served.resource.custom;
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(custom ? [] : [STRATEGIC]), APPLY];
  if (!accepted.includes(type)) throw unsupportedMediaType(accepted);
  checkApplyOptions(type, options);
  const text = (await readBody(req)).toString('utf8');
  const strict = options.fieldValidation !== 'Ignore';
  if (type === APPLY) {
    const isJson = tryParseJson(text) !== undefined;
    const duplicates = strict && isJson ? findDuplicateFields(text) : [];
    return { kind: 'apply', config: parseYaml(text), duplicates };
  }
  const value = parsePatchJson(text);
  if (type === JSON_PATCH) {
    return { kind: 'change', duplicates: [], change: (view) => applyJsonPatch(view, value) };
  }
  if (!isJsonObject(value)) {
    throw badRequest(
      'error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}',
    );
  }
  const duplicates = strict ? findDuplicateFields(text) : [];
  if (type === MERGE_PATCH) {
    return { kind: 'change', duplicates, change: (view) => mergePatch(view, value) };
  }
  const node = definitionNode(server.catalogue, served.definition);
  return { kind: 'change', duplicates, change: (view) => strategicMerge(view, value, node) };
}

async function changeObject(
  context: ResourceContext,
  request: {
    options: WriteOptions;
    change: (view: JsonObject) => JsonObject;
    duplicates: readonly string[];
  },
): Promise<KubeObject> {
  const { served, target, server } = context;
  const { options, change, duplicates } = request;
  const updated = await server.writer.update(served.resource, keyOf(context), {
    ...writeContextOf(context, options),
    ...(target.subresource !== '' && { subresource: target.subresource }),
    change: (_draft, old) => {
      const patched = change(viewJson(context, old));
      const object = decodePatched(context, patched, { options, duplicates });
      checkUnmoved(object, old);
      return storedFrom(served.definition, object);
    },
  });
  if (updated === undefined) throw notFound(served.definition, target.name);
  return updated;
}

async function applyObject(
  context: ResourceContext,
  request: { options: WriteOptions; config: JsonObject; duplicates: readonly string[] },
): Promise<{ code: number; object: KubeObject }> {
  const { served, target, server } = context;
  const { options, config, duplicates } = request;
  const { definition } = served;
  checkConfig(context, config);
  const node = definitionNode(server.catalogue, definition);
  const about = `${target.namespace ?? ''}/${target.name}; ${apiVersionOf(definition)}, Kind=${definition.kind}`;
  checkDeclared(config, node, about);
  const apply = (live: KubeObject | undefined): KubeObject => {
    const applied = applyConfiguration(live, {
      config,
      node,
      manager: managerOf(context, options.fieldManager),
      apiVersion: apiVersionOf(definition),
      subresource: target.subresource === '' ? undefined : target.subresource,
      force: options.force,
      time: timestamp(server.api.now()),
    });
    return decodePatched(context, applied, { options, duplicates });
  };
  // The applied object brings its managed fields along.
  const write = { ...writeContextOf(context, options), manager: '' };
  const updated = await server.writer.update(served.resource, keyOf(context), {
    ...write,
    ...(target.subresource !== '' && { subresource: target.subresource }),
    change: (_draft, old) => {
      const object = apply(viewOf(definition, old));
      checkUnmoved(object, old);
      return storedFrom(definition, object);
    },
  });
  if (updated !== undefined) return { code: 200, object: updated };
  if (target.subresource !== '') throw notFound(definition, target.name);
  const object = apply(undefined);
  object.metadata.name = target.name;
  if (definition.namespaced) object.metadata.namespace = target.namespace ?? '';
  return {
    code: 201,
    object: await server.writer.create(served.resource, storedFrom(definition, object), write),
  };
}

function decodePatched(
  context: ResourceContext,
  patched: JsonObject,
  request: { options: WriteOptions; duplicates: readonly string[] },
): KubeObject {
  const { definition } = context.served;
  return decodeObject(patched, {
    definition,
    catalogue: context.server.catalogue,
    fieldValidation: request.options.fieldValidation,
    duplicates: request.duplicates,
    warnings: context.warnings,
  });
}

function checkApplyOptions(type: string, options: WriteOptions): void {
  const refuse = (path: string, reason: string, text: string): Error =>
    invalid({ group: 'meta.k8s.io', kind: 'PatchOptions' }, '', [{ path, reason, text }]);
  if (type === APPLY) {
    if (options.fieldManager === '') {
      throw refuse(
        'fieldManager',
        'FieldValueRequired',
        'Required value: is required for apply patch',
      );
    }
  } else if (options.force) {
    throw refuse(
      'force',
      'FieldValueForbidden',
      'Forbidden: may not be specified for non-apply patch',
    );
  }
}

function checkConfig(context: ResourceContext, config: JsonObject): void {
  const { target, served } = context;
  const metadata = isJsonObject(config['metadata']) ? config['metadata'] : {};
  if (config['apiVersion'] === undefined || config['kind'] === undefined) {
    throw badRequest(
      `error decoding YAML: Object '${config['kind'] === undefined ? 'Kind' : 'apiVersion'}' is missing in '${JSON.stringify(config)}'`,
    );
  }
  const { name, namespace } = metadata;
  if (typeof name === 'string' && name !== '' && name !== target.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${target.name})`,
    );
  }
  if (
    served.definition.namespaced &&
    typeof namespace === 'string' &&
    namespace !== '' &&
    namespace !== target.namespace
  ) {
    throw badRequest(
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  }
  if (Array.isArray(metadata['managedFields']) && metadata['managedFields'].length > 0) {
    throw badRequest('metadata.managedFields must be nil');
  }
}

/** A patch may not rename what it patches. */
function checkUnmoved(object: KubeObject, old: KubeObject): void {
  // A patch may have taken the name away, which the type does not tell.
  const name: unknown = object.metadata.name;
  if (typeof name === 'string' && name !== '' && name !== old.metadata.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${old.metadata.name})`,
    );
  }
}
