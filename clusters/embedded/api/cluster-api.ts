/* eslint-disable @typescript-eslint/no-unnecessary-type-parameters -- callers claim the shape of a kind, see ClusterApi */
import type { JsonObject } from '../../../common/json.js';

/** Any Kubernetes object as it is stored: plain JSON, exactly as on the wire. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: KubeMeta;
  [field: string]: unknown;
}

export interface KubeMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  finalizers?: string[];
  ownerReferences?: OwnerReference[];
  generateName?: string;
  managedFields?: JsonObject[];
  selfLink?: string;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
}

/** A resource by its name and group: `pods`, `deployments.apps`, `networkpolicies.networking.k8s.io`. */
export type ResourceName = string;

export type WatchEvent<T extends KubeObject = KubeObject> =
  | { type: 'ADDED'; object: T }
  | { type: 'MODIFIED'; object: T; previous: T }
  | { type: 'DELETED'; object: T };

/**
 * The API server from inside the host process, for controllers and kubelets. Synchronous: storage is in
 * memory and this process is its only writer, so there are no conflicts; the journal follows in batches
 * (`flushed`). Objects that come out are frozen: never change them, use `update`. Defaults, validation and
 * admission run as they do for HTTP clients; a refusal throws `ApiError` (see `api-error.ts`).
 * The type parameter is the caller's claim about the shape that validation of that kind guarantees.
 */
export interface ClusterApi {
  get<T extends KubeObject>(
    resource: ResourceName,
    name: string,
    namespace?: string,
  ): T | undefined;
  list<T extends KubeObject>(resource: ResourceName, namespace?: string): readonly T[];
  /** `metadata` needs name or generateName only; the server fills in the rest. */
  create<T extends KubeObject>(resource: ResourceName, object: NewObject): T;
  /**
   * Calls `change` with a deep copy; writes it if anything differs. Returns undefined where there is no such
   * object. With `subresource: 'status'` only status is kept; without it status is not.
   */
  update<T extends KubeObject>(
    resource: ResourceName,
    key: ObjectKey & { subresource?: 'status' },
    change: (draft: T) => void,
  ): T | undefined;
  /** As a client's DELETE: finalizers, grace periods and propagation hold. Missing objects are ignored. */
  delete(
    resource: ResourceName,
    key: ObjectKey & {
      uid?: string;
      gracePeriodSeconds?: number;
      propagation?: 'Background' | 'Foreground' | 'Orphan';
    },
  ): void;
  /**
   * Tells of every object there is (as ADDED, before this returns) and every later change, in order, in the
   * same tick as the write but after it returned (a queue of events, never re-entrant). Returns the end of it.
   */
  watch<T extends KubeObject>(
    resource: ResourceName,
    listener: (event: WatchEvent<T>) => void,
  ): () => void;
  /** Every write so far is on disk. */
  flushed(): Promise<void>;
  /** Writes a Kubernetes Event about an object; repeated ones are counted, as the real recorder does. */
  event(
    about: KubeObject,
    event: { type: 'Normal' | 'Warning'; reason: string; message: string; component: string },
  ): void;
  /** Milliseconds since the epoch; the one clock of a cluster. */
  now(): number;
}

export interface ObjectKey {
  name: string;
  namespace?: string;
}

export interface NewObject {
  apiVersion: string;
  kind: string;
  metadata: Partial<KubeMeta>;
  [field: string]: unknown;
}
