import type { KubeObject } from '../cluster-api.js';
import type { ResourceDefinition } from '../resource-definition.js';
import type { SeenAs, UserInfo } from './admission.js';

export interface WriteContext {
  user: UserInfo;
  /** The field manager of the write; empty keeps the object's managed fields as they are given. */
  manager: string;
  dryRun: boolean;
  subresource?: string;
  /** What admission sees in place of the object. */
  seen?: SeenAs;
  /** Takes what admission has to say beside yes; absent where nobody listens. */
  warn?(text: string): void;
}

/** Keeps `metadata.managedFields` in step with a write. */
export interface FieldTracker {
  track(write: {
    definition: ResourceDefinition;
    old: KubeObject | undefined;
    object: KubeObject;
    context: WriteContext;
    time: string;
  }): void;
}
