import type { ResourceDefinition } from '../resource-definition.js';
import {
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
} from './admissionregistration/policies.js';
import {
  MUTATING_WEBHOOK_CONFIGURATIONS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
} from './admissionregistration/webhooks.js';
import { CUSTOM_RESOURCE_DEFINITIONS } from './apiextensions/customresourcedefinitions.js';
import { API_SERVICES } from './apiregistration/apiservices.js';
import { CONTROLLER_REVISIONS } from './apps/controllerrevisions.js';
import { DAEMON_SETS } from './apps/daemonsets.js';
import { DEPLOYMENTS } from './apps/deployments.js';
import { REPLICA_SETS } from './apps/replicasets.js';
import { STATEFUL_SETS } from './apps/statefulsets.js';
import { SELF_SUBJECT_REVIEWS, TOKEN_REVIEWS } from './authentication/reviews.js';
import {
  LOCAL_SUBJECT_ACCESS_REVIEWS,
  SELF_SUBJECT_ACCESS_REVIEWS,
  SELF_SUBJECT_RULES_REVIEWS,
  SUBJECT_ACCESS_REVIEWS,
} from './authorization/reviews.js';
import {
  HORIZONTAL_POD_AUTOSCALERS,
  HORIZONTAL_POD_AUTOSCALERS_V1,
} from './autoscaling/horizontalpodautoscalers.js';
import { CRON_JOBS } from './batch/cronjobs.js';
import { JOBS } from './batch/jobs.js';
import { CERTIFICATE_SIGNING_REQUESTS } from './certificates/certificatesigningrequests.js';
import { LEASES } from './coordination/leases.js';
import { BINDINGS } from './core/bindings.js';
import { COMPONENT_STATUSES } from './core/componentstatuses.js';
import { CONFIG_MAPS } from './core/configmaps.js';
import { ENDPOINTS } from './core/endpoints.js';
import { EVENTS, EVENTS_V1 } from './core/events.js';
import { LIMIT_RANGES } from './core/limitranges.js';
import { NAMESPACES } from './core/namespaces.js';
import { NODES } from './core/nodes.js';
import { PERSISTENT_VOLUME_CLAIMS } from './core/persistentvolumeclaims.js';
import { PERSISTENT_VOLUMES } from './core/persistentvolumes.js';
import { PODS } from './core/pods.js';
import { POD_TEMPLATES } from './core/podtemplates.js';
import { REPLICATION_CONTROLLERS } from './core/replicationcontrollers.js';
import { RESOURCE_QUOTAS } from './core/resourcequotas.js';
import { SECRETS } from './core/secrets.js';
import { SERVICE_ACCOUNTS } from './core/serviceaccounts.js';
import { SERVICES } from './core/services.js';
import { ENDPOINT_SLICES } from './discovery/endpointslices.js';
import { FLOW_SCHEMAS, PRIORITY_LEVEL_CONFIGURATIONS } from './flowcontrol/flow-control.js';
import { NODE_METRICS, POD_METRICS } from './metrics/metrics.js';
import { INGRESS_CLASSES } from './networking/ingressclasses.js';
import { INGRESSES } from './networking/ingresses.js';
import { NETWORK_POLICIES } from './networking/networkpolicies.js';
import { RUNTIME_CLASSES } from './node/runtimeclasses.js';
import { POD_DISRUPTION_BUDGETS } from './policy/poddisruptionbudgets.js';
import { CLUSTER_ROLE_BINDINGS, ROLE_BINDINGS } from './rbac/bindings.js';
import { CLUSTER_ROLES, ROLES } from './rbac/roles.js';
import { PRIORITY_CLASSES } from './scheduling/priorityclasses.js';
import {
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  VOLUME_ATTACHMENTS,
} from './storage/attachments.js';
import { STORAGE_CLASSES } from './storage/storageclasses.js';

/** Every resource that a cluster has from the start: groups and versions in the order of discovery. */
export const BUILT_IN_RESOURCES: readonly ResourceDefinition[] = [
  BINDINGS,
  COMPONENT_STATUSES,
  CONFIG_MAPS,
  ENDPOINTS,
  EVENTS,
  LIMIT_RANGES,
  NAMESPACES,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  POD_TEMPLATES,
  REPLICATION_CONTROLLERS,
  RESOURCE_QUOTAS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  API_SERVICES,
  CONTROLLER_REVISIONS,
  DAEMON_SETS,
  DEPLOYMENTS,
  REPLICA_SETS,
  STATEFUL_SETS,
  EVENTS_V1,
  SELF_SUBJECT_REVIEWS,
  TOKEN_REVIEWS,
  LOCAL_SUBJECT_ACCESS_REVIEWS,
  SELF_SUBJECT_ACCESS_REVIEWS,
  SELF_SUBJECT_RULES_REVIEWS,
  SUBJECT_ACCESS_REVIEWS,
  HORIZONTAL_POD_AUTOSCALERS,
  HORIZONTAL_POD_AUTOSCALERS_V1,
  CRON_JOBS,
  JOBS,
  CERTIFICATE_SIGNING_REQUESTS,
  INGRESS_CLASSES,
  INGRESSES,
  NETWORK_POLICIES,
  POD_DISRUPTION_BUDGETS,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  ROLE_BINDINGS,
  ROLES,
  CSI_DRIVERS,
  CSI_NODES,
  CSI_STORAGE_CAPACITIES,
  STORAGE_CLASSES,
  VOLUME_ATTACHMENTS,
  MUTATING_WEBHOOK_CONFIGURATIONS,
  VALIDATING_ADMISSION_POLICIES,
  VALIDATING_ADMISSION_POLICY_BINDINGS,
  VALIDATING_WEBHOOK_CONFIGURATIONS,
  CUSTOM_RESOURCE_DEFINITIONS,
  PRIORITY_CLASSES,
  LEASES,
  RUNTIME_CLASSES,
  ENDPOINT_SLICES,
  FLOW_SCHEMAS,
  PRIORITY_LEVEL_CONFIGURATIONS,
  NODE_METRICS,
  POD_METRICS,
];
