import { isJsonObject, valueAt } from '../../../../common/json.js';
import { ApiError, badRequest } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import type { ContainerStreams, ContainerTarget } from '../container-streams.js';
import type { ResourceContext } from '../http/context.js';

/** The container that a request means. Refuses as the real server does where that is not one container. */
export function containerTarget(pod: KubeObject, asked: string | null): ContainerTarget {
  const { name, namespace = '' } = pod.metadata;
  const names = (field: string): string[] => {
    const list = valueAt(pod, ['spec', field]);
    return (Array.isArray(list) ? list : []).flatMap((item) =>
      isJsonObject(item) && typeof item['name'] === 'string' ? [item['name']] : [],
    );
  };
  const containers = names('containers');
  const init = names('initContainers');
  const ephemeral = names('ephemeralContainers');
  if (asked !== null && asked !== '') {
    if (![...containers, ...init, ...ephemeral].includes(asked)) {
      throw badRequest(`container ${asked} is not valid for pod ${name}`);
    }
    return { namespace, pod: name, container: asked };
  }
  const [only] = containers;
  if (containers.length === 1 && only !== undefined)
    return { namespace, pod: name, container: only };
  if (containers.length === 0)
    throw badRequest(`a container name must be specified for pod ${name}`);
  const others = init.length === 0 ? '' : ` or one of the init containers: [${init.join(' ')}]`;
  throw badRequest(
    `a container name must be specified for pod ${name}, choose one of: [${containers.join(' ')}]${others}`,
  );
}

/** Empty where no node has the pod yet. */
export function nodeOf(pod: KubeObject): string {
  const node = valueAt(pod, ['spec', 'nodeName']);
  return typeof node === 'string' ? node : '';
}

export function requireHost(pod: KubeObject): void {
  if (nodeOf(pod) === '')
    throw badRequest(`pod ${pod.metadata.name} does not have a host assigned`);
}

export function requireStreams(context: ResourceContext): ContainerStreams {
  const streams = context.server.streams();
  if (streams !== undefined) return streams;
  throw new ApiError(503, 'ServiceUnavailable', {
    message: 'the nodes of this cluster are not connected yet',
  });
}
