import type { JsonObject } from '../../../common/json.js';
import type { TypeNode } from './typed/type-node.js';
import type { KubeObject, ClusterApi, ResourceName } from './cluster-api.js';

/** One resource as data plus a small strategy. `api/kinds/<group>/<plural>.ts` holds one each. */
export interface ResourceDefinition {
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
  plural: string;
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  namespaced: boolean;
  /** What every client is warned of. */
  deprecation?: string;
  /** Which verbs exist; default all of create, delete, deletecollection, get, list, patch, update, watch. */
  verbs?: readonly string[];
  /** `status`, `scale`, and streams such as `log`, `exec`; each with its kind where it differs. */
  subresources: readonly SubresourceDefinition[];
  /** Fields a field selector may use beside metadata.name and metadata.namespace: selector key -> value. */
  selectableFields?: Readonly<Record<string, (object: KubeObject) => string>>;
  /** Whether metadata.generation rises when anything but metadata and status changes. */
  hasGeneration: boolean;
  /** May PUT come without a resourceVersion. */
  allowUnconditionalUpdate: boolean;
  /** Deletion waits for a grace period (pods). */
  gracefulDeletion?: (object: KubeObject) => number;
  /** Fills defaults into a deep copy, on every write and after decoding. */
  applyDefaults(object: KubeObject): void;
  /** Before a create: clears what a client may not set (status), allocates (cluster IPs). */
  prepareForCreate?(object: KubeObject, context: StrategyContext): void;
  /** Before an update: keeps what a client may not change. */
  prepareForUpdate?(object: KubeObject, old: KubeObject, context: StrategyContext): void;
  /** All faults at once, in the real server's order and words; `old` where the object replaces it. */
  validate(object: KubeObject, old?: KubeObject): FieldError[];
  validateUpdate?(object: KubeObject, old: KubeObject): FieldError[];
  /**
   * Present where this is another version or name of a resource that is stored elsewhere (autoscaling/v1 of v2,
   * events.k8s.io of core events). Such a definition has no storage of its own: defaults, validation and the
   * other steps of a write are those of the stored one, columns are its own.
   */
  storedAs?: {
    resource: ResourceName;
    /** Both get a deep copy and may change it. */
    toStored(object: KubeObject): KubeObject;
    fromStored(object: KubeObject): KubeObject;
  };
  /**
   * Present where the type is not in the schema catalogue (custom resources): checks a document and leaves out
   * what its schema does not know. A wrong JSON type is no reason to throw; `validate` reports it.
   */
  decode?(document: JsonObject): { object: JsonObject; unknownFields: string[] };
  /** Likewise: how patches and server-side apply see the type. */
  typeNode?: TypeNode;
  /** Likewise: changes whenever the schema does. */
  revision?: string;
  /** Where the scale subresource finds its numbers; default `spec.replicas`, `status.replicas`, `status.selector` or the selector in spec. */
  scale?: {
    specReplicas: readonly string[];
    statusReplicas: readonly string[];
    labelSelector?: readonly string[];
  };
  /** After a delete took effect: give back addresses. */
  afterDelete?(object: KubeObject, context: StrategyContext): void;
  /** Columns of `kubectl get`, Name first; priority 1 = only with -o wide. Age and the like are computed at `now`. */
  columns: readonly PrinterColumn[];
}

export interface SubresourceDefinition {
  name: string;
  kind: string;
  group?: string;
  version?: string;
  verbs: readonly string[];
}

export interface PrinterColumn {
  name: string;
  type: 'string' | 'integer' | 'number' | 'boolean' | 'date';
  format?: string;
  description: string;
  priority: 0 | 1;
  cell(object: KubeObject, now: number): string | number | boolean | null;
}

export interface StrategyContext {
  api: ClusterApi;
  now: number;
  dryRun: boolean;
}

/** As in k8s.io/apimachinery field.Error; `text` is what follows `path: `. */
export interface FieldError {
  path: string;
  /** FieldValueRequired, FieldValueInvalid, FieldValueNotSupported, FieldValueDuplicate, FieldValueForbidden, FieldValueTooLong, FieldValueTooMany, FieldValueNotFound. */
  reason: string;
  text: string;
}
