import type { JsonObject } from '../../../../common/json.js';
import type { ClusterApi, KubeObject, ResourceName } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';

/** Who asks, as authentication found it. */
export interface UserInfo {
  username: string;
  uid?: string;
  groups: readonly string[];
  extra?: Readonly<Record<string, readonly string[]>>;
}

/** What those who are asked see in place of the stored object: a Scale, an Eviction, the options of a connection. */
export interface SeenAs {
  group: string;
  version: string;
  kind: string;
  show(which: 'object' | 'old', stored: KubeObject | undefined): JsonObject | null;
}

export interface AdmissionRequest {
  operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  resource: ResourceName;
  definition: ResourceDefinition;
  subresource: string | undefined;
  name: string;
  namespace: string | undefined;
  /** The object to be written; absent for a deletion. Whoever is asked about a mutation may put another in its place. */
  object: KubeObject | undefined;
  /** The object as it is stored; absent for a creation. */
  old: KubeObject | undefined;
  /** For some subresources. */
  seen?: SeenAs;
  user: UserInfo;
  dryRun: boolean;
  /** The name is of the server's own making, from `generateName`. */
  nameIsGenerated: boolean;
  api: ClusterApi;
  /** Tells the client something without refusing: a `Warning` header. */
  warn(text: string): void;
}

/** A request's object, or the one before it, as policies and webhooks see it. */
export function shown(
  request: AdmissionRequest,
  which: 'object' | 'old',
): JsonObject | KubeObject | null {
  const stored = request[which];
  return request.seen === undefined ? (stored ?? null) : request.seen.show(which, stored);
}

/** Plugins between a request and the store. Both throw `ApiError` to refuse. */
export interface Admission {
  /** Before validation; may change `object` in place. */
  mutate?(request: AdmissionRequest): void;
  /** After validation, right before the write (quota). */
  validate?(request: AdmissionRequest): void;
}
