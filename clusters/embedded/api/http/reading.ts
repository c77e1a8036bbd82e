import { ApiError, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import type { ResourceContext } from './context.js';
import { checkNotFuture, listPage, parseSelection } from './listing.js';
import type { Page } from './listing.js';
import { parseListOptions } from './options.js';
import { sendText } from './respond.js';
import { partialMetadataText, tableText } from './table.js';
import type { IncludeObject } from './table.js';
import { itemText, viewOf, viewText } from './views.js';
import { apiVersionOf } from '../api-version.js';

/** GET of one object. */
export function handleGet(context: ResourceContext): void {
  const asked = context.query.get('resourceVersion');
  if (asked !== null) {
    checkNotFuture(
      context.server.api.store,
      parseListOptions(context.query, false).resourceVersion,
    );
  }
  sendObject(context, 200, findObject(context));
}

/** The object that the path names. Refuses with 404. */
export function findObject(context: ResourceContext): KubeObject {
  const { served, target, server } = context;
  const namespace = served.definition.namespaced ? (target.namespace ?? '') : '';
  const object = server.api.store.collection(served.resource.name).get(target.name, namespace);
  if (object === undefined) throw notFound(served.definition, target.name);
  return object;
}

/** GET of a collection. */
export function handleList(context: ResourceContext): void {
  const { served, target, server } = context;
  const options = parseListOptions(context.query, false);
  const selection = parseSelection(served.definition, options, target.namespace);
  const collection = server.api.store.collection(served.resource.name);
  sendList(context, listPage(server.api.store, collection, { selection, options }));
}

export function sendList(context: ResourceContext, page: Page): void {
  sendText(context, 200, {
    text: listText(context, page),
    format: context.representation.format,
  });
}

/** Answers with one object in the representation the client asked for. */
export function sendObject(context: ResourceContext, code: number, object: KubeObject): void {
  const { definition } = context.served;
  const { as, version, format } = context.representation;
  switch (as) {
    case 'object':
      sendText(context, code, { text: viewText(definition, object), format });
      return;
    case 'Table':
      sendText(context, code, {
        text: tableOf(context, {
          objects: [object],
          metadata: `{"resourceVersion":${JSON.stringify(object.metadata.resourceVersion)}}`,
          columns: true,
        }),
        format,
      });
      return;
    case 'PartialObjectMetadata':
      sendText(context, code, {
        text: partialMetadataText(viewOf(definition, object), version),
        format,
      });
      return;
    case 'PartialObjectMetadataList':
      throw notAcceptable();
  }
}

export function tableOf(
  context: ResourceContext,
  content: { objects: readonly KubeObject[]; metadata: string; columns: boolean },
): string {
  const { definition } = context.served;
  return tableText(
    content.objects.map((object) => viewOf(definition, object)),
    {
      definition,
      version: context.representation.version,
      include: includeOf(context.query),
      now: context.server.api.now(),
      textOf: (object) => JSON.stringify(object),
      metadata: content.metadata,
      columns: content.columns,
    },
  );
}

function listText(context: ResourceContext, page: Page): string {
  const { definition, resource } = context.served;
  const { as, version } = context.representation;
  const metadata = listMetadata(page);
  switch (as) {
    case 'object': {
      const items = resource.custom
        ? page.objects.map((object) => viewText(definition, object))
        : page.objects.map((object) => itemText(definition, object));
      const apiVersion = apiVersionOf(definition);
      return `{"kind":"${definition.kind}List","apiVersion":"${apiVersion}","metadata":${metadata},"items":[${items.join(',')}]}`;
    }
    case 'Table':
      return tableOf(context, { objects: page.objects, metadata, columns: true });
    case 'PartialObjectMetadataList': {
      const items = page.objects.map((object) =>
        partialMetadataText(viewOf(definition, object), version),
      );
      return `{"kind":"PartialObjectMetadataList","apiVersion":"meta.k8s.io/${version}","metadata":${metadata},"items":[${items.join(',')}]}`;
    }
    case 'PartialObjectMetadata':
      throw notAcceptable();
  }
}

function listMetadata(page: Page): string {
  return JSON.stringify({
    resourceVersion: String(page.revision),
    ...(page.continueToken !== '' && { continue: page.continueToken }),
    ...(page.remaining !== undefined && { remainingItemCount: page.remaining }),
  });
}

function includeOf(query: URLSearchParams): IncludeObject {
  const include = query.get('includeObject');
  if (include === null || include === '') return 'Metadata';
  if (include === 'None' || include === 'Metadata' || include === 'Object') return include;
  throw new ApiError(400, 'BadRequest', {
    message: `Invalid value: ${JSON.stringify(include)}: must be None, Metadata, or Object`,
  });
}

export function notAcceptable(): ApiError {
  return new ApiError(406, 'NotAcceptable', {
    message:
      '406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch',
    details: {},
  });
}
