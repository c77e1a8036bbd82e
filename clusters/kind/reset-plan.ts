import { isJsonObject, type Json, type JsonObject } from '../../common/json.js';
import { objectsAt, textAt } from '../client/kube-api.js';

/** What takes a cluster back to its baseline. */
export interface ResetPlan {
  /** Made since, or in the way: deleted. What blocks others (webhooks, admission policies) first. */
  remove: JsonObject[];
  /** Deleted since: made again, in an order in which each finds what it needs. */
  create: JsonObject[];
  /** Changed since: given back what they were. The object is the baseline's. */
  restore: JsonObject[];
  /** Cannot be taken back by objects alone, in words. */
  beyond: string[];
}

/** Kinds that the cluster writes by itself all the time, or that follow from others. */
const VOLATILE_KINDS = new Set([
  'Event',
  'Lease',
  'Endpoints',
  'EndpointSlice',
  'ControllerRevision',
  'PodMetrics',
  'NodeMetrics',
  'CertificateSigningRequest',
  'CSINode',
  'CSIStorageCapacity',
  'VolumeAttachment',
  'IPAddress',
  'ServiceCIDR',
  'StorageVersion',
  'FlowSchema',
  'PriorityLevelConfiguration',
  'APIService',
  // Bookkeeping of the plugins' own.
  'IPAMBlock',
  'IPAMHandle',
  'IPAMConfig',
  'BlockAffinity',
  'ClusterInformation',
  'CalicoNodeStatus',
  'CiliumEndpoint',
  'CiliumIdentity',
  'CiliumNode',
  'CiliumEndpointSlice',
]);

/** Kinds through which a learner may have barred everybody else's way. */
const BLOCKING = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicyBinding',
  'ValidatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
]);

const SYSTEM_NAMESPACES = new Set([
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'local-path-storage',
  'kube-flannel',
  'calico-system',
  'tigera-operator',
]);

/** Compares what is there with what was there at hand-over. Pure; the order of each list is the order to work in. */
export function planReset(baseline: readonly JsonObject[], now: readonly JsonObject[]): ResetPlan {
  const before = new Map(baseline.filter(isOurs).map((object) => [keyOf(object), object]));
  const after = new Map(now.filter(isOurs).map((object) => [keyOf(object), object]));
  const goneNamespaces = new Set(
    [...after.values()]
      .filter((object) => object['kind'] === 'Namespace' && !before.has(keyOf(object)))
      .map(nameOf),
  );
  // Whatever is still seen in them will be gone in a moment.
  const leaving = new Set(
    now.filter((object) => object['kind'] === 'Namespace' && isLeaving(object)).map(nameOf),
  );
  const plan: ResetPlan = { remove: [], create: [], restore: [], beyond: [] };
  for (const [key, object] of after) {
    const was = before.get(key);
    // Everything in a namespace that goes, goes with it.
    const namespace = textAt(object, ['metadata', 'namespace']);
    if (goneNamespaces.has(namespace) || leaving.has(namespace)) continue;
    if (was === undefined) plan.remove.push(object);
    else if (object['kind'] === 'Pod') replacePod(plan, was, object);
    else if (
      textAt(was, ['metadata', 'uid']) !== textAt(object, ['metadata', 'uid']) ||
      isChanged(was, object)
    ) {
      plan.restore.push(was);
    }
  }
  for (const [key, object] of before) {
    if (after.has(key) && !leaving.has(textAt(object, ['metadata', 'namespace']))) continue;
    if (object['kind'] === 'Node') {
      plan.beyond.push(`node ${nameOf(object)} was deleted`);
    } else plan.create.push(object);
  }
  const strangers = replacedAccounts(before, after);
  plan.remove.push(
    ...now.filter((pod) => isWorkersPod(pod, goneNamespaces) || isOrphaned(pod, strangers)),
  );
  plan.remove.sort((a, b) => rankOfRemoval(a) - rankOfRemoval(b));
  plan.create.sort((a, b) => rankOfCreation(a) - rankOfCreation(b));
  plan.restore.sort((a, b) => rankOfCreation(a) - rankOfCreation(b));
  return plan;
}

/** What happened inside a pod leaves no trace in its object: pods of nobody start anew, always. */
function replacePod(plan: ResetPlan, was: JsonObject, object: JsonObject): void {
  if (SYSTEM_NAMESPACES.has(textAt(object, ['metadata', 'namespace']))) return;
  plan.remove.push(object);
  plan.create.push(was);
}

/** Pods of a Deployment or the like outside the system: their owner makes new ones. */
function isWorkersPod(object: JsonObject, goneNamespaces: ReadonlySet<string>): boolean {
  const namespace = textAt(object, ['metadata', 'namespace']);
  return (
    object['kind'] === 'Pod' &&
    objectsAt(object, ['metadata', 'ownerReferences']).length > 0 &&
    !SYSTEM_NAMESPACES.has(namespace) &&
    !goneNamespaces.has(namespace)
  );
}

/** ServiceAccounts, as `namespace/name`, that are or will be others than those that pods of before were given tokens of. */
function replacedAccounts(
  before: ReadonlyMap<string, JsonObject>,
  after: ReadonlyMap<string, JsonObject>,
): Set<string> {
  const found = new Set<string>();
  for (const [key, was] of before) {
    if (was['kind'] !== 'ServiceAccount') continue;
    const uid = (object: JsonObject | undefined): string => textAt(object, ['metadata', 'uid']);
    if (uid(was) === uid(after.get(key))) continue;
    found.add(`${textAt(was, ['metadata', 'namespace'])}/${nameOf(was)}`);
  }
  return found;
}

