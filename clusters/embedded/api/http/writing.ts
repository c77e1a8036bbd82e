import { ApiError, badRequest, invalid, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { cloneJson } from '../json/json-values.js';
import { toJson } from '../json/object-json.js';
import { readBody } from './body.js';
import { writeContextOf } from './context.js';
import type { ResourceContext } from './context.js';
import { decodeObject } from './decode.js';
import { readDocument } from './documents.js';
import { parseWriteOptions } from './options.js';
import type { WriteOptions } from './options.js';
import { sendObject } from './reading.js';
import { storedFrom, viewOf } from './views.js';

/** POST to a collection. */
export async function handleCreate(context: ResourceContext): Promise<void> {
  const { served, target, server } = context;
  const options = parseWriteOptions(context.query, 'CreateOptions');
  const object = await readObject(context, options);
  checkNamespace(context, object);
  if (served.definition.namespaced) object.metadata.namespace = target.namespace ?? '';
  const created = await server.writer.create(
    served.resource,
    storedFrom(served.definition, object),
    writeContextOf(context, options),
  );
  await acknowledge(context, options);
  sendObject(context, 201, created);
}

/** PUT of one object, or of its status. */
export async function handleUpdate(context: ResourceContext): Promise<void> {
  const { served, target, server } = context;
  const { definition, resource } = served;
  const options = parseWriteOptions(context.query, 'UpdateOptions');
  const object = await readObject(context, options);
  checkNamespace(context, object);
  if (!isFilled(object.metadata.name)) {
    throw badRequest(
      `the name of the object (${target.name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (object.metadata.name !== target.name) {
    throw badRequest(
      `the name of the object (${object.metadata.name}) does not match the name on the URL (${target.name})`,
    );
  }
  if (!isFilled(object.metadata.resourceVersion) && !definition.allowUnconditionalUpdate) {
    throw invalid(definition, target.name, [
      {
        path: 'metadata.resourceVersion',
        reason: 'FieldValueInvalid',
        text: 'Invalid value: 0x0: must be specified for an update',
      },
    ]);
  }
  const updated = await server.writer.update(resource, keyOf(context), {
    ...writeContextOf(context, options),
    ...(target.subresource !== '' && { subresource: target.subresource }),
    change: () => storedFrom(definition, object),
  });
  if (updated === undefined) throw notFound(definition, target.name);
  await acknowledge(context, options);
  sendObject(context, 200, updated);
}

/** Reads and checks the object in the body of a create or an update. */
export async function readObject(
  context: ResourceContext,
  options: WriteOptions,
): Promise<KubeObject> {
  const { served, server, req } = context;
  const body = await readBody(req);
  const document = readDocument(body, req.headers['content-type'], {
    kind: served.definition.kind,
    catalogue: server.catalogue,
    strict: options.fieldValidation !== 'Ignore',
  });
  return decodeObject(document.content, {
    definition: served.definition,
    catalogue: server.catalogue,
    fieldValidation: options.fieldValidation,
    duplicates: document.duplicates,
    warnings: context.warnings,
  });
}

export function keyOf(context: ResourceContext): { name: string; namespace?: string } {
  const { target, served } = context;
  return {
    name: target.name,
    ...(served.definition.namespaced &&
      target.namespace !== undefined && { namespace: target.namespace }),
  };
}

/** A plain copy of a stored object as the request's version shows it. */
export function viewCopy(context: ResourceContext, object: KubeObject): KubeObject {
  return cloneJson(viewOf(context.served.definition, object));
}

export function viewJson(context: ResourceContext, object: KubeObject): ReturnType<typeof toJson> {
  return toJson(viewCopy(context, object));
}

/** A write is told of only when it is on disk. */
export async function acknowledge(
  context: ResourceContext,
  options: { dryRun: boolean },
): Promise<void> {
  if (!options.dryRun) await context.server.api.flushed();
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function checkNamespace(context: ResourceContext, object: KubeObject): void {
  const { namespace } = object.metadata;
  if (!context.served.definition.namespaced || namespace === undefined || namespace === '') return;
  if (namespace === context.target.namespace) return;
  throw new ApiError(400, 'BadRequest', {
    message:
      'the namespace of the provided object does not match the namespace sent on the request',
  });
}
