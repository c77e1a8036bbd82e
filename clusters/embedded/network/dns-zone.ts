import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Logger } from '../../../common/logger.js';
import { replaceFile } from '../../../system/replace-file.js';
import type { ClusterApi } from '../api/cluster-api.js';
import {
  renderZoneFile,
  type ZoneEndpoint,
  type ZonePort,
  type ZoneService,
} from '../images/zone-file.js';
import { OUTSIDE_HOSTS } from './addresses.js';
import { Coalescer } from './coalescer.js';
import { keepObjects } from './keep-objects.js';
import {
  keyOf,
  type EndpointSliceObject,
  type NamespaceObject,
  type ServiceObject,
} from './objects.js';

const CLUSTER_DOMAIN = 'cluster.local';

/** The names of a cluster as the file that its DNS servers read, written anew whenever names change. */
export class DnsZone {
  readonly folder: string;
  readonly #services = new Map<string, ServiceObject>();
  readonly #slices = new Map<string, EndpointSliceObject>();
  readonly #namespaces = new Set<string>();
  readonly #work: Coalescer;
  readonly #stops: (() => void)[];
  #written = '';

  private constructor(options: { api: ClusterApi; folder: string; logger: Logger }) {
    const { api } = options;
    this.folder = options.folder;
    mkdirSync(this.folder, { recursive: true, mode: 0o755 });
    this.#work = new Coalescer(() => {
      this.#write();
      return Promise.resolve();
    }, options.logger);
    const onChange = (): void => {
      this.#work.request();
    };
    this.#stops = [
      keepObjects(api, 'services', { objects: this.#services, onChange }),
      keepObjects(api, 'endpointslices.discovery.k8s.io', { objects: this.#slices, onChange }),
      api.watch<NamespaceObject>('namespaces', ({ type, object }) => {
        if (type === 'DELETED') this.#namespaces.delete(object.metadata.name);
        else this.#namespaces.add(object.metadata.name);
        onChange();
      }),
    ];
    // A server that starts at once must find a file.
    this.#write();
  }

  static start(options: { api: ClusterApi; folder: string; logger: Logger }): DnsZone {
    return new DnsZone(options);
  }

  stop(): void {
    this.#work.stop();
    for (const stop of this.#stops.splice(0)) stop();
  }

  #write(): void {
    const slices = new Map<string, EndpointSliceObject[]>();
    for (const slice of this.#slices.values()) {
      const service = slice.metadata.labels?.['kubernetes.io/service-name'];
      const key = `${slice.metadata.namespace ?? ''}/${service ?? ''}`;
      slices.set(key, [...(slices.get(key) ?? []), slice]);
    }
    const text = renderZoneFile({
      clusterDomain: CLUSTER_DOMAIN,
      namespaces: [...this.#namespaces],
      services: [...this.#services.values()].flatMap((service) =>
        zoneService(service, slices.get(keyOf(service)) ?? []),
      ),
      outside: Object.fromEntries(
        Object.entries(OUTSIDE_HOSTS).map(([name, address]) => [`${name}.example`, [address]]),
      ),
    });
    if (text === this.#written) return;
    replaceFile(path.join(this.folder, 'zone'), text, { mode: 0o644 });
    this.#written = text;
  }
}

function zoneService(
  service: ServiceObject,
  slices: readonly EndpointSliceObject[],
): ZoneService[] {
  const { name, namespace = '' } = service.metadata;
  const { type, clusterIP = '', externalName = '' } = service.spec;
  const place = { namespace, name };
  if (type === 'ExternalName') return [{ ...place, type: 'external-name', target: externalName }];
  if (clusterIP === 'None') {
    const publishAll = service.spec.publishNotReadyAddresses === true;
    return [
      {
        ...place,
        type: 'headless',
        endpoints: slices.flatMap((slice) => endpoints(slice, publishAll)),
      },
    ];
  }
  if (clusterIP === '') return [];
  const ports = (service.spec.ports ?? []).map((port) => zonePort(port, port.port));
  return [{ ...place, type: 'cluster-ip', address: clusterIP, ports }];
}

function endpoints(slice: EndpointSliceObject, publishAll: boolean): ZoneEndpoint[] {
  if (slice.addressType !== 'IPv4') return [];
  const ports = (slice.ports ?? []).flatMap((port) =>
    port.port === undefined ? [] : [zonePort(port, port.port)],
  );
  return slice.endpoints.flatMap(({ addresses, conditions, hostname }) => {
    if (!publishAll && conditions?.ready === false) return [];
    return addresses.map((address) => ({
      address,
      ports,
      ...(hostname === undefined || hostname === '' ? {} : { hostname }),
    }));
  });
}

function zonePort(port: { name?: string; protocol?: string }, number: number): ZonePort {
  const { name, protocol } = port;
  return {
    port: number,
    protocol: protocol === 'UDP' || protocol === 'SCTP' ? protocol : 'TCP',
    ...(name === undefined || name === '' ? {} : { name }),
  };
}
