import type { ServicePort } from 'kubernetes-types/core/v1.js';
import type { FieldError } from '../../resource-definition.js';
import { addressFamily, specialAddress, validCidr, validIp } from '../addresses.js';
import { oneOf, portNumberOrName } from '../checks.js';
import {
  duplicate,
  forbidden,
  goStrings,
  GoText,
  invalid,
  invalidEach,
  required,
} from '../field-errors.js';
import { validateLabels } from '../labels.js';
import type { Loose } from '../loose.js';
import { dns1035Label, dnsLabel, dnsSubdomain, portNumber, qualifiedName } from '../names.js';
import { validateMeta } from '../object-meta.js';
import { isExternallyReachable, isHeadless, needsHealthPort } from './service-defaults.js';
import type { Service } from './service.js';

const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const MAX_CLIENT_IP_TIMEOUT_S = 86400;
const KUBELET_PORT = 10250;

export function validateService(service: Service): FieldError[] {
  return [
    ...validateMeta(service, dns1035Label),
    ...validateTrafficDistribution(service),
    ...validateType(service),
    ...validatePorts(service),
    ...validateLabels('spec.selector', service.spec.selector),
    ...validateAffinity(service),
    ...validateAddresses(service),
    ...oneOf('spec.type', service.spec.type, TYPES),
    ...validateUniquePorts(service),
    ...validateTraffic(service),
  ];
}

function validateTrafficDistribution({ spec }: Service): FieldError[] {
  if (spec.trafficDistribution === undefined) return [];
  return oneOf('spec.trafficDistribution', spec.trafficDistribution, ['PreferClose']);
}

function validateType(service: Service): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  if ((spec.ports ?? []).length === 0 && !isHeadless(service) && spec.type !== 'ExternalName') {
    errors.push(required('spec.ports'));
  }
  switch (spec.type) {
    case 'LoadBalancer':
      for (const [index, { port }] of (spec.ports ?? []).entries()) {
        if (port !== KUBELET_PORT) continue;
        const why = `may not expose port ${KUBELET_PORT} externally since it is used by kubelet`;
        errors.push(invalid(`spec.ports[${index}]`, port, why));
      }
      if (isHeadless(service)) errors.push(headlessFault('LoadBalancer'));
      break;
    case 'NodePort':
      if (isHeadless(service)) errors.push(headlessFault('NodePort'));
      break;
    case 'ExternalName':
      errors.push(...validateExternalName(service));
      break;
    case undefined:
    default:
  }
  return errors;
}

function headlessFault(type: string): FieldError {
  return invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${type} services`);
}

function validateExternalName({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const why = 'may not be set for ExternalName services';
  if ((spec.clusterIPs ?? []).length > 0) errors.push(forbidden('spec.clusterIPs', why));
  if ((spec.ipFamilies ?? []).length > 0) errors.push(forbidden('spec.ipFamilies', why));
  if (spec.ipFamilyPolicy !== undefined) errors.push(forbidden('spec.ipFamilyPolicy', why));
  const name = (spec.externalName ?? '').replace(/\.$/, '');
  if (name === '') errors.push(required('spec.externalName'));
  else errors.push(...invalidEach('spec.externalName', name, dnsSubdomain(name)));
  return errors;
}

function validatePorts({ spec }: Service): FieldError[] {
  const names = new Set<string>();
  const ports = spec.ports ?? [];
  return ports.flatMap((port, index) => {
    const path = `spec.ports[${index}]`;
    const { name = '' } = port;
    const errors: FieldError[] = [];
    if (name === '' && ports.length > 1) errors.push(required(`${path}.name`));
    else if (name !== '') {
      errors.push(...invalidEach(`${path}.name`, name, dnsLabel(name)));
      if (names.has(name)) errors.push(duplicate(`${path}.name`, name));
      names.add(name);
    }
    return [...errors, ...validatePort(path, port)];
  });
}

function validatePort(path: string, sent: Loose<ServicePort>): FieldError[] {
  const { port = 0, protocol, targetPort, appProtocol } = sent;
  return [
    ...invalidEach(`${path}.port`, port, portNumber(port)),
    ...oneOf(`${path}.protocol`, protocol, ['SCTP', 'TCP', 'UDP']),
    ...portNumberOrName(`${path}.targetPort`, targetPort),
    ...(appProtocol === undefined
      ? []
      : invalidEach(`${path}.appProtocol`, appProtocol, qualifiedName(appProtocol))),
  ];
}

function validateAffinity({ spec }: Service): FieldError[] {
  const errors = oneOf('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']);
  const seconds = spec.sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (spec.sessionAffinity === 'ClientIP') {
    const path = 'spec.sessionAffinityConfig.clientIP.timeoutSeconds';
    if (seconds === undefined || seconds <= 0 || seconds > MAX_CLIENT_IP_TIMEOUT_S) {
      errors.push(
        invalid(
          path,
          seconds ?? 0,
          `must be greater than 0 and less than ${MAX_CLIENT_IP_TIMEOUT_S}`,
        ),
      );
    }
  } else if (spec.sessionAffinity === 'None' && spec.sessionAffinityConfig !== undefined) {
    errors.push(
      forbidden('spec.sessionAffinityConfig', 'must not be set when session affinity is None'),
    );
  }
  return errors;
}

function validateAddresses(service: Service): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  if (spec.type === 'ExternalName') return errors;
  const addresses = spec.clusterIPs ?? [];
  if (addresses.length > 0 && spec.clusterIP !== undefined && addresses[0] !== spec.clusterIP) {
    errors.push(
      invalid('spec.clusterIPs', goStrings(addresses), 'first value must match `clusterIP`'),
    );
  }
  for (const [index, family] of (spec.ipFamilies ?? []).entries()) {
    errors.push(...oneOf(`spec.ipFamilies[${index}]`, family, ['IPv4', 'IPv6']));
  }
  if (spec.ipFamilyPolicy !== undefined) {
    errors.push(
      ...oneOf('spec.ipFamilyPolicy', spec.ipFamilyPolicy, [
        'PreferDualStack',
        'RequireDualStack',
        'SingleStack',
      ]),
    );
  }
  for (const [index, address] of addresses.entries()) {
    const path = `spec.clusterIPs[${index}]`;
    if (address === 'None') {
      if (addresses.length > 1)
        errors.push(
          invalid(
            'spec.clusterIPs',
            goStrings(addresses),
            "'None' must be the first and only value",
          ),
        );
      continue;
    }
    const faults = validIp(path, address);
    errors.push(...faults);
    const family = spec.ipFamilies?.[index];
    if (faults.length === 0 && family !== undefined && addressFamily(address) !== family) {
      errors.push(
        invalid(
          path,
          address,
          `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
        ),
      );
    }
  }
  if (addresses.length > 2) {
    errors.push(invalid('spec.clusterIPs', goStrings(addresses), 'may only hold up to 2 values'));
  }
  for (const [index, address] of (spec.externalIPs ?? []).entries()) {
    const path = `spec.externalIPs[${index}]`;
    const faults = validIp(path, address);
    errors.push(...(faults.length > 0 ? faults : specialAddress(path, address)));
  }
  return errors;
}

