import type { JsonObject } from '../../../../common/json.js';
import { isJsonObject } from '../../../../common/json.js';
import type { AdmissionRequest, SeenAs } from '../registry/admission.js';
import { warnInto } from './context.js';
import type { ResourceContext } from './context.js';
import { isTrue } from './request-info.js';

/** Asks admission about a subresource that is an object of its own: an eviction, a binding, a token. */
export function admitCreation(
  context: ResourceContext,
  content: JsonObject,
  about: { kind: Omit<SeenAs, 'show'>; name?: string; dryRun?: boolean },
): Promise<void> {
  const { group, version, kind } = about.kind;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const { metadata } = content;
  const { name, namespace } = context.target;
  const object = {
    kind,
    apiVersion,
    ...content,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(isJsonObject(metadata) && metadata),
    },
  };
  return context.server.admit({
    ...requestOf(context, object, about.kind),
    operation: 'CREATE',
    ...(about.name !== undefined && { name: about.name }),
    dryRun: about.dryRun === true,
  });
}

/** Asks admission about a connection into the cluster: exec, attach, port-forward, proxy. */
export function admitConnection(context: ResourceContext): Promise<void> {
  const { target } = context;
  const kind = KINDS[target.subresource] ?? PROXIES[target.plural] ?? 'PodProxyOptions';
  const options = { kind, apiVersion: 'v1', ...connectOptions(context) };
  return context.server.admit({
    ...requestOf(context, options, { group: '', version: 'v1', kind }),
    operation: 'CONNECT',
  });
}

function requestOf(
  context: ResourceContext,
  content: JsonObject,
  kind: Omit<SeenAs, 'show'>,
): Omit<AdmissionRequest, 'operation'> {
  const { target, served, server, user } = context;
  return {
    resource: served.resource.name,
    definition: served.definition,
    subresource: target.subresource === '' ? undefined : target.subresource,
    name: target.name,
    namespace: target.namespace,
    object: undefined,
    old: undefined,
    seen: { ...kind, show: (which) => (which === 'object' ? content : null) },
    user,
    dryRun: false,
    nameIsGenerated: false,
    api: server.api,
    warn: warnInto(context),
  };
}

const KINDS: Readonly<Record<string, string>> = {
  exec: 'PodExecOptions',
  attach: 'PodAttachOptions',
  portforward: 'PodPortForwardOptions',
};
const PROXIES: Readonly<Record<string, string>> = {
  pods: 'PodProxyOptions',
  services: 'ServiceProxyOptions',
  nodes: 'NodeProxyOptions',
};

/** What the address of a request asks for, as an object: fields that are not set are left out. */
function connectOptions({ target, query }: ResourceContext): JsonObject {
  if (target.subresource === 'proxy') return { path: `/${target.rest}` };
  if (target.subresource === 'portforward') {
    const ports = query.getAll('ports').flatMap((list) => list.split(',').map(Number));
    return ports.length === 0 ? {} : { ports };
  }
  const flags = ['stdin', 'stdout', 'stderr', 'tty'].filter((name) => isTrue(query.get(name)));
  const container = query.get('container') ?? '';
  const command = [...query.getAll('command')];
  return {
    ...Object.fromEntries(flags.map((name) => [name, true])),
    ...(container !== '' && { container }),
    ...(command.length > 0 && { command }),
  };
}
