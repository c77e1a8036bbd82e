import { isJsonObject, valueAt } from '../../../../../common/json.js';
import type { ClusterApi, KubeObject } from '../../cluster-api.js';
import { CallError } from './webhook-objects.js';
import type { WebhookClientConfig } from './webhook-objects.js';

/** Where a webhook is called. */
export interface Destination {
  /** As messages show it, without its query. */
  url: string;
  path: string;
  /** The name that its certificate must be for. */
  serverName: string;
  /** Where to connect to; throws where a Service leads nowhere. */
  host: () => string;
  port: number;
}

const HTTPS_PORT = 443;

/** A Service is called under its cluster address, as any client calls it. Throws CallError for a URL that is none. */
export function destinationOf(config: WebhookClientConfig, api: ClusterApi): Destination {
  const { service, url = '' } = config;
  if (service === undefined) {
    if (!URL.canParse(url)) throw new CallError(`Unparsable URL: ${JSON.stringify(url)}`);
    const { hostname, port, pathname, origin } = new URL(url);
    const host = hostname.replace(/^\[(.*)\]$/, '$1');
    return {
      url: `${origin}${pathname === '/' ? '' : pathname}`,
      path: pathname,
      serverName: host,
      host: () => host,
      port: port === '' ? HTTPS_PORT : Number(port),
    };
  }
  const { name, namespace, port = HTTPS_PORT, path = '' } = service;
  const serverName = `${name}.${namespace}.svc`;
  return {
    url: `https://${serverName}:${port}${path}`,
    path: path === '' ? '/' : path,
    serverName,
    host: () => hostOf(api.get('services', name, namespace), { name, port }),
    port,
  };
}

function hostOf(service: KubeObject | undefined, wanted: { name: string; port: number }): string {
  if (service === undefined) throw new Error(`service "${wanted.name}" not found`);
  const type = valueAt(service, ['spec', 'type']);
  const text = (field: string): string => {
    const value = valueAt(service, ['spec', field]);
    return typeof value === 'string' ? value : '';
  };
  if (type === 'ExternalName') return text('externalName');
  const clusterIp = text('clusterIP');
  if (clusterIp === '' || clusterIp === 'None') {
    throw new Error(`cannot route to service with ClusterIP ${JSON.stringify(clusterIp)}`);
  }
  const ports = valueAt(service, ['spec', 'ports']);
  const isThere = (Array.isArray(ports) ? ports : []).some(
    (item) => isJsonObject(item) && item['port'] === wanted.port,
  );
  if (!isThere) {
    throw new Error(`no service port ${wanted.port} found for service "${wanted.name}"`);
  }
  return clusterIp;
}
