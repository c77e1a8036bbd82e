import { SILENT } from '../../../common/logger.js';
import type { Logger } from '../../../common/logger.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type { UsageSource } from '../api/usage-source.js';
import { createAdmissionPolicyStatus } from './admission-policy-status.js';
import { createHorizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.js';
import { ClusterCache } from './cluster-cache.js';
import type { ControllerContext } from './context.js';
import { createClusterRoleAggregation } from './cluster-role-aggregation.js';
import { createCronJobController } from './cron-job.js';
import { createDaemonSetController } from './daemon-set.js';
import { createDeploymentController } from './deployment.js';
import { createDisruptionController } from './disruption.js';
import { createEndpointSliceController } from './endpoint-slice.js';
import { createEndpointSliceMirroringController } from './endpoint-slice-mirroring.js';
import { createEndpointsController } from './endpoints.js';
import { createGarbageCollector } from './garbage-collector.js';
import { createJobController } from './job.js';
import { namespaceOf } from './keys.js';
import { createKubernetesServiceController } from './kubernetes-service.js';
import type { ApiServerPlace } from './kubernetes-service.js';
import { createLoadBalancerController } from './load-balancer.js';
import type { LoadBalancerAddresses } from './load-balancer.js';
import { createNamespaceBasicsController } from './namespace-basics.js';
import { createNamespaceController } from './namespace.js';
import { createNodeLifecycleController } from './node-lifecycle.js';
import { createPodCache } from './pod-cache.js';
import { createPodGarbageCollector } from './pod-gc.js';
import { PodMaker } from './pod-maker.js';
import type { CreateAsked } from './pod-maker.js';
import { createQuotaAdmission } from './quota-admission.js';
import { createReplicaSetController, createReplicationController } from './replica-set.js';
import { createResourceCatalogue } from './resource-catalogue.js';
import type { ResourceSource } from './resource-catalogue.js';
import { createQuotaController } from './resource-quota.js';
import type { ServerSide } from './server-side.js';
import { createScheduler } from './scheduler/index.js';
import { createStatefulSetController } from './stateful-set.js';
import { WorkLoop } from './work-queue.js';

export type { ApiServerPlace } from './kubernetes-service.js';
export type { LoadBalancerAddresses } from './load-balancer.js';

export interface ControllerOptions {
  api: ClusterApi;
  /** What the API server serves, custom resources included: `createClusterApi(…).registry`. */
  resources: ResourceSource;
  /** The cluster's CA certificate, for `kube-root-ca.crt` in every namespace. */
  caPem: string;
  logger?: Logger;
  /** Where the API server is; without it nobody keeps the Service `default/kubernetes`. */
  apiServer?: ApiServerPlace;
  /**
   * The API server's own side, `createClusterApi(…)`. With it a namespace has its default ServiceAccount from its
   * first moment (else a moment later), and ResourceQuotas are
   * enforced (else only counted).
   */
  server?: ServerSide;
  /** Without it no webhook is asked about the pods that controllers make. */
  createAsked?: CreateAsked;
  /** What pods use; without it HorizontalPodAutoscalers find no metrics. */
  usage?: UsageSource;
  /** Without it LoadBalancer Services stay pending, as on bare metal. */
  loadBalancers?: LoadBalancerAddresses;
}

export interface Controllers extends Disposable {
  /** True while there is nothing left to do but wait for changes or the clock. */
  readonly idle: boolean;
}

/** Starts everything that kube-controller-manager and kube-scheduler do for one cluster. */
export function startControllers(options: ControllerOptions): Controllers {
  const { api, logger = SILENT } = options;
  const loop = new WorkLoop(logger);
  const cache = new ClusterCache(api);
  const catalogue = createResourceCatalogue(api, { cache, source: options.resources });
  const context: ControllerContext = {
    api,
    cache,
    catalogue,
    loop,
    logger,
    pods: createPodCache(cache),
    podMaker: new PodMaker({
      api,
      createAsked: options.createAsked,
      retry: (namespace) => {
        loop.retry(namespace);
      },
    }),
  };

  options.server?.admit(createQuotaAdmission());
  createNamespaceBasicsController(context, { caPem: options.caPem, server: options.server });
  if (options.apiServer !== undefined)
    createKubernetesServiceController(context, options.apiServer);
  createNodeLifecycleController(context);
  // ReplicaSets before Deployments: pods follow a new scale before the next step of a rollout is taken.
  createReplicaSetController(context);
  createReplicationController(context);
  createDeploymentController(context);
  createDaemonSetController(context);
  createStatefulSetController(context);
  createCronJobController(context);
  createJobController(context);
  createScheduler(context);
  createEndpointsController(context);
  createEndpointSliceController(context);
  createEndpointSliceMirroringController(context);
  createDisruptionController(context);
  createQuotaController(context);
  createHorizontalPodAutoscaler(context, options.usage);
  if (options.loadBalancers !== undefined) {
    createLoadBalancerController(context, options.loadBalancers);
  }
  createClusterRoleAggregation(context);
  createAdmissionPolicyStatus(context);
  createPodGarbageCollector(context);
  createGarbageCollector(context);
  createNamespaceController(context);

  // What pods are refused for most: an account that is missing, a quota that is full.
  for (const resource of ['serviceaccounts', 'resourcequotas']) {
    cache.informer(resource).on(({ object }) => {
      loop.retry(namespaceOf(object));
    });
  }

  const served = new Set(catalogue.resources().map(({ name }) => name));
  cache.start((resource) => served.has(resource));
  const stopCatalogue = catalogue.start();
  return {
    get idle() {
      return loop.idle;
    },
    [Symbol.dispose]() {
      loop[Symbol.dispose]();
      cache[Symbol.dispose]();
      stopCatalogue();
    },
  };
}