/** A pod of the system whose token nobody believes any more; its owner makes another one. */
function isOrphaned(object: JsonObject, accounts: ReadonlySet<string>): boolean {
  const namespace = textAt(object, ['metadata', 'namespace']);
  const account = textAt(object, ['spec', 'serviceAccountName']) || 'default';
  return (
    object['kind'] === 'Pod' &&
    SYSTEM_NAMESPACES.has(namespace) &&
    objectsAt(object, ['metadata', 'ownerReferences']).some((owner) => owner['kind'] !== 'Node') &&
    accounts.has(`${namespace}/${account}`)
  );
}

/** Objects that are somebody's own are made and removed by their owner. */
function isOurs(object: JsonObject): boolean {
  return (
    !VOLATILE_KINDS.has(textAt(object, ['kind'])) &&
    objectsAt(object, ['metadata', 'ownerReferences']).length === 0 &&
    textAt(object, ['metadata', 'annotations', 'kubernetes.io/config.mirror']) === '' &&
    !isBootstrapToken(object) &&
    // Written by the leader's election and the like.
    textAt(object, ['metadata', 'annotations', 'control-plane.alpha.kubernetes.io/leader']) === ''
  );
}

function isBootstrapToken(object: JsonObject): boolean {
  return textAt(object, ['type']) === 'bootstrap.kubernetes.io/token';
}

/** Its API group, not the version: the same object may be shown in another one later. */
export function keyOf(object: JsonObject): string {
  const apiVersion = textAt(object, ['apiVersion']);
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  const namespace = textAt(object, ['metadata', 'namespace']);
  return [group, textAt(object, ['kind']), namespace, nameOf(object)].join('|');
}

function isLeaving(object: JsonObject): boolean {
  return textAt(object, ['metadata', 'deletionTimestamp']) !== '';
}

function nameOf(object: JsonObject): string {
  return textAt(object, ['metadata', 'name']);
}

export function isChanged(was: JsonObject, is: JsonObject): boolean {
  return JSON.stringify(sorted(essence(was))) !== JSON.stringify(sorted(essence(is)));
}

const OWN_ANNOTATIONS = new Set([
  'deployment.kubernetes.io/revision',
  'kubectl.kubernetes.io/last-applied-configuration',
  'node.alpha.kubernetes.io/ttl',
  'volumes.kubernetes.io/controller-managed-attach-detach',
  'deprecated.daemonset.template.generation',
]);

/** What somebody decided, without what the server and its controllers keep. */
function essence(object: JsonObject): JsonObject {
  const { status: _status, metadata, spec, ...rest } = object;
  const kept: JsonObject = {};
  if (isJsonObject(metadata)) {
    kept['labels'] = metadata['labels'];
    kept['finalizers'] = metadata['finalizers'];
    kept['annotations'] = isJsonObject(metadata['annotations'])
      ? Object.fromEntries(
          Object.entries(metadata['annotations']).filter(
            ([name]) => !OWN_ANNOTATIONS.has(name) && !/projectcalico\.org\/|flannel\./.test(name),
          ),
        )
      : {};
    // Being deleted, or stuck in it.
    kept['deletionTimestamp'] = isLeaving(object);
  }
  return { ...rest, ...(spec === undefined ? {} : { spec }), metadata: kept };
}

function sorted(value: Json | undefined): Json | undefined {
  if (Array.isArray(value)) return value.map((item) => sorted(item) ?? null);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** An object of the baseline as it can be sent: without what only the server writes. */
export function writable(object: JsonObject, more: { keepUid?: boolean } = {}): JsonObject {
  const { status: _status, metadata, ...rest } = object;
  const own = isJsonObject(metadata) ? { ...metadata } : {};
  for (const field of [
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'managedFields',
    'selfLink',
    ...(more.keepUid === true ? [] : ['uid']),
  ]) {
    Reflect.deleteProperty(own, field);
  }
  const result: JsonObject = { ...rest, metadata: own };
  if (object['kind'] === 'Pod' && isJsonObject(result['spec'])) {
    // Filled in by admission; a new pod gets a token volume of its own.
    const { nodeName: _nodeName, ...spec } = result['spec'];
    result['spec'] = withoutTokens(spec);
  }
  return result;
}

/** The volume that admission adds to a pod, and its mounts. */
function withoutTokens(spec: JsonObject): JsonObject {
  const isToken = (value: Json): boolean =>
    isJsonObject(value) &&
    typeof value['name'] === 'string' &&
    value['name'].startsWith('kube-api-access-');
  const drop = (value: Json | undefined): Json | undefined =>
    Array.isArray(value) ? value.filter((item) => !isToken(item)) : value;
  const containers = (value: Json | undefined): Json | undefined =>
    Array.isArray(value)
      ? value.map((one) =>
          isJsonObject(one) ? { ...one, volumeMounts: drop(one['volumeMounts']) } : one,
        )
      : value;
  return {
    ...spec,
    volumes: drop(spec['volumes']),
    containers: containers(spec['containers']),
    initContainers: containers(spec['initContainers']),
  };
}

function rankOfRemoval(object: JsonObject): number {
  const kind = textAt(object, ['kind']);
  if (BLOCKING.has(kind)) return 0;
  if (kind === 'Pod') return 3;
  if (kind === 'Namespace') return 4;
  if (kind === 'CustomResourceDefinition') return 5;
  return 1;
}

const EARLY = [
  'Namespace',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleBinding',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
];

function rankOfCreation(object: JsonObject): number {
  const kind = textAt(object, ['kind']);
  const at = EARLY.indexOf(kind);
  if (at !== -1) return at;
  return kind === 'Pod' ? EARLY.length + 1 : BLOCKING.has(kind) ? EARLY.length + 2 : EARLY.length;
}
