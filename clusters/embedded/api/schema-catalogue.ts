import type { Json, JsonObject } from '../../../common/json.js';
import type { KubeObject } from './cluster-api.js';

/**
 * What is known of every built-in type: generated at build time from the models of @kubernetes/client-node,
 * completed by our own tables (merge keys, list types, protobuf field numbers).
 */
export interface SchemaCatalogue {
  /** The full name of a kind's type, `io.k8s.api.apps.v1.Deployment`; undefined for an unknown kind. */
  typeOf(group: string, version: string, kind: string): string | undefined;
  /** A type with its fields; `$ref`s are full type names. */
  type(name: string): TypeSchema | undefined;
  /**
   * Checks a decoded document against its type. `unknown` and `duplicate`d fields are reported and unknown ones pruned;
   * a wrong JSON type throws ApiError 400 with the real server's words (`json: cannot unmarshal …`).
   */
  decode(document: JsonObject, typeName: string): { object: KubeObject; unknownFields: string[] };
  /** Reads the `k8s\0` protobuf envelope into JSON without empty values. Throws ApiError 400. */
  decodeProtobuf(body: Buffer): JsonObject;
  /** OpenAPI v3 document of one group-version (`api/v1`, `apis/apps/v1`), with paths for the resources given. */
  openApiV3(groupVersion: string): JsonObject;
  openApiV2(): JsonObject;
}

export interface TypeSchema {
  description: string;
  /** Absent for types that are not objects (Quantity, IntOrString, Time, …). */
  fields?: Readonly<Record<string, FieldSchema>>;
  /** JSON shape where `fields` is absent. */
  format?: 'string' | 'int-or-string' | 'date-time' | 'any' | 'object';
  required: readonly string[];
  /** `atomic`: server-side apply owns the whole object, not its fields. */
  mapType?: 'atomic';
}

export interface FieldSchema {
  description: string;
  kind: 'string' | 'integer' | 'number' | 'boolean' | 'bytes' | 'ref' | 'array' | 'map' | 'any';
  format?: string;
  /** Type name of the field (`ref`) or of its items or values (`array`, `map`), if a type. */
  ref?: string;
  /** Scalar kind of items or values where they are not a type. */
  items?: 'string' | 'integer' | 'number' | 'boolean' | 'bytes' | 'any';
  /** Strategic merge and server-side apply: */
  patchStrategy?: string;
  patchMergeKey?: string;
  listType?: 'atomic' | 'set' | 'map';
  listMapKeys?: readonly string[];
  /** For maps: `atomic` where the map is replaced as a whole (`nodeSelector`). */
  mapType?: 'atomic';
  enum?: readonly string[];
  /** The value that the Go type has when nothing is said: `{}` for structs that are always there, `"TCP"` for protocols. */
  default?: Json;
  /** A pointer in Go: an explicit zero means something else than absence and is kept. */
  pointer?: true;
}
