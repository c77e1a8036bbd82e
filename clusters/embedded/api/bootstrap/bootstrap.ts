import { randomUUID } from 'node:crypto';
import { isIP } from 'node:net';
import type { JsonObject } from '../../../../common/json.js';
import type { KubeObject, NewObject, ResourceName } from '../cluster-api.js';
import type { ClusterApiServerSide } from '../create-cluster-api.js';
import { timestamp } from '../registry/object-meta.js';
import type { ResourceDefinition } from '../resource-definition.js';
import { API_SERVICES, apiServicesOf } from './api-services.js';
import {
  AGGREGATED,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  GATHERED_BY,
  parseRules,
} from './rbac-rules.js';

export interface BootstrapOptions {
  caPem: string;
  /** The control plane's address inside the cluster; without one the `kubernetes` Service has no endpoints. */
  address: string | undefined;
}

const RBAC = 'rbac.authorization.k8s.io';
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const SERVICE_ADDRESS = '10.96.0.1';
const SERVER_PORT = 6443;
const AUTHENTICATION = 'extension-apiserver-authentication';
const PRIORITIES = [
  {
    name: 'system-cluster-critical',
    value: 2_000_000_000,
    rule: 'run in the cluster, but can be moved to another node if necessary.',
  },
  {
    name: 'system-node-critical',
    value: 2_000_001_000,
    rule: 'not be moved from their current node.',
  },
] as const;
const DEFAULTS = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
const AUTO_UPDATE = { 'rbac.authorization.kubernetes.io/autoupdate': 'true' };

/** Creates what every cluster has from the start, where it is missing. Safe to run at every start. */
export function bootstrap(api: ClusterApiServerSide, options: BootstrapOptions): void {
  const isMissing = (resource: ResourceName, { name = '', namespace }: NewObject['metadata']) =>
    api.registry.find(resource) !== undefined && api.get(resource, name, namespace) === undefined;
  const ensure = (resource: ResourceName, object: NewObject): void => {
    if (isMissing(resource, object.metadata)) api.create(resource, object);
  };
  for (const name of NAMESPACES) {
    ensure('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const { resource, object } of sameEverywhere(api.registry.builtIn, api)) {
    if (isMissing(resource, object.metadata)) copyInto(api, resource, object);
  }
  ensure('configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: AUTHENTICATION, namespace: 'kube-system' },
    // What extension servers read to check client certificates.
    data: { 'client-ca-file': options.caPem },
  });
  ensure('services', kubernetesService());
  if (options.address !== undefined && isIP(options.address) > 0) {
    ensure('endpoints', kubernetesEndpoints(options.address));
    ensure('endpointslices.discovery.k8s.io', kubernetesEndpointSlice(options.address));
  }
}

interface Template {
  resource: ResourceName;
  object: KubeObject;
}

const templates = new WeakMap<readonly ResourceDefinition[], readonly Template[]>();

/**
 * Roles, bindings, priorities and the like, which all clusters share: the first cluster of a process puts them through
 * every step of a write, the others get copies that share their content.
 */
function sameEverywhere(
  definitions: readonly ResourceDefinition[],
  api: ClusterApiServerSide,
): readonly Template[] {
  let known = templates.get(definitions);
  if (known === undefined) {
    known = sharedObjects(definitions, timestamp(api.now()))
      .filter(({ resource }) => api.registry.find(resource) !== undefined)
      .map(({ resource, object }) => {
        const { name = '', namespace } = object.metadata;
        const existing = api.get(resource, name, namespace);
        return { resource, object: existing ?? api.create(resource, object) };
      });
    templates.set(definitions, known);
  }
  return known;
}

function copyInto(api: ClusterApiServerSide, resource: ResourceName, template: KubeObject): void {
  const time = timestamp(api.now());
  const { managedFields = [], ...metadata } = template.metadata;
  api.store.put(resource, {
    ...template,
    metadata: {
      ...metadata,
      uid: randomUUID(),
      creationTimestamp: time,
      managedFields: managedFields.map((entry) => ({ ...entry, time })),
    },
  });
}

function sharedObjects(
  definitions: readonly ResourceDefinition[],
  time: string,
): { resource: ResourceName; object: NewObject }[] {
  return [
    ...apiServicesOf(definitions, { isCustom: false, time }).map((object) => ({
      resource: API_SERVICES,
      object,
    })),
    // One process, which is well where it answers at all.
    ...['controller-manager', 'etcd-0', 'scheduler'].map((name) => ({
      resource: 'componentstatuses',
      object: {
        apiVersion: 'v1',
        kind: 'ComponentStatus',
        metadata: { name },
        conditions: [{ type: 'Healthy', status: 'True', message: 'ok' }],
      },
    })),
    ...Object.entries(CLUSTER_ROLES).map(([name, rules]) => ({
      resource: `clusterroles.${RBAC}`,
      object: clusterRole(name, rules),
    })),
    ...Object.entries(CLUSTER_ROLE_BINDINGS).map(([name, subjects]) => ({
      resource: `clusterrolebindings.${RBAC}`,
      object: clusterRoleBinding(name, subjects),
    })),
    ...authenticationReader(),
    ...PRIORITIES.map(({ name, value, rule }) => ({
      resource: 'priorityclasses.scheduling.k8s.io',
      object: {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name },
        value,
        description: `Used for system critical pods that must ${rule}`,
        preemptionPolicy: 'PreemptLowerPriority',
      },
    })),
  ];
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

function authenticationReader(): { resource: ResourceName; object: NewObject }[] {
  const metadata = { namespace: 'kube-system', labels: DEFAULTS, annotations: AUTO_UPDATE };
  const reader = `${AUTHENTICATION}-reader`;
  return [
    {
      resource: `roles.${RBAC}`,
      object: {
        apiVersion: `${RBAC}/v1`,
        kind: 'Role',
        metadata: { name: reader, ...metadata },
        rules: parseRules(`- | configmaps | get,list,watch | ${AUTHENTICATION}`),
      },
    },
    {
      resource: `rolebindings.${RBAC}`,
      object: {
        apiVersion: `${RBAC}/v1`,
        kind: 'RoleBinding',
        metadata: { name: `system::${reader}`, ...metadata },
        subjects: ['User:system:kube-controller-manager', 'User:system:kube-scheduler'].map(
          parseSubject,
        ),
        roleRef: { apiGroup: RBAC, kind: 'Role', name: reader },
      },
    },
  ];
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
