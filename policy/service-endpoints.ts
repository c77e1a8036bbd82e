import { isJsonObject, valueAt, type JsonObject } from '../common/json.js';
import { formatAddress, parseAddress, type Address } from './address-range.js';
import { readProtocol } from './protocols.js';

/** What is behind a Service, ready or not: one EndpointSlice's part of it. */
export interface ServiceEndpoints {
  /** `namespace/name` of the Service. */
  service: string;
  addresses: readonly Address[];
  ports: readonly { protocol: number; port: number }[];
}

export function isEndpointSlice(object: unknown): boolean {
  return valueAt(object, ['kind']) === 'EndpointSlice';
}

export function parseEndpointSlice(object: JsonObject): ServiceEndpoints {
  const namespace = valueAt(object, ['metadata', 'namespace']);
  const service = valueAt(object, ['metadata', 'labels', 'kubernetes.io/service-name']);
  const [endpoints, ports] = [object['endpoints'], object['ports']];
  return {
    service: `${String(namespace)}/${String(service)}`,
    addresses: (Array.isArray(endpoints) ? endpoints : []).flatMap((endpoint: unknown) => {
      const addresses = valueAt(endpoint, ['addresses']);
      return (Array.isArray(addresses) ? addresses : []).flatMap((address: unknown) =>
        typeof address === 'string' ? (parseAddress(address) ?? []) : [],
      );
    }),
    ports: (Array.isArray(ports) ? ports : []).flatMap((entry: unknown) => {
      if (!isJsonObject(entry)) return [];
      const protocol = readProtocol(entry['protocol'] ?? 'TCP');
      const { port } = entry;
      return protocol === undefined || typeof port !== 'number' ? [] : [{ protocol, port }];
    }),
  };
}

export function hasAddress({ addresses }: ServiceEndpoints, address: Address): boolean {
  const text = formatAddress(address);
  return addresses.some((own) => formatAddress(own) === text);
}
