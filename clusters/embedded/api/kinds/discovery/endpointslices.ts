import type { Endpoint, EndpointPort } from 'kubernetes-types/discovery/v1.js';
import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { addressFamily, specialAddress, validIp } from '../addresses.js';
import { oneOf } from '../checks.js';
import { AGE, column, NAME, shortList } from '../columns.js';
import { defineResource } from '../define-resource.js';
import {
  duplicate,
  immutableValue,
  invalid,
  invalidEach,
  required,
  tooMany,
} from '../field-errors.js';
import type { Loose } from '../loose.js';
import { dnsLabel, dnsSubdomain, qualifiedName } from '../names.js';
import { validateMeta } from '../object-meta.js';

export interface EndpointSlice extends KubeObject {
  addressType?: string;
  endpoints?: Loose<Endpoint>[];
  ports?: Loose<EndpointPort>[];
}

const MAX_ENDPOINTS = 1000;
const MAX_PORTS = 20000;
const MAX_ADDRESSES = 100;
const SHOWN = 3;

export const ENDPOINT_SLICES = defineResource({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  hasGeneration: true,
  applyDefaults(slice: EndpointSlice) {
    for (const port of slice.ports ?? []) {
      port.name ??= '';
      port.protocol ??= 'TCP';
    }
    for (const endpoint of slice.endpoints ?? []) endpoint.conditions ??= {};
  },
  validate(slice: EndpointSlice) {
    return [
      ...validateMeta(slice),
      ...(slice.addressType === undefined || slice.addressType === ''
        ? [required('addressType')]
        : oneOf('addressType', slice.addressType, ['FQDN', 'IPv4', 'IPv6'])),
      ...validateEndpoints(slice),
      ...validatePorts(slice.ports ?? []),
    ];
  },
  validateUpdate: (slice: EndpointSlice, old: EndpointSlice) =>
    slice.addressType === old.addressType ? [] : [immutableValue('addressType', slice.addressType)],
  columns: [
    NAME,
    column<EndpointSlice>(
      'AddressType',
      'IPv4, IPv6 or FQDN.',
      ({ addressType = '' }) => addressType,
    ),
    column<EndpointSlice>('Ports', 'Port numbers.', ({ ports = [] }) => {
      if (ports.length === 0) return '<unset>';
      return shortList(
        ports.map(({ port, name = '' }) =>
          port === undefined ? (name === '' ? '*' : `*`) : String(port),
        ),
        SHOWN,
      );
    }),
    column<EndpointSlice>('Endpoints', 'Addresses.', ({ endpoints = [] }) => {
      const all = endpoints.flatMap(({ addresses = [] }) => addresses);
      return all.length === 0 ? '<unset>' : shortList(all, SHOWN);
    }),
    AGE,
  ],
});

function validateEndpoints({ endpoints = [], addressType }: EndpointSlice): FieldError[] {
  if (endpoints.length > MAX_ENDPOINTS)
    return [tooMany('endpoints', endpoints.length, MAX_ENDPOINTS)];
  return endpoints.flatMap(({ addresses = [], hostname }, index) => {
    const path = `endpoints[${index}]`;
    const errors: FieldError[] = [];
    if (addresses.length === 0)
      errors.push(required(`${path}.addresses`, 'must contain at least 1 address'));
    if (addresses.length > MAX_ADDRESSES)
      errors.push(tooMany(`${path}.addresses`, addresses.length, MAX_ADDRESSES));
    for (const [position, address] of addresses.entries()) {
      errors.push(...validateAddress(`${path}.addresses[${position}]`, address, addressType));
    }
    if (hostname !== undefined)
      errors.push(...invalidEach(`${path}.hostname`, hostname, dnsLabel(hostname)));
    return errors;
  });
}

function validateAddress(path: string, address: string, type: string | undefined): FieldError[] {
  if (type === 'FQDN') return invalidEach(path, address, dnsSubdomain(address));
  const faults = validIp(path, address);
  if (faults.length > 0) return faults;
  if (addressFamily(address) !== type)
    return [invalid(path, address, `must be an ${type ?? ''} address`)];
  return specialAddress(path, address);
}

function validatePorts(ports: Loose<EndpointPort>[]): FieldError[] {
  if (ports.length > MAX_PORTS) return [tooMany('ports', ports.length, MAX_PORTS)];
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol, appProtocol }, index) => {
    const path = `ports[${index}]`;
    const errors: FieldError[] = [];
    if (name !== '') errors.push(...invalidEach(`${path}.name`, name, dnsLabel(name)));
    if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
    names.add(name);
    errors.push(...oneOf(`${path}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
    if (appProtocol !== undefined) {
      errors.push(...invalidEach(`${path}.appProtocol`, appProtocol, qualifiedName(appProtocol)));
    }
    return errors;
  });
}
