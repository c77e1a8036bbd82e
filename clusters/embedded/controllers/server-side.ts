import type { ResourceName } from '../api/cluster-api.js';
import type { Admission } from '../api/registry/admission.js';
import type { Change } from '../api/store/collection.js';

/** What controllers may ask of the API server beyond its objects: `createClusterApi(…)` gives it. */
export interface ServerSide {
  /** Called at once after a write to the resource, before anything else can be written. One listener each. */
  hook(resource: ResourceName, listener: (change: Change) => void): void;
  admit(plugin: Admission): void;
}
