/** Policies of every kind in one line each, for tests. */

type Spec = Record<string, unknown>;

const V3 = 'projectcalico.org/v3';

/** A Calico NetworkPolicy named `namespace/name`. */
export function calicoPolicy(id: string, spec: Spec): unknown {
  const [namespace, name] = id.split('/');
  return { apiVersion: V3, kind: 'NetworkPolicy', metadata: { namespace, name }, spec };
}

export const globalPolicy = (name: string, spec: Spec): unknown => ({
  apiVersion: V3,
  kind: 'GlobalNetworkPolicy',
  metadata: { name },
  spec,
});

export const tier = (name: string, order: number, defaultAction = 'Deny'): unknown => ({
  apiVersion: V3,
  kind: 'Tier',
  metadata: { name },
  spec: { order, defaultAction },
});

export const globalSet = (name: string, labels: Spec, nets: string[]): unknown => ({
  apiVersion: V3,
  kind: 'GlobalNetworkSet',
  metadata: { name, labels },
  spec: { nets },
});

/** A NetworkSet named `namespace/name`. */
export function networkSet(id: string, labels: Spec, nets: string[]): unknown {
  const [namespace, name] = id.split('/');
  return {
    apiVersion: V3,
    kind: 'NetworkSet',
    metadata: { namespace, name, labels },
    spec: { nets },
  };
}

export const hostEndpoint = (name: string, labels: Spec, spec: Spec): unknown => ({
  apiVersion: V3,
  kind: 'HostEndpoint',
  metadata: { name, labels },
  spec,
});

export const profile = (name: string, spec: Spec): unknown => ({
  apiVersion: V3,
  kind: 'Profile',
  metadata: { name },
  spec,
});

/** `default`, or `node.NAME` for one node. */
export const felixConfiguration = (name: string, spec: Spec): unknown => ({
  apiVersion: V3,
  kind: 'FelixConfiguration',
  metadata: { name },
  spec,
});

export const clusterPolicy = (name: string, spec: Spec): unknown => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha2',
  kind: 'ClusterNetworkPolicy',
  metadata: { name },
  spec,
});

export const adminPolicy = (name: string, spec: Spec, kind = 'AdminNetworkPolicy'): unknown => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha1',
  kind,
  metadata: { name },
  spec,
});
