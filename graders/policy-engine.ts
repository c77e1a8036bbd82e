import { pluginOfImages, type PluginName } from '../clusters/plugin-images.js';
import { isJsonObject, valueAt, type JsonObject } from '../common/json.js';

/** Which network plugin runs, told by the images of its DaemonSet, and whether it acts on NetworkPolicies. */
export interface PolicyEngine {
  /** `none` where no plugin is deployed, `unknown` where none of those we know is, or several are. */
  plugin: PluginName | 'none' | 'unknown';
  enforces: boolean | undefined;
}

const PLUGINS: Readonly<Record<PluginName, { daemonSets: readonly string[]; enforces: boolean }>> =
  {
    calico: { daemonSets: ['calico-node'], enforces: true },
    canal: { daemonSets: ['canal'], enforces: true },
    flannel: { daemonSets: ['kube-flannel-ds', 'kube-flannel'], enforces: false },
    'kube-router': { daemonSets: ['kube-router'], enforces: true },
    weave: { daemonSets: ['weave-net'], enforces: true },
    cilium: { daemonSets: ['cilium'], enforces: true },
  };

export interface PluginDaemonSet {
  plugin: PluginName;
  namespace: string;
  name: string;
  desired: number;
  ready: number;
  /** Its controller has counted the nodes. */
  counted: boolean;
}

/** By what they run: anybody can give a DaemonSet the name of a plugin. */
export function pluginDaemonSets(objects: readonly JsonObject[]): PluginDaemonSet[] {
  return objects.flatMap((object) => {
    if (!isDaemonSet(object)) return [];
    const name = valueAt(object, ['metadata', 'name']);
    const namespace = valueAt(object, ['metadata', 'namespace']);
    const plugin = pluginOfImages(imagesOf(object));
    if (plugin === undefined || typeof name !== 'string' || typeof namespace !== 'string')
      return [];
    const count = (field: string): number => {
      const value = valueAt(object, ['status', field]);
      return typeof value === 'number' ? value : 0;
    };
    return [
      {
        plugin,
        namespace,
        name,
        desired: count('desiredNumberScheduled'),
        ready: count('numberReady'),
        counted: typeof valueAt(object, ['status', 'observedGeneration']) === 'number',
      },
    ];
  });
}

/** Definitions of the learner's may use the same kind in a group of their own. */
function isDaemonSet({ apiVersion, kind }: JsonObject): boolean {
  return kind === 'DaemonSet' && apiVersion === 'apps/v1';
}

function imagesOf(daemonSet: JsonObject): string[] {
  const containers = valueAt(daemonSet, ['spec', 'template', 'spec', 'containers']);
  return (Array.isArray(containers) ? containers : []).flatMap((container: unknown) => {
    const image = isJsonObject(container) ? container['image'] : undefined;
    return typeof image === 'string' ? [image] : [];
  });
}

export function policyEngineOf(objects: readonly JsonObject[]): PolicyEngine {
  const deployed = pluginDaemonSets(objects);
  const running = deployed.filter(({ ready }) => ready > 0);
  const plugins = new Set((running.length > 0 ? running : deployed).map(({ plugin }) => plugin));
  const [plugin, ...others] = plugins;
  // Which of several is in charge of a node is told by files on it, not by objects.
  if (others.length > 0) return { plugin: 'unknown', enforces: undefined };
  if (plugin !== undefined) return { plugin, enforces: PLUGINS[plugin].enforces };
  // kindnet and others that bring policies of their own are told by no list of ours.
  const isElse = objects.some(
    (object) => isDaemonSet(object) && valueAt(object, ['metadata', 'name']) !== 'kube-proxy',
  );
  return isElse ? { plugin: 'unknown', enforces: undefined } : { plugin: 'none', enforces: false };
}

/** The DaemonSet names that a plugin is known by, for messages. */
export function daemonSetNamesOf(plugin: string): readonly string[] {
  return Object.entries(PLUGINS).find(([name]) => name === plugin)?.[1].daemonSets ?? [plugin];
}

/** The objects that policy reasoning must know, and those it cannot. */
export interface PolicyObjects {
  policies: readonly JsonObject[];
  /** What policies refer to: tiers, network sets, host endpoints, the endpoints of Services. */
  resources: readonly JsonObject[];
  /** Policies that the model does not reason about, as `Kind namespace/name`: the wire stands alone. */
  unknown: readonly string[];
}

/** Sorts the policies of a cluster by what its plugin acts on; those it ignores are left out. */
export function policyObjectsOf(
  objects: readonly JsonObject[],
  { plugin, enforces }: PolicyEngine,
): PolicyObjects {
  const isCalico = plugin === 'calico' || plugin === 'canal';
  // Where nothing is enforced, what policies mean is told all the same.
  const knowsAll = isCalico || enforces === false;
  const stored = objects.some((object) => groupOf(object) === 'crd.projectcalico.org');
  const policies: JsonObject[] = [];
  const resources: JsonObject[] = [];
  const unknown: string[] = [];
  for (const object of objects) {
    const group = groupOf(object);
    const kind = typeof object['kind'] === 'string' ? object['kind'] : '';
    // Calico's server shows the stored objects a second time under a group of its own.
    if (group === 'projectcalico.org' && stored) continue;
    const isForeign = kind.endsWith('NetworkPolicy') && FOREIGN.includes(group);
    if (object['apiVersion'] === 'networking.k8s.io/v1' && kind === 'NetworkPolicy')
      policies.push(object);
    else if (
      isForeign &&
      (enforces === undefined || (group === 'cilium.io' && plugin === 'cilium'))
    ) {
      unknown.push(`${kind} ${idOf(object)}`);
    } else if (isForeign && group !== 'cilium.io' && knowsAll) policies.push(object);
    else if (isCalico && REFERRED_KINDS.includes(kind)) resources.push(object);
  }
  return { policies, resources, unknown };
}

const FOREIGN = [
  'crd.projectcalico.org',
  'projectcalico.org',
  'policy.networking.k8s.io',
  'cilium.io',
];
/** What policies refer to. */
export const REFERRED_KINDS: readonly string[] = [
  'Tier',
  'Profile',
  'NetworkSet',
  'GlobalNetworkSet',
  'HostEndpoint',
  'FelixConfiguration',
  'EndpointSlice',
];

const groupOf = ({ apiVersion }: JsonObject): string =>
  typeof apiVersion === 'string' && apiVersion.includes('/')
    ? (apiVersion.split('/')[0] ?? '')
    : '';

function idOf(object: JsonObject): string {
  const namespace = valueAt(object, ['metadata', 'namespace']);
  const name = valueAt(object, ['metadata', 'name']);
  return `${typeof namespace === 'string' ? `${namespace}/` : ''}${String(name)}`;
}

/** A policy of any kind, known here or not. */
export function isPolicy(object: JsonObject): boolean {
  return typeof object['kind'] === 'string' && object['kind'].endsWith('NetworkPolicy');
}
