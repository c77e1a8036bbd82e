/** What the cluster's DNS must know, and how it is told: the text file that `coredns` reads. */

export interface ZoneContent {
  /** `cluster.local` */
  clusterDomain: string;
  namespaces: readonly string[];
  services: readonly ZoneService[];
  /** The lab's outside world: name -> addresses. */
  outside: Readonly<Record<string, readonly string[]>>;
}

export type ZoneService = { namespace: string; name: string } & (
  | { type: 'cluster-ip'; address: string; ports: readonly ZonePort[] }
  | { type: 'headless'; endpoints: readonly ZoneEndpoint[] }
  | { type: 'external-name'; target: string }
);

export interface ZonePort {
  /** Ports without a name have no SRV record. */
  name?: string;
  protocol: 'TCP' | 'UDP' | 'SCTP';
  port: number;
}

/** One ready address behind a headless Service, with the ports as the pod has them. */
export interface ZoneEndpoint {
  address: string;
  hostname?: string;
  ports: readonly ZonePort[];
}

/** The whole file. Its format is documented in `native/README.md`. */
export function renderZoneFile(content: ZoneContent): string {
  const { clusterDomain, namespaces, services, outside } = content;
  const lines = [
    'ttl 5',
    `zone ${clusterDomain}`,
    'zone in-addr.arpa',
    `txt dns-version.${clusterDomain} 1.1.0`,
    `name pod.${clusterDomain}`,
    ...namespaces.map((namespace) => `name ${namespace}.svc.${clusterDomain}`),
    ...services.flatMap((service) => linesOf(service, clusterDomain)),
    ...Object.entries(outside).map(([name, addresses]) => `host ${name} ${addresses.join(' ')}`),
  ];
  return `${lines.join('\n')}\n`;
}

function linesOf(service: ZoneService, clusterDomain: string): string[] {
  const name = `${service.name}.${service.namespace}.svc.${clusterDomain}`;
  switch (service.type) {
    case 'external-name':
      return [`cname ${name} ${service.target}`];
    case 'cluster-ip':
      return [
        `a ${name} ${service.address}`,
        `ptr ${service.address} ${name}`,
        ...srvLines(service.ports, name, name),
      ];
    case 'headless':
      return headlessLines(service.endpoints, name);
  }
}

function headlessLines(endpoints: readonly ZoneEndpoint[], name: string): string[] {
  // A headless Service without endpoints has a name all the same.
  return [
    `name ${name}`,
    ...endpoints.flatMap(({ address, hostname, ports }) => {
      const own = `${hostname ?? address.replaceAll('.', '-')}.${name}`;
      return [
        `a ${name} ${address}`,
        `a ${own} ${address}`,
        `ptr ${address} ${own}`,
        ...srvLines(ports, name, own),
      ];
    }),
  ];
}

const srvLines = (ports: readonly ZonePort[], service: string, target: string): string[] =>
  ports.flatMap(({ name, protocol, port }) =>
    name === undefined
      ? []
      : [`srv _${name}._${protocol.toLowerCase()}.${service} ${port} ${target}`],
  );
