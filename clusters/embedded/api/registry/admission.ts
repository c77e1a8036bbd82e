import type { ClusterApi, KubeObject, ResourceName } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';

/** Who asks, as authentication found it. */
export interface UserInfo {
  username: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE';
  resource: ResourceName;
  definition: ResourceDefinition;
  subresource: string | undefined;
  name: string;
  namespace: string | undefined;
  /** The object to be written; absent for a deletion. Whoever is asked about a mutation may put another in its place. */
  object: KubeObject | undefined;
  /** The object as it is stored; absent for a creation. */
  old: KubeObject | undefined;
  user: UserInfo;
  dryRun: boolean;
  /** The name is of the server's own making, from `generateName`. */
  nameIsGenerated: boolean;
  api: ClusterApi;
  /** Tells the client something without refusing: a `Warning` header. */
  warn(text: string): void;
}

/** Plugins between a request and the store. Both throw `ApiError` to refuse. */
export interface Admission {
  /** Before validation; may change `object` in place. */
  mutate?(request: AdmissionRequest): void;
  /** After validation, right before the write (quota). */
  validate?(request: AdmissionRequest): void;
}
