import type {
  HTTPIngressPath,
  IngressBackend,
  IngressSpec,
  IngressStatus,
} from 'kubernetes-types/networking/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { isAddress } from '../addresses.js';
import { oneOf } from '../checks.js';
import { AGE, column, NAME } from '../columns.js';
import { defineResource, statusSubresource } from '../define-resource.js';
import { invalid, invalidEach, required } from '../field-errors.js';
import type { Loose, ObjectOf } from '../loose.js';
import {
  dns1035Label,
  dnsSubdomain,
  portName,
  portNumber,
  wildcardDnsSubdomain,
} from '../names.js';
import { validateMeta } from '../object-meta.js';

export type Ingress = ObjectOf<IngressSpec, IngressStatus>;

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class';
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix'];
const SHOWN_HOSTS = 3;

export const INGRESSES = defineResource({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'Ingress',
  plural: 'ingresses',
  shortNames: ['ing'],
  subresources: [statusSubresource('Ingress')],
  hasGeneration: true,
  applyDefaults(ingress: Ingress) {
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
    ingress.spec ??= {};
  },
  prepareForCreate(ingress: Ingress) {
    ingress.status = { loadBalancer: {} };
  },
  validate: (ingress: Ingress) => [...validateMeta(ingress), ...validateSpec(ingress)],
  columns: [
    NAME,
    column<Ingress>('Class', 'Class of the controller.', (ingress) => classOf(ingress) ?? '<none>'),
    column<Ingress>('Hosts', 'Hosts of the rules.', hosts),
    column<Ingress>('Address', 'Addresses of the load balancer.', ({ status }) =>
      (status?.loadBalancer?.ingress ?? [])
        .map(({ ip, hostname }) => ip ?? hostname ?? '')
        .join(','),
    ),
    column<Ingress>('Ports', 'Ports that it serves.', ({ spec }) =>
      (spec.tls ?? []).length > 0 ? '80, 443' : '80',
    ),
    AGE,
  ],
});

function classOf({ spec, metadata }: Ingress): string | undefined {
  return spec.ingressClassName ?? metadata.annotations?.[CLASS_ANNOTATION];
}

function hosts({ spec }: Ingress): string {
  const names = (spec.rules ?? []).map(({ host = '' }) => host).filter((host) => host !== '');
  if (names.length === 0) return '*';
  if (names.length <= SHOWN_HOSTS) return names.join(',');
  return `${names.slice(0, SHOWN_HOSTS).join(',')} + ${names.length - SHOWN_HOSTS} more...`;
}

function validateSpec(ingress: Ingress): FieldError[] {
  const { spec, metadata } = ingress;
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  const errors: FieldError[] = [];
  const annotation = metadata.annotations?.[CLASS_ANNOTATION];
  if (
    annotation !== undefined &&
    ingressClassName !== undefined &&
    annotation !== ingressClassName
  ) {
    const path = `metadata.annotations.${CLASS_ANNOTATION}`;
    errors.push(invalid(path, annotation, 'must match `ingressClassName` when both are specified'));
  }
  if (rules.length === 0 && defaultBackend === undefined) {
    const why = 'either `defaultBackend` or `rules` must be specified';
    errors.push(invalid('spec', '', why));
  }
  if (defaultBackend !== undefined)
    errors.push(...validateBackend('spec.defaultBackend', defaultBackend));
  for (const [index, { host = '', http }] of rules.entries()) {
    const path = `spec.rules[${index}]`;
    if (host !== '') errors.push(...validateHost(`${path}.host`, host));
    if (http === undefined) continue;
    if ((http.paths ?? []).length === 0) errors.push(required(`${path}.http.paths`));
    for (const [position, one] of (http.paths ?? []).entries()) {
      errors.push(...validatePath(`${path}.http.paths[${position}]`, one));
    }
  }
  for (const [index, { hosts: names = [], secretName }] of tls.entries()) {
    const path = `spec.tls[${index}]`;
    for (const [position, name] of names.entries()) {
      errors.push(...invalidEach(`${path}.hosts[${position}]`, name, hostFaults(name)));
    }
    if (secretName !== undefined)
      errors.push(...invalidEach(`${path}.secretName`, secretName, dnsSubdomain(secretName)));
  }
  if (ingressClassName !== undefined) {
    errors.push(
      ...invalidEach('spec.ingressClassName', ingressClassName, dnsSubdomain(ingressClassName)),
    );
  }
  return errors;
}

function validateHost(path: string, host: string): FieldError[] {
  if (isAddress(host)) return [invalid(path, host, 'must be a DNS name, not an IP address')];
  return invalidEach(path, host, hostFaults(host));
}

function hostFaults(host: string): string[] {
  return host.includes('*') ? wildcardDnsSubdomain(host) : dnsSubdomain(host);
}

function validatePath(at: string, one: Loose<HTTPIngressPath>): FieldError[] {
  const { pathType, path = '', backend = {} } = one;
  if (pathType === undefined) return [required(`${at}.pathType`, 'pathType must be specified')];
  const errors: FieldError[] = [];
  if (pathType === 'Exact' || pathType === 'Prefix') {
    if (!path.startsWith('/')) errors.push(invalid(`${at}.path`, path, 'must be an absolute path'));
    if (path !== '') {
      for (const bad of ['//', '/./', '/../', '%2f', '%2F']) {
        if (path.includes(bad))
          errors.push(invalid(`${at}.path`, path, `must not contain '${bad}'`));
      }
      for (const bad of ['/..', '/.']) {
        if (path.endsWith(bad))
          errors.push(invalid(`${at}.path`, path, `cannot end with '${bad}'`));
      }
    }
  } else if (pathType === 'ImplementationSpecific') {
    if (path !== '' && !path.startsWith('/')) {
      errors.push(invalid(`${at}.path`, path, 'must be an absolute path'));
    }
  } else errors.push(...oneOf(`${at}.pathType`, pathType, PATH_TYPES));
  return [...errors, ...validateBackend(`${at}.backend`, backend)];
}

function validateBackend(path: string, { service, resource }: Loose<IngressBackend>): FieldError[] {
  if (service !== undefined && resource !== undefined) {
    return [invalid(path, '', 'cannot set both resource and service backends')];
  }
  if (resource !== undefined) {
    return [
      ...(resource.kind === undefined ? [required(`${path}.resource.kind`)] : []),
      ...(resource.name === undefined ? [required(`${path}.resource.name`)] : []),
    ];
  }
  if (service === undefined) return [required(path, 'resource or service backend is required')];
  const errors: FieldError[] = [];
  const { name = '', port = {} } = service;
  if (name === '') errors.push(required(`${path}.service.name`));
  else errors.push(...invalidEach(`${path}.service.name`, name, dns1035Label(name)));
  const { name: portText = '', number = 0 } = port;
  if (portText !== '' && number !== 0) {
    errors.push(invalid(`${path}.service.port`, '', 'cannot set both port name & port number'));
  } else if (portText !== '') {
    errors.push(...invalidEach(`${path}.service.port.name`, portText, portName(portText)));
  } else if (number !== 0) {
    errors.push(...invalidEach(`${path}.service.port.number`, number, portNumber(number)));
  } else errors.push(required(`${path}.service.port`, 'port name or number is required'));
  return errors;
}
