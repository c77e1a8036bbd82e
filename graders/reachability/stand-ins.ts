import { valueAt } from '../../common/json.js';
import type { ReachabilityRow } from '../../common/lab.js';
import { objectsOfKind, type ClusterView } from '../cluster-view.js';
import { findEnds, parseEndpoint, type End } from './endpoint.js';

/**
 * Who stands behind the row's Service and is none of the pods that the row means: by name, else by address. Read from the
 * slices that packets follow: a selector does not say what else was put into them.
 */
export function strangersBehind(
  { servedBy }: ReachabilityRow,
  { service }: End,
  view: ClusterView,
): string[] {
  if (servedBy === undefined || service === undefined) return [];
  const meant = findEnds(parseEndpoint(servedBy), view).ends.flatMap(
    ({ pod }) => pod?.addresses ?? [],
  );
  return addressesBehind(service, view)
    .filter((address) => !meant.includes(address))
    .map((address) => {
      const pod = view.pods.find(({ addresses }) => addresses.includes(address));
      return pod === undefined ? address : `${pod.namespace}/${pod.name}`;
    });
}

/** Of what is ready: a pod that ends stays in the slices for a while. */
function addressesBehind(
  { namespace, name }: NonNullable<End['service']>,
  { objects }: ClusterView,
): string[] {
  const slices = objectsOfKind(objects, 'discovery.k8s.io/v1', 'EndpointSlice').filter(
    (slice) =>
      valueAt(slice, ['metadata', 'namespace']) === namespace &&
      valueAt(slice, ['metadata', 'labels', 'kubernetes.io/service-name']) === name,
  );
  const endpoints = slices.flatMap((slice) => listAt(slice, ['endpoints']));
  const ready = endpoints.filter(
    (endpoint) => valueAt(endpoint, ['conditions', 'ready']) !== false,
  );
  const addresses = ready.flatMap((endpoint) => listAt(endpoint, ['addresses']));
  return [...new Set(addresses.filter((address) => typeof address === 'string'))];
}

function listAt(object: unknown, path: readonly string[]): unknown[] {
  const value = valueAt(object, path);
  return Array.isArray(value) ? value : [];
}
