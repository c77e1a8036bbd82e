import { parseAddress } from '../../../policy/address-range.js';
import { keyOf, type EndpointSliceObject, type ServiceObject } from './objects.js';

/** Services joined with what is behind them. */

/** One port of a Service. */
export interface ServicePort {
  service: ServiceObject;
  protocol: string;
  port: number;
  nodePort: number | undefined;
  /** Everybody who serves; `usable` tells who may answer. */
  endpoints: readonly ServiceEndpoint[];
}

export interface ServiceEndpoint {
  address: string;
  port: number;
  node: string | undefined;
  /** False while it ends and still serves. */
  isReady: boolean;
}

/** Those that may answer: the ready ones; where there are none, those that still serve while they end. */
export function usable(endpoints: readonly ServiceEndpoint[]): readonly ServiceEndpoint[] {
  const ready = endpoints.filter(({ isReady }) => isReady);
  return ready.length > 0 ? ready : endpoints;
}

/** Addresses beside the cluster's own that lead to a Service: its load balancer's and those of `externalIPs`. */
export function externalAddresses({ spec, status }: ServiceObject): {
  balancer: readonly string[];
  external: readonly string[];
} {
  const balancer = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  return { balancer: balancer.filter(isIpv4), external: (spec.externalIPs ?? []).filter(isIpv4) };
}

/** The ports of all Services that have an address, each with the endpoints of its name and protocol. */
export function servicePorts(
  services: Iterable<ServiceObject>,
  slices: Iterable<EndpointSliceObject>,
): ServicePort[] {
  const byService = slicesByService(slices);
  const result: ServicePort[] = [];
  for (const service of services) {
    const { type = 'ClusterIP', clusterIP = '' } = service.spec;
    if (type === 'ExternalName' || clusterIP === '' || clusterIP === 'None') continue;
    const own = byService.get(keyOf(service)) ?? [];
    for (const { name = '', protocol = 'TCP', port, nodePort } of service.spec.ports ?? []) {
      result.push({
        service,
        protocol: protocol.toLowerCase(),
        port,
        nodePort: nodePort === 0 ? undefined : nodePort,
        endpoints: own.flatMap((slice) => endpointsOf(slice, { name, protocol })),
      });
    }
  }
  return result.map((port) => ({ ...port, endpoints: distinct(port.endpoints) }));
}

function slicesByService(
  slices: Iterable<EndpointSliceObject>,
): Map<string, EndpointSliceObject[]> {
  const result = new Map<string, EndpointSliceObject[]>();
  for (const slice of slices) {
    const service = slice.metadata.labels?.['kubernetes.io/service-name'];
    if (service === undefined || slice.addressType !== 'IPv4') continue;
    const key = `${slice.metadata.namespace ?? ''}/${service}`;
    const known = result.get(key);
    if (known === undefined) result.set(key, [slice]);
    else known.push(slice);
  }
  return result;
}

function endpointsOf(
  slice: EndpointSliceObject,
  wanted: { name: string; protocol: string },
): ServiceEndpoint[] {
  const port = slice.ports?.find(
    ({ name = '', protocol = 'TCP' }) => name === wanted.name && protocol === wanted.protocol,
  )?.port;
  // People write slices too, and the API takes any number.
  if (port === undefined || port < 1 || port > 65_535) return [];
  return slice.endpoints.flatMap(({ addresses: [address = ''], conditions, nodeName }) => {
    const isReady = conditions?.ready ?? true;
    const servesToTheEnd = conditions?.terminating === true && conditions.serving === true;
    if (!isIpv4(address) || !(isReady || servesToTheEnd)) return [];
    return [{ address, port, node: nodeName, isReady }];
  });
}

function distinct(endpoints: readonly ServiceEndpoint[]): ServiceEndpoint[] {
  return [...new Map(endpoints.map((one) => [`${one.address}:${one.port}`, one])).values()];
}

const isIpv4 = (text: string): boolean => parseAddress(text)?.family === 4;
