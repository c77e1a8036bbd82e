import { Agent, request } from 'node:http';
import type { ClientRequest, IncomingHttpHeaders } from 'node:http';
import { isJsonObject, valueAt } from '../../../../common/json.js';
import { messageOf } from '../../../../common/errors.js';
import { ApiError, badRequest, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import type { ResourceContext } from '../http/context.js';
import { admitConnection } from '../http/admit-action.js';
import { requireHost, requireStreams } from './target.js';

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const KUBELET_PORT = 80;

/** `/proxy/…` of a pod or a service: the request goes on to a port inside the cluster. */
export async function handleProxy(context: ResourceContext): Promise<void> {
  const { target } = context;
  await admitConnection(context);
  const [scheme, name, port] = splitName(target.name);
  if (target.plural === 'nodes') throw kubeletRefuses(context, name);
  if (scheme === 'https') throw badRequest('only http is proxied');
  const { pod, port: number } =
    target.plural === 'services'
      ? serviceEndpoint(context, name, port)
      : podEndpoint(context, name, port);
  requireHost(pod);
  const { name: podName, namespace = '' } = pod.metadata;
  const streams = requireStreams(context);
  let connection;
  try {
    connection = await streams.portForward({ namespace, pod: podName }, number);
  } catch (error) {
    throw unreachable(messageOf(error));
  }
  const agent = new Agent({ keepAlive: false });
  agent.createConnection = () => connection;
  const query = context.info.query.toString();
  const outgoing = request({
    agent,
    method: context.req.method ?? 'GET',
    path: `/${target.rest}${query === '' ? '' : `?${query}`}`,
    headers: { ...forwarded(context.req.headers), host: `${podName}:${number}` },
  });
  await relay(context, outgoing);
}

function relay(context: ResourceContext, outgoing: ClientRequest): Promise<void> {
  const { req, res } = context;
  return new Promise((resolve, reject) => {
    outgoing.on('response', (answer) => {
      res.writeHead(answer.statusCode ?? 502, forwarded(answer.headers));
      answer.pipe(res);
      answer.on('end', resolve);
      answer.on('error', () => {
        res.destroy();
        resolve();
      });
    });
    outgoing.on('error', (error) => {
      reject(unreachable(error.message));
    });
    res.on('close', () => {
      outgoing.destroy();
      resolve();
    });
    req.pipe(outgoing);
  });
}

/** Nodes have no HTTP server: nobody listens at the kubelet's port. */
function kubeletRefuses({ server }: ResourceContext, name: string): ApiError {
  const node = server.api.get('nodes', name);
  if (node === undefined) return notFound({ group: '', plural: 'nodes' }, name);
  const addresses = valueAt(node, ['status', 'addresses']);
  const internal = (Array.isArray(addresses) ? addresses : [])
    .filter(isJsonObject)
    .find(({ type }) => type === 'InternalIP');
  const address = internal?.['address'];
  return unreachable(
    `dial tcp ${typeof address === 'string' ? address : name}:10250: connect: connection refused`,
  );
}

function podEndpoint(
  context: ResourceContext,
  name: string,
  port: string,
): { pod: KubeObject; port: number } {
  const pod = context.server.api.get('pods', name, context.target.namespace);
  if (pod === undefined) throw notFound({ group: '', plural: 'pods' }, name);
  if (port !== '') return { pod, port: Number(port) };
  const containers = valueAt(pod, ['spec', 'containers']);
  const first = (Array.isArray(containers) ? containers : [])
    .flatMap((container) =>
      isJsonObject(container) && Array.isArray(container['ports']) ? container['ports'] : [],
    )
    .find(isJsonObject);
  return { pod, port: Number(first?.['containerPort'] ?? KUBELET_PORT) };
}

function serviceEndpoint(
  context: ResourceContext,
  name: string,
  port: string,
): { pod: KubeObject; port: number } {
  const { api } = context.server;
  const { namespace = '' } = context.target;
  const service = api.get('services', name, namespace);
  if (service === undefined) throw notFound({ group: '', plural: 'services' }, name);
  const ports = valueAt(service, ['spec', 'ports']);
  const list = (Array.isArray(ports) ? ports : []).filter(isJsonObject);
  const wanted =
    port === ''
      ? list[0]
      : list.find((item) => item['name'] === port || item['port'] === Number(port));
  for (const slice of api.list('endpointslices.discovery.k8s.io', namespace)) {
    if (slice.metadata.labels?.['kubernetes.io/service-name'] !== name) continue;
    const found = readyPod(slice, wanted?.['name']);
    const pod = found === undefined ? undefined : api.get('pods', found.pod, namespace);
    if (found !== undefined && pod !== undefined) return { pod, port: found.port };
  }
  throw new ApiError(503, 'ServiceUnavailable', {
    message: `no endpoints available for service ${JSON.stringify(name)}`,
  });
}

function readyPod(slice: KubeObject, portName: unknown): { pod: string; port: number } | undefined {
  const ports = Array.isArray(slice['ports']) ? slice['ports'].filter(isJsonObject) : [];
  const endpoints = Array.isArray(slice['endpoints'])
    ? slice['endpoints'].filter(isJsonObject)
    : [];
  const port = ports.find((item) => (item['name'] ?? '') === (portName ?? '')) ?? ports[0];
  for (const endpoint of endpoints) {
    if (valueAt(endpoint, ['conditions', 'ready']) === false) continue;
    const pod = valueAt(endpoint, ['targetRef', 'name']);
    if (typeof pod === 'string' && typeof port?.['port'] === 'number')
      return { pod, port: port['port'] };
  }
  return undefined;
}

/** `name`, `name:port`, `scheme:name:port`. */
function splitName(name: string): [string, string, string] {
  const parts = name.split(':');
  if (parts.length === 3) return [parts[0] ?? '', parts[1] ?? '', parts[2] ?? ''];
  return ['', parts[0] ?? '', parts[1] ?? ''];
}

function forwarded(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const result: Record<string, string | string[]> = {};
  for (const [key, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP_BY_HOP.includes(key) && key !== 'authorization')
      result[key] = value;
  }
  return result;
}

function unreachable(why: string): ApiError {
  return new ApiError(503, 'ServiceUnavailable', {
    message: `error trying to reach service: ${why}`,
  });
}
