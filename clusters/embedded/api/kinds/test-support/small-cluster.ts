import { valueAt, type JsonObject } from '../../../../../common/json.js';
import { createLimitRangeAdmission } from '../../admission/limit-ranges.js';
import { ApiError, invalid, qualifiedName } from '../../api-error.js';
import type { ClusterApi, KubeObject } from '../../cluster-api.js';
import type { AdmissionRequest } from '../../registry/admission.js';
import type { ResourceDefinition } from '../../resource-definition.js';
import { schemaCatalogue } from '../../schema/index.js';
import { apiVersionOf } from '../../api-version.js';

/** Objects by resource, as strategies see them through `ClusterApi`. */
export type Stored = Record<string, readonly KubeObject[]>;

const DEFAULT_ACCOUNT: KubeObject = {
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: {
    name: 'default',
    namespace: 'demo',
    uid: '',
    resourceVersion: '',
    creationTimestamp: '',
  },
};

/** What a create makes of a document, or how it is refused. */
export function create(
  definition: ResourceDefinition,
  document: JsonObject,
  stored: Stored = {},
): KubeObject {
  const apiVersion = apiVersionOf(definition);
  const { group, version, kind } = definition;
  const type = schemaCatalogue.typeOf(group, version, kind) ?? '';
  const { object } = schemaCatalogue.decode({ apiVersion, kind, ...document }, type);
  const name = valueAt(document, ['metadata', 'name']);
  object.metadata = {
    ...object.metadata,
    name: typeof name === 'string' ? name : 'x',
    uid: 'uid-1',
    ...(definition.namespaced && { namespace: object.metadata.namespace ?? 'demo' }),
  };
  const api = readOnly(stored);
  const request = creationOf(definition, object, api);
  definition.applyDefaults(object);
  LIMITS.mutate?.(request);
  definition.applyDefaults(object);
  definition.prepareForCreate?.(object, { api, now: 0, dryRun: false });
  const made = checked(definition, object);
  LIMITS.validate?.(request);
  return made;
}

const LIMITS = createLimitRangeAdmission();

function creationOf(
  definition: ResourceDefinition,
  object: KubeObject,
  api: ClusterApi,
): AdmissionRequest {
  return {
    operation: 'CREATE',
    resource: qualifiedName(definition),
    definition,
    subresource: undefined,
    name: object.metadata.name,
    namespace: object.metadata.namespace,
    object,
    old: undefined,
    user: { username: 'test', groups: [] },
    dryRun: false,
    nameIsGenerated: false,
    api,
    warn: () => undefined,
  };
}

/** What an update makes of `change`, or how it is refused. */
export function update(
  definition: ResourceDefinition,
  old: KubeObject,
  options: { change: (draft: KubeObject) => void; stored?: Stored },
): KubeObject {
  const draft = structuredClone(old);
  options.change(draft);
  definition.applyDefaults(draft);
  definition.prepareForUpdate?.(draft, old, {
    api: readOnly(options.stored ?? {}),
    now: 0,
    dryRun: false,
  });
  return checked(definition, draft, old);
}

function checked(definition: ResourceDefinition, object: KubeObject, old?: KubeObject): KubeObject {
  const errors = [
    ...definition.validate(object),
    ...(old === undefined ? [] : (definition.validateUpdate?.(object, old) ?? [])),
  ];
  if (errors.length > 0) throw invalid(definition, object.metadata.name, errors);
  return object;
}

/** The faults of a refused action as `path: text`, in order; empty where it succeeds. */
export function faultsOf(action: () => unknown): string[] {
  try {
    action();
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return (error.details?.causes ?? [{ message: error.message }]).map(({ field, message }) =>
      field === undefined ? (message ?? '') : `${field}: ${message ?? ''}`,
    );
  }
}

/** How an action is refused; undefined where it succeeds. */
export function refusal(action: () => unknown): { code: number; message: string } | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { code: error.code, message: error.message };
  }
}

/** Reads only: a strategy has no business writing. */
function readOnly(stored: Stored): ClusterApi {
  const all: Stored = { serviceaccounts: [DEFAULT_ACCOUNT], ...stored };
  const refuse = (): never => {
    throw new Error('a strategy only reads');
  };
  return {
    list: <T extends KubeObject>(resource: string) => claimed<T[]>(all[resource] ?? []),
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- as ClusterApi has it
    get: <T extends KubeObject>(resource: string, name: string, namespace = '') =>
      claimed<T | undefined>(
        all[resource]?.find(
          ({ metadata }) => metadata.name === name && (metadata.namespace ?? '') === namespace,
        ),
      ),
    create: refuse,
    update: refuse,
    delete: refuse,
    watch: refuse,
    flushed: refuse,
    event: refuse,
    now: () => 0,
  };
}

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it stored
function claimed<T>(value: unknown): T {
  // eslint-disable-next-line @typescript-eslint/consistent-type-assertions -- the caller says what it stored
  return value as T;
}
