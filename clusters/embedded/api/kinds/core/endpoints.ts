import type { EndpointSubset } from 'kubernetes-types/core/v1.js';
import type { KubeObject } from '../../cluster-api.js';
import type { FieldError } from '../../resource-definition.js';
import { specialAddress, validIp } from '../addresses.js';
import { oneOf } from '../checks.js';
import { AGE, column, NAME, shortList } from '../columns.js';
import { defineResource } from '../define-resource.js';
import { invalidEach, required } from '../field-errors.js';
import type { Loose } from '../loose.js';
import { dnsLabel, portNumber } from '../names.js';
import { validateMeta } from '../object-meta.js';

export interface Endpoints extends KubeObject {
  subsets?: Loose<EndpointSubset>[];
}

const SHOWN = 3;

export const ENDPOINTS = defineResource({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  shortNames: ['ep'],
  applyDefaults(endpoints: Endpoints) {
    for (const { ports = [] } of endpoints.subsets ?? [])
      for (const port of ports) port.protocol ??= 'TCP';
  },
  validate(endpoints: Endpoints) {
    return [
      ...validateMeta(endpoints),
      ...(endpoints.subsets ?? []).flatMap((subset, index) =>
        validateSubset(`subsets[${index}]`, subset),
      ),
    ];
  },
  columns: [
    NAME,
    column<Endpoints>('Endpoints', 'Addresses and ports.', ({ subsets = [] }) => {
      const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
        ports.length === 0
          ? addresses.map(({ ip = '' }) => ip)
          : ports.flatMap(({ port = 0 }) => addresses.map(({ ip = '' }) => `${ip}:${port}`)),
      );
      return all.length === 0 ? '<none>' : shortList(all, SHOWN);
    }),
    AGE,
  ],
});

function validateSubset(path: string, subset: Loose<EndpointSubset>): FieldError[] {
  const { addresses = [], notReadyAddresses = [], ports = [] } = subset;
  const errors: FieldError[] = [];
  if (addresses.length === 0 && notReadyAddresses.length === 0) {
    errors.push(required(path, 'must specify `addresses` or `notReadyAddresses`'));
  }
  for (const [name, list] of [
    ['addresses', addresses],
    ['notReadyAddresses', notReadyAddresses],
  ] as const) {
    for (const [index, { ip = '', hostname = '' }] of list.entries()) {
      const at = `${path}.${name}[${index}]`;
      errors.push(...validIp(`${at}.ip`, ip), ...specialAddress(`${at}.ip`, ip));
      if (hostname !== '')
        errors.push(...invalidEach(`${at}.hostname`, hostname, dnsLabel(hostname)));
    }
  }
  for (const [index, { name = '', port = 0, protocol }] of ports.entries()) {
    const at = `${path}.ports[${index}]`;
    if (ports.length > 1 && name === '') errors.push(required(`${at}.name`));
    else if (name !== '') errors.push(...invalidEach(`${at}.name`, name, dnsLabel(name)));
    errors.push(...invalidEach(`${at}.port`, port, portNumber(port)));
    errors.push(...oneOf(`${at}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']));
  }
  return errors;
}
