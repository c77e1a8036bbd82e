import type { Logger } from '../../../common/logger.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type { ClusterCache } from './cluster-cache.js';
import type { PodCache } from './pod-cache.js';
import type { PodMaker } from './pod-maker.js';
import type { ResourceCatalogue } from './resource-catalogue.js';
import type { WorkLoop } from './work-queue.js';

/** What every controller of one cluster is given. */
export interface ControllerContext {
  api: ClusterApi;
  cache: ClusterCache;
  catalogue: ResourceCatalogue;
  loop: WorkLoop;
  logger: Logger;
  pods: PodCache;
  podMaker: PodMaker;
}