function validateUniquePorts({ spec }: Service): FieldError[] {
  const errors: FieldError[] = [];
  const ports = spec.ports ?? [];
  const taken = new Set<string>();
  for (const [index, { nodePort = 0, protocol = '' }] of ports.entries()) {
    if (nodePort === 0) continue;
    const path = `spec.ports[${index}].nodePort`;
    if (spec.type === 'ClusterIP')
      errors.push(forbidden(path, "may not be used when `type` is 'ClusterIP'"));
    if (taken.has(`${protocol}/${nodePort}`)) errors.push(duplicate(path, nodePort));
    taken.add(`${protocol}/${nodePort}`);
  }
  const seen = new Set<string>();
  for (const [index, { port = 0, protocol = '' }] of ports.entries()) {
    if (seen.has(`${protocol}/${port}`)) {
      const shown = `core.ServicePort{Name:"", Protocol:${JSON.stringify(protocol)}, AppProtocol:(*string)(nil), Port:${port}, TargetPort:intstr.IntOrString{Type:0, IntVal:0, StrVal:""}, NodePort:0}`;
      errors.push(duplicate(`spec.ports[${index}]`, new GoText(shown)));
    }
    seen.add(`${protocol}/${port}`);
  }
  return errors;
}

function validateTraffic(service: Service): FieldError[] {
  const { spec } = service;
  const errors: FieldError[] = [];
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries()) {
    const path = `spec.loadBalancerSourceRanges[${index}]`;
    if (spec.type === 'LoadBalancer') errors.push(...validCidr(path, range.trim()));
    else {
      errors.push(
        forbidden(
          'spec.loadBalancerSourceRanges',
          "may only be used when `type` is 'LoadBalancer'",
        ),
      );
      break;
    }
  }
  if (spec.allocateLoadBalancerNodePorts !== undefined && spec.type !== 'LoadBalancer') {
    errors.push(
      forbidden(
        'spec.allocateLoadBalancerNodePorts',
        "may only be used when `type` is 'LoadBalancer'",
      ),
    );
  }
  if (spec.loadBalancerClass !== undefined && spec.type !== 'LoadBalancer') {
    errors.push(
      forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"),
    );
  }
  errors.push(...validateExternalTraffic(service));
  if (spec.internalTrafficPolicy !== undefined) {
    errors.push(
      ...oneOf('spec.internalTrafficPolicy', spec.internalTrafficPolicy, ['Cluster', 'Local']),
    );
  }
  return errors;
}

function validateExternalTraffic(service: Service): FieldError[] {
  const { spec } = service;
  const policy = spec.externalTrafficPolicy ?? '';
  const errors: FieldError[] = [];
  if (isExternallyReachable(service)) {
    if (policy === '') return [required('spec.externalTrafficPolicy')];
    errors.push(...oneOf('spec.externalTrafficPolicy', policy, ['Cluster', 'Local']));
  } else if (policy !== '') {
    errors.push(
      invalid(
        'spec.externalTrafficPolicy',
        policy,
        'may only be set for externally-accessible services',
      ),
    );
  }
  const health = spec.healthCheckNodePort;
  if (health !== undefined && !needsHealthPort(service)) {
    const why =
      "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'";
    errors.push(invalid('spec.healthCheckNodePort', health, why));
  }
  return errors;
}

/** The first cluster IP stays for as long as the service has one. */
export function validateServiceUpdate(service: Service, old: Service): FieldError[] {
  const before = old.spec.clusterIPs?.[0];
  const addresses = service.spec.clusterIPs ?? [];
  if (
    before === undefined ||
    service.spec.type === 'ExternalName' ||
    old.spec.type === 'ExternalName'
  )
    return [];
  if (addresses[0] !== before) {
    return [invalid('spec.clusterIPs[0]', goStrings(addresses), 'may not change once set')];
  }
  return [];
}
