import type { ResourceDefinition, SubresourceDefinition } from '../resource-definition.js';
import { ALL_VERBS } from '../verbs.js';

/** An operation of the API, before OpenAPI v2 or v3 gives it its form. */
export interface Operation {
  method: 'get' | 'put' | 'post' | 'delete' | 'patch';
  /** As in `x-kubernetes-action`; undefined for discovery. */
  action: string | undefined;
  id: string;
  description: string;
  query: readonly string[];
  kind: GroupVersionKind;
  /** Short text of the kind of object that comes back; `string` for plain text. */
  response: OperationType;
  body?: OperationType;
  watchable?: boolean;
}

export interface PathItem {
  path: string;
  /** Parameters in the path, in order of name. */
  pathParameters: readonly ('name' | 'namespace' | 'path')[];
  query: readonly string[];
  operations: readonly Operation[];
}

export interface GroupVersionKind {
  group: string;
  version: string;
  kind: string;
}

/** What goes over the wire: an object of a kind, its list, a Status, patches, options, or text. */
export type OperationType =
  | { is: 'kind'; kind: GroupVersionKind }
  | { is: 'list'; kind: GroupVersionKind }
  | { is: 'status' | 'patch' | 'delete-options' | 'text' };

const WRITE_QUERY = ['dryRun', 'fieldManager', 'fieldValidation'];
const PATCH_QUERY = [...WRITE_QUERY, 'force'];
const DELETE_QUERY = [
  'dryRun',
  'gracePeriodSeconds',
  'ignoreStoreReadErrorWithClusterBreakingPotential',
  'orphanDependents',
  'propagationPolicy',
];
const LIST_QUERY = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
];
const COLLECTION_QUERY = [
  ...new Set([
    ...DELETE_QUERY,
    ...LIST_QUERY.filter((name) => name !== 'allowWatchBookmarks' && name !== 'watch'),
  ]),
].sort();
const STREAMS = new Set(['exec', 'attach', 'portforward', 'proxy', 'log']);

/** Every path of a resource with the operations on it. */
export function pathsOf(definition: ResourceDefinition): PathItem[] {
  const { group, version, kind, plural, namespaced } = definition;
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespaced ? `${root}/namespaces/{namespace}` : root;
  const verbs = new Set(definition.verbs ?? ALL_VERBS);
  const gvk = { group, version, kind };
  const stem = `${capital(group.split('.')[0] ?? '') || 'Core'}${capital(version)}`;
  const subject = `${namespaced ? 'Namespaced' : ''}${kind}`;
  const items: PathItem[] = [];
  if (namespaced && verbs.has('list')) {
    items.push({
      path: `${root}/${plural}`,
      pathParameters: [],
      query: LIST_QUERY,
      operations: [{ ...listOperation(gvk, `list${stem}${kind}ForAllNamespaces`), query: [] }],
    });
  }
  const collection: Operation[] = [];
  if (verbs.has('list')) collection.push(listOperation(gvk, `list${stem}${subject}`));
  if (verbs.has('create')) collection.push(createOperation(gvk, `create${stem}${subject}`));
  if (verbs.has('deletecollection')) {
    collection.push({
      method: 'delete',
      action: 'deletecollection',
      id: `delete${stem}Collection${subject}`,
      description: `delete all of ${kind}`,
      query: COLLECTION_QUERY,
      kind: gvk,
      response: { is: 'status' },
      body: { is: 'delete-options' },
    });
  }
  const inNamespace = namespaced ? (['namespace'] as const) : [];
  items.push({
    path: `${scope}/${plural}`,
    pathParameters: inNamespace,
    query: [],
    operations: collection,
  });
  const single = singleOperations(gvk, verbs, `${stem}${subject}`);
  if (single.length > 0) {
    items.push({
      path: `${scope}/${plural}/{name}`,
      pathParameters: ['name', ...inNamespace],
      query: [],
      operations: single,
    });
  }
  for (const subresource of definition.subresources) {
    items.push({
      path: `${scope}/${plural}/{name}/${subresource.name}`,
      pathParameters: ['name', ...inNamespace],
      query: [],
      operations: subresourceOperations(gvk, subresource, `${stem}${subject}`),
    });
  }
  return items;
}

function listOperation(kind: GroupVersionKind, id: string): Operation {
  return {
    method: 'get',
    action: 'list',
    id,
    description: `list or watch objects of kind ${kind.kind}`,
    query: LIST_QUERY,
    kind,
    response: { is: 'list', kind },
    watchable: true,
  };
}

function createOperation(kind: GroupVersionKind, id: string): Operation {
  const type: OperationType = { is: 'kind', kind };
  return {
    method: 'post',
    action: 'post',
    id,
    description: `create a ${kind.kind}`,
    query: WRITE_QUERY,
    kind,
    response: type,
    body: type,
  };
}

function singleOperations(
  kind: GroupVersionKind,
  verbs: ReadonlySet<string>,
  name: string,
): Operation[] {
  const type: OperationType = { is: 'kind', kind };
  const all: Operation[] = [
    {
      method: 'get',
      action: 'get',
      id: `read${name}`,
      description: `read the ${kind.kind} of that name`,
      query: [],
      kind,
      response: type,
    },
    {
      method: 'put',
      action: 'put',
      id: `replace${name}`,
      description: `replace the ${kind.kind} of that name`,
      query: WRITE_QUERY,
      kind,
      response: type,
      body: type,
    },
    {
      method: 'delete',
      action: 'delete',
      id: `delete${name}`,
      description: `delete a ${kind.kind}`,
      query: DELETE_QUERY,
      kind,
      response: { is: 'status' },
      body: { is: 'delete-options' },
    },
    {
      method: 'patch',
      action: 'patch',
      id: `patch${name}`,
      description: `change parts of the ${kind.kind} of that name`,
      query: PATCH_QUERY,
      kind,
      response: type,
      body: { is: 'patch' },
    },
  ];
  return all.filter(({ action }) => verbs.has(action === 'put' ? 'update' : (action ?? '')));
}

function subresourceOperations(
  parent: GroupVersionKind,
  subresource: SubresourceDefinition,
  name: string,
): Operation[] {
  const kind = {
    group: subresource.group ?? parent.group,
    version: subresource.version ?? parent.version,
    kind: subresource.kind,
  };
  const suffix = `${name}${capital(subresource.name)}`;
  if (STREAMS.has(subresource.name)) return streamOperations(kind, subresource, suffix);
  const verbs = new Set(subresource.verbs);
  const operations = singleOperations(kind, verbs, suffix);
  if (verbs.has('create')) operations.push(createOperation(kind, `create${suffix}`));
  return operations;
}

const METHOD_OF_VERB: Readonly<Record<string, Operation['method']>> = {
  get: 'get',
  create: 'post',
  update: 'put',
  delete: 'delete',
  patch: 'patch',
};

function streamOperations(
  kind: GroupVersionKind,
  subresource: SubresourceDefinition,
  name: string,
): Operation[] {
  return subresource.verbs.map((verb) => ({
    method: METHOD_OF_VERB[verb] ?? 'get',
    action: subresource.name === 'log' ? 'get' : 'connect',
    id: `connect${capital(verb)}${name}`,
    description: `${verb} on ${subresource.name}`,
    query: [],
    kind,
    response: { is: 'text' },
  }));
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
