import { isIP } from 'node:net';
import type { JsonObject } from '../../../../common/json.js';
import type { ClusterApi, NewObject, ResourceName } from '../cluster-api.js';
import type { ResourceRegistry } from '../registry/resource-registry.js';
import {
  AGGREGATED,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  GATHERED_BY,
  parseRules,
} from './rbac-rules.js';

export interface BootstrapOptions {
  registry: ResourceRegistry;
  caPem: string;
  /** The control plane's address inside the cluster; without one the `kubernetes` Service has no endpoints. */
  address: string | undefined;
}

const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const SERVICE_ADDRESS = '10.96.0.1';
const SERVER_PORT = 6443;
const DEFAULTS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const AUTO_UPDATE = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };

/** Creates what every cluster has from the start, where it is missing. Safe to run at every start. */
export function bootstrap(api: ClusterApi, options: BootstrapOptions): void {
  const ensure = (resource: ResourceName, object: NewObject): void => {
    if (options.registry.find(resource) === undefined) return;
    const { name = '', namespace } = object.metadata;
    if (api.get(resource, name, namespace) === undefined) api.create(resource, object);
  };
  for (const name of NAMESPACES) {
    ensure('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const [name, rules] of Object.entries(CLUSTER_ROLES)) {
    ensure(`clusterroles.${RBAC}`, clusterRole(name, rules));
  }
  for (const [name, subjects] of Object.entries(CLUSTER_ROLE_BINDINGS)) {
    ensure(`clusterrolebindings.${RBAC}`, clusterRoleBinding(name, subjects));
  }
  ensureAuthenticationReader(ensure, options.caPem);
  for (const [name, value] of [
    ['system-cluster-critical', 2_000_000_000],
    ['system-node-critical', 2_000_001_000],
  ] as const) {
    ensure('priorityclasses.scheduling.k8s.io', {
      apiVersion: 'scheduling.k8s.io/v1',
      kind: 'PriorityClass',
      metadata: { name },
      value,
      description: `Used for system critical pods that must ${
        name === 'system-node-critical'
          ? 'not be moved from their current node.'
          : 'run in the cluster, but can be moved to another node if necessary.'
      }`,
      preemptionPolicy: 'PreemptLowerPriority',
    });
  }
  ensure('services', kubernetesService());
  if (options.address !== undefined && isIP(options.address) > 0) {
    ensure('endpoints', kubernetesEndpoints(options.address));
    ensure('endpointslices.discovery.k8s.io', kubernetesEndpointSlice(options.address));
  }
}

function clusterRole(name: string, rules: string): NewObject {
  const gathers = AGGREGATED[name];
  const gatheredBy = GATHERED_BY[name];
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRole',
    metadata: {
      name,
      labels: { ...DEFAULTS, ...(gatheredBy !== undefined && { [gatheredBy]: 'true' }) },
      annotations: AUTO_UPDATE,
    },
    ...(gathers !== undefined && {
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { [gathers]: 'true' } }] },
    }),
    rules: parseRules(rules),
  };
}

function clusterRoleBinding(name: string, subjects: string): NewObject {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: DEFAULTS, annotations: AUTO_UPDATE },
    ...(subjects !== '' && { subjects: subjects.split(',').map(parseSubject) }),
    roleRef: { apiGroup: RBAC, kind: 'ClusterRole', name },
  };
}

function parseSubject(text: string): JsonObject {
  const [kind = '', ...rest] = text.split(':');
  const name = rest.join(':');
  if (kind !== 'ServiceAccount') return { kind, apiGroup: RBAC, name };
  const [namespace = '', account = ''] = name.split('/');
  return { kind, namespace, name: account };
}

/** What extension servers read to check client certificates. */
function ensureAuthenticationReader(
  ensure: (resource: ResourceName, object: NewObject) => void,
  caPem: string,
): void {
  const name = 'extension-apiserver-authentication';
  const namespace = 'kube-system';
  ensure('configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data: { 'client-ca-file': caPem },
  });
  const metadata = { namespace, labels: DEFAULTS, annotations: AUTO_UPDATE };
  const reader = `${name}-reader`;
  ensure(`roles.${RBAC}`, {
    apiVersion: `${RBAC}/v1`,
    kind: 'Role',
    metadata: { name: reader, ...metadata },
    rules: parseRules(`- | configmaps | get,list,watch | ${name}`),
  });
  ensure(`rolebindings.${RBAC}`, {
    apiVersion: `${RBAC}/v1`,
    kind: 'RoleBinding',
    metadata: { name: `system::${reader}`, ...metadata },
    subjects: ['User:system:kube-controller-manager', 'User:system:kube-scheduler'].map(
      parseSubject,
    ),
    roleRef: { apiGroup: RBAC, kind: 'Role', name: reader },
  });
}

function kubernetesService(): NewObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { component: 'apiserver', provider: 'kubernetes' },
    },
    spec: {
      clusterIP: SERVICE_ADDRESS,
      clusterIPs: [SERVICE_ADDRESS],
      ports: [{ name: 'https', protocol: 'TCP', port: 443, targetPort: SERVER_PORT }],
      type: 'ClusterIP',
    },
  };
}

function kubernetesEndpoints(address: string): NewObject {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' },
    },
    subsets: [
      {
        addresses: [{ ip: address }],
        ports: [{ name: 'https', port: SERVER_PORT, protocol: 'TCP' }],
      },
    ],
  };
}

function kubernetesEndpointSlice(address: string): NewObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: 'kubernetes',
      namespace: 'default',
      labels: { 'kubernetes.io/service-name': 'kubernetes' },
    },
    addressType: isIP(address) === 6 ? 'IPv6' : 'IPv4',
    endpoints: [{ addresses: [address], conditions: { ready: true } }],
    ports: [{ name: 'https', port: SERVER_PORT, protocol: 'TCP' }],
  };
}
