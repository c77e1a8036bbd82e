import { equalJson } from '../../json/json-values.js';
import type { Service } from './service.js';

const CLIENT_IP_TIMEOUT_S = 10800;

export function defaultService(service: Service): void {
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- not yet before defaulting
  const spec = (service.spec ??= {});
  spec.sessionAffinity ??= 'None';
  if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig;
  if (spec.sessionAffinity === 'ClientIP') {
    const config = (spec.sessionAffinityConfig ??= {});
    config.clientIP ??= {};
    config.clientIP.timeoutSeconds ??= CLIENT_IP_TIMEOUT_S;
  }
  spec.type ??= 'ClusterIP';
  for (const port of spec.ports ?? []) {
    port.protocol ??= 'TCP';
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') {
      if (port.port !== undefined) port.targetPort = port.port;
    }
  }
  if (isExternallyReachable(service)) spec.externalTrafficPolicy ??= 'Cluster';
  if (needsClusterIp(service)) spec.internalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  if (filled(spec.clusterIP) && spec.clusterIPs === undefined)
    spec.clusterIPs = [spec.clusterIP ?? ''];
}

/** What was allocated stays unless the client says otherwise: kubectl apply leaves these fields out. */
export function keepAllocated(service: Service, old: Service): void {
  const { spec } = service;
  if (spec.type === 'ExternalName' || old.spec.type === 'ExternalName') return;
  if (spec.clusterIP !== old.spec.clusterIP && equalJson(spec.clusterIPs, old.spec.clusterIPs)) {
    if (filled(spec.clusterIP))
      spec.clusterIPs = [spec.clusterIP ?? '', ...(spec.clusterIPs ?? []).slice(1)];
    else delete spec.clusterIPs;
  }
  if (
    !filled(spec.clusterIP) &&
    (spec.clusterIPs ?? []).length === 0 &&
    old.spec.clusterIP !== undefined
  ) {
    spec.clusterIP = old.spec.clusterIP;
    spec.clusterIPs = [...(old.spec.clusterIPs ?? [])];
  }
  if (spec.clusterIP === undefined && spec.clusterIPs?.[0] !== undefined)
    spec.clusterIP = spec.clusterIPs[0];
  if (spec.ipFamilies === undefined && old.spec.ipFamilies !== undefined) {
    spec.ipFamilies = [...old.spec.ipFamilies];
  }
  if (spec.ipFamilyPolicy === undefined && old.spec.ipFamilyPolicy !== undefined) {
    spec.ipFamilyPolicy = old.spec.ipFamilyPolicy;
  }
  if (!needsNodePort(service) || !needsNodePort(old)) return;
  const taken = new Set((spec.ports ?? []).map(({ nodePort }) => nodePort));
  for (const port of spec.ports ?? []) {
    if ((port.nodePort ?? 0) !== 0) continue;
    const before = (old.spec.ports ?? []).find(
      (one) => one.port === port.port && one.protocol === port.protocol,
    );
    if (before?.nodePort === undefined || taken.has(before.nodePort)) continue;
    port.nodePort = before.nodePort;
    taken.add(before.nodePort);
  }
  if (spec.healthCheckNodePort === undefined && old.spec.healthCheckNodePort !== undefined) {
    spec.healthCheckNodePort = old.spec.healthCheckNodePort;
  }
}

/** After a change of type, fields that only the old type has go, unless the client changed them as well. */
export function dropFieldsOfOtherType(service: Service, old: Service): void {
  const { spec } = service;
  const before = old.spec;
  if (
    needsClusterIp(old) &&
    !needsClusterIp(service) &&
    equalJson(spec.clusterIPs, before.clusterIPs)
  ) {
    delete spec.clusterIP;
    delete spec.clusterIPs;
    if (equalJson(spec.ipFamilies, before.ipFamilies)) delete spec.ipFamilies;
    if (spec.ipFamilyPolicy === before.ipFamilyPolicy) delete spec.ipFamilyPolicy;
    if (spec.internalTrafficPolicy === before.internalTrafficPolicy)
      delete spec.internalTrafficPolicy;
  }
  if (needsNodePort(old) && !needsNodePort(service)) {
    const ports = new Set((before.ports ?? []).map(({ nodePort }) => nodePort));
    for (const port of spec.ports ?? []) if (ports.has(port.nodePort)) delete port.nodePort;
  }
  if (needsHealthPort(old) && !needsHealthPort(service)) delete spec.healthCheckNodePort;
  if (before.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    delete spec.allocateLoadBalancerNodePorts;
    if (spec.loadBalancerClass === before.loadBalancerClass) delete spec.loadBalancerClass;
    service.status = { loadBalancer: {} };
  }
  if (isExternallyReachable(old) && !isExternallyReachable(service))
    delete spec.externalTrafficPolicy;
}

export function needsClusterIp({ spec }: Service): boolean {
  return spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer';
}

export function needsNodePort({ spec }: Service): boolean {
  if (spec.type === 'LoadBalancer') return spec.allocateLoadBalancerNodePorts !== false;
  return spec.type === 'NodePort';
}

export function needsHealthPort({ spec }: Service): boolean {
  return spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local';
}

export function isHeadless({ spec }: Service): boolean {
  return spec.clusterIP === 'None' || spec.clusterIPs?.[0] === 'None';
}

export function isExternallyReachable({ spec }: Service): boolean {
  if (spec.type === 'LoadBalancer' || spec.type === 'NodePort') return true;
  return spec.type === 'ClusterIP' && (spec.externalIPs ?? []).length > 0;
}

function filled(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}
