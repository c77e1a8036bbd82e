import { isJsonObject, type JsonObject } from '../../common/json.js';
import { textAt, type KubeApi } from '../client/kube-api.js';
import { findResource, flatten } from '../client/objects.js';
import type { ClusterSpec } from '../provider.js';

/** Namespaces that are everybody's or the system's. */
const OTHERS = /^(?:default|kube-.*|gatehouse-.*)$/;

/** The namespaces that a lab makes, in its own words: its instructions and its DNS names use them. */
export function namespacesOf({ manifests }: Pick<ClusterSpec, 'manifests'>): string[] {
  return flatten(manifests)
    .filter((object) => object['kind'] === 'Namespace')
    .map((object) => textAt(object, ['metadata', 'name']));
}

/** Its namespaced objects, in order. */
export function objectsOf({ manifests }: Pick<ClusterSpec, 'manifests'>): JsonObject[] {
  return flatten(manifests).filter((object) => object['kind'] !== 'Namespace');
}

/** Why a lab cannot be had in a cluster that is not its own; empty where it can. */
export async function reasonsAgainst(api: KubeApi, spec: ClusterSpec): Promise<string[]> {
  const reasons: string[] = [];
  if (spec.cni === 'none') {
    reasons.push('it begins without a network plugin, and this cluster has one for everybody');
  }
  if (spec.nodeShell) reasons.push('it opens shells on nodes, which others use as well');
  const own = namespacesOf(spec);
  const foreign = own.filter((name) => OTHERS.test(name));
  if (foreign.length > 0) reasons.push(`it needs ${foreign.join(', ')} for itself`);
  if (own.length === 0) reasons.push('it has no namespaces of its own');
  for (const object of objectsOf(spec)) {
    const what = `${textAt(object, ['kind'])} ${textAt(object, ['metadata', 'name'])}`;
    const resource = await findResource(api, object);
    if (resource === undefined) {
      reasons.push(`it makes ${what}, a kind that this cluster does not know`);
    } else if (!resource.namespaced) {
      reasons.push(`it makes ${what}, which needs rights over the whole cluster`);
    } else {
      const namespace = textAt(object, ['metadata', 'namespace']) || 'default';
      if (!own.includes(namespace)) reasons.push(`it puts ${what} into the namespace ${namespace}`);
    }
  }
  return reasons;
}

/** The object with these labels besides its own. */
export function labelled(object: JsonObject, labels: Readonly<Record<string, string>>): JsonObject {
  const { metadata } = object;
  const own = isJsonObject(metadata) ? metadata : {};
  const before = isJsonObject(own['labels']) ? own['labels'] : {};
  return { ...object, metadata: { ...own, labels: { ...before, ...labels } } };
}
