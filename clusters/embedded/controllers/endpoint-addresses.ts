import type { Pod, Service } from './objects.js';
import { isFinished, isReady } from './pods.js';

/** One pod behind a Service. */
export interface ServiceEndpoint {
  pod: Pod;
  address: string;
  /** Takes new connections. */
  ready: boolean;
  /** Passes its readiness probe, also while it is going away. */
  serving: boolean;
  terminating: boolean;
  /** The Service's ports as numbers on this pod; named ports a pod does not have are left out. */
  ports: EndpointPort[];
}

export interface EndpointPort {
  name: string;
  port: number;
  protocol: string;
  appProtocol?: string;
}

/** The pods of a Service that have an address, those on their way out included. */
export function endpointsOf(service: Service, pods: Iterable<Pod>): ServiceEndpoint[] {
  const endpoints: ServiceEndpoint[] = [];
  const publishAll = service.spec?.publishNotReadyAddresses === true;
  for (const pod of pods) {
    const address = pod.status?.podIP ?? '';
    if (address === '' || isFinished(pod)) continue;
    const serving = isReady(pod);
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    endpoints.push({
      pod,
      address,
      ready: publishAll || (serving && !terminating),
      serving,
      terminating,
      ports: portsOf(service, pod),
    });
  }
  return endpoints;
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

/** Services without a selector are filled by hand; ExternalName has nothing to fill. */
export function isManaged(service: Service): boolean {
  return service.spec?.selector !== undefined && service.spec.type !== 'ExternalName';
}

/** What a pod is called behind a headless Service that bears its subdomain. */
export function hostnameOf(service: Service, pod: Pod): string | undefined {
  const { hostname, subdomain } = pod.spec ?? {};
  return (hostname ?? '') !== '' && subdomain === service.metadata.name ? hostname : undefined;
}

function portsOf(service: Service, pod: Pod): EndpointPort[] {
  const ports: EndpointPort[] = [];
  for (const wanted of service.spec?.ports ?? []) {
    const protocol = wanted.protocol ?? 'TCP';
    const port = portNumber(pod, { target: wanted.targetPort ?? wanted.port, protocol });
    if (port === undefined) continue;
    ports.push({
      name: wanted.name ?? '',
      port,
      protocol,
      ...(wanted.appProtocol !== undefined && { appProtocol: wanted.appProtocol }),
    });
  }
  return ports;
}

function portNumber(
  pod: Pod,
  { target, protocol }: { target: number | string; protocol: string },
): number | undefined {
  if (typeof target === 'number') return target;
  const sidecars = (pod.spec?.initContainers ?? []).filter(
    (container) => container.restartPolicy === 'Always',
  );
  for (const container of [...(pod.spec?.containers ?? []), ...sidecars]) {
    for (const port of container.ports ?? []) {
      if (port.name === target && (port.protocol ?? 'TCP') === protocol) return port.containerPort;
    }
  }
  return undefined;
}
