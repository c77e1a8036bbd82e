import type { ResourceDefinition } from '../resource-definition.js';
import { DAEMON_SETS } from './apps/daemonsets.js';
import { DEPLOYMENTS } from './apps/deployments.js';
import { REPLICA_SETS } from './apps/replicasets.js';
import { CONFIG_MAPS } from './core/configmaps.js';
import { ENDPOINTS } from './core/endpoints.js';
import { EVENTS, EVENTS_V1 } from './core/events.js';
import { NAMESPACES } from './core/namespaces.js';
import { NODES } from './core/nodes.js';
import { PODS } from './core/pods.js';
import { SECRETS } from './core/secrets.js';
import { SERVICE_ACCOUNTS } from './core/serviceaccounts.js';
import { SERVICES } from './core/services.js';
import { ENDPOINT_SLICES } from './discovery/endpointslices.js';
import { INGRESS_CLASSES } from './networking/ingressclasses.js';
import { INGRESSES } from './networking/ingresses.js';
import { NETWORK_POLICIES } from './networking/networkpolicies.js';

/** Every resource that a cluster has from the start, in the order of discovery. */
export const BUILT_IN_RESOURCES: readonly ResourceDefinition[] = [
  CONFIG_MAPS,
  ENDPOINTS,
  EVENTS,
  NAMESPACES,
  NODES,
  PODS,
  SECRETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  DAEMON_SETS,
  DEPLOYMENTS,
  REPLICA_SETS,
  EVENTS_V1,
  INGRESS_CLASSES,
  INGRESSES,
  NETWORK_POLICIES,
  ENDPOINT_SLICES,
];
