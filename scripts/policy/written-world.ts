import { isJsonObject, valueAt, type JsonObject } from '../../common/json.js';
import type { World, WorldPod } from '../../policy/model.js';

/**
 * The world that manifests describe. Workloads count as one pod of their template, named after them; pods
 * get addresses of their own where they have none.
 */
export function worldOf(objects: readonly JsonObject[]): World {
  const pods = objects.flatMap((object, i) => podOf(object, i) ?? []);
  const namespaces = new Map<string, Record<string, string>>();
  for (const { namespace } of pods) namespaces.set(namespace, nameLabel(namespace));
  for (const object of objects) {
    if (object['kind'] !== 'Namespace') continue;
    const name = textAt(object, ['metadata', 'name']);
    namespaces.set(name, { ...labelsAt(object, ['metadata', 'labels']), ...nameLabel(name) });
  }
  return {
    namespaces: [...namespaces].map(([name, labels]) => ({ name, labels })),
    pods,
    serviceAccounts: objects
      .filter(({ kind }) => kind === 'ServiceAccount')
      .map((object) => ({
        namespace: textAt(object, ['metadata', 'namespace']),
        name: textAt(object, ['metadata', 'name']),
        labels: labelsAt(object, ['metadata', 'labels']),
      })),
    nodes: [],
    networkPolicies: objects.filter(({ kind }) => !isPlainKind(kind)),
  };
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'];
/** Objects that policies are about, but that have no say themselves. */
export const isPlainKind = (kind: unknown): boolean =>
  ['Pod', 'Namespace', 'Service', 'ServiceAccount', ...WORKLOADS].some((known) => known === kind);

function podOf(object: JsonObject, i: number): WorldPod | undefined {
  const isPod = object['kind'] === 'Pod';
  if (!isPod && !WORKLOADS.some((kind) => kind === object['kind'])) return undefined;
  // What belongs to a workload that is written as well would count twice.
  if (!isPod && valueAt(object, ['metadata', 'ownerReferences']) !== undefined) return undefined;
  const template: unknown = isPod ? object : valueAt(object, ['spec', 'template']);
  const spec = valueAt(template, ['spec']);
  const address = textAt(object, ['status', 'podIP']);
  const phase = textAt(object, ['status', 'phase']);
  return {
    namespace: textAt(object, ['metadata', 'namespace']),
    name: textAt(object, ['metadata', 'name']),
    labels: labelsAt(template, ['metadata', 'labels']),
    serviceAccount: textAt(spec, ['serviceAccountName']) || 'default',
    // Each on a node of its own: what a node may do to its pods is not the question.
    node: `node-${i}`,
    addresses: [address === '' ? `10.244.${(i >> 8) % 256}.${i % 256}` : address],
    hostNetwork: valueAt(spec, ['hostNetwork']) === true,
    phase: phase === 'Succeeded' || phase === 'Failed' ? phase : 'Running',
    ports: portsOf(spec),
  };
}

function portsOf(spec: unknown): WorldPod['ports'] {
  const containers = valueAt(spec, ['containers']);
  return (Array.isArray(containers) ? containers : []).flatMap((container: unknown) => {
    const ports = valueAt(container, ['ports']);
    return (Array.isArray(ports) ? ports : []).flatMap((entry: unknown) => {
      const port = valueAt(entry, ['containerPort']);
      const protocol = PROTOCOLS.find((known) => known === valueAt(entry, ['protocol'])) ?? 'TCP';
      return typeof port === 'number' ? [{ name: textAt(entry, ['name']), port, protocol }] : [];
    });
  });
}

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;

const nameLabel = (name: string): Record<string, string> => ({
  'kubernetes.io/metadata.name': name,
});

function textAt(value: unknown, path: readonly string[]): string {
  const text = valueAt(value, path);
  return typeof text === 'string' ? text : '';
}

function labelsAt(value: unknown, path: readonly string[]): Record<string, string> {
  const labels = valueAt(value, path);
  if (!isJsonObject(labels)) return {};
  return Object.fromEntries(
    Object.entries(labels).flatMap(([key, label]) =>
      typeof label === 'string' ? [[key, label]] : [],
    ),
  );
}
