import { isJsonObject, valueAt } from '../../../common/json.js';
import { pluginOfImages, repositoryOf, type PluginName } from '../../plugin-images.js';
import type { Container, PodSpec } from '../controllers/objects.js';

/** What a network plugin does to packets between pods of different nodes. */
export type Routing = 'routes' | 'vxlan' | 'ipip';

/** What a plugin brings to the nodes its pods run on, as its own settings say. */
export interface PluginTraits {
  name: PluginName;
  enforcesPolicy: boolean;
  /** API groups whose policies it enforces, none where it enforces nothing. */
  policyGroups: readonly string[];
  routing: Routing;
  /** The range pods get addresses from, where the plugin has one of its own; else each node's podCIDR. */
  podCidr: string | undefined;
}

/** Reads a setting that a plugin's DaemonSet refers to: a key of a ConfigMap of its namespace. */
export type ReadSetting = (configMap: string, key: string) => string | undefined;

/** The plugin that a pod template runs, told by its images; undefined where it is none. */
export function pluginOf(spec: PodSpec | undefined): PluginName | undefined {
  return pluginOfImages((spec?.containers ?? []).map(({ image = '' }) => image));
}

const KUBERNETES = 'networking.k8s.io';
const CALICO = 'crd.projectcalico.org';
const CLUSTER_WIDE = 'policy.networking.k8s.io';

/** The traits of a plugin with the settings of its pod template. */
export function traitsOf(
  name: PluginName,
  spec: PodSpec | undefined,
  setting: ReadSetting,
): PluginTraits {
  const containers = spec?.containers ?? [];
  switch (name) {
    case 'calico': {
      const value = variables(containers, 'calico/node', setting);
      return {
        name,
        ...enforcing(KUBERNETES, CALICO, CLUSTER_WIDE),
        routing: calicoRouting(value('CALICO_IPV4POOL_IPIP'), value('CALICO_IPV4POOL_VXLAN')),
        podCidr: value('CALICO_IPV4POOL_CIDR') ?? '192.168.0.0/16',
      };
    }
    case 'canal':
      return {
        name,
        ...enforcing(KUBERNETES, CALICO, CLUSTER_WIDE),
        ...flannelNetwork(spec, setting),
      };
    case 'flannel':
      return { name, ...enforcing(), ...flannelNetwork(spec, setting) };
    case 'kube-router': {
      const args = containers.flatMap((container) => container.args ?? []);
      const firewall = !args.includes('--run-firewall=false');
      return {
        name,
        ...(firewall ? enforcing(KUBERNETES) : enforcing()),
        routing: 'routes',
        podCidr: undefined,
      };
    }
    case 'weave': {
      const controller = containers.some(
        ({ image = '' }) => repositoryOf(image) === 'weaveworks/weave-npc',
      );
      const value = variables(containers, 'weaveworks/weave-kube', setting);
      return {
        name,
        ...(controller ? enforcing(KUBERNETES) : enforcing()),
        routing: 'vxlan',
        podCidr: value('IPALLOC_RANGE') ?? '10.32.0.0/12',
      };
    }
    case 'cilium':
      return {
        name,
        ...(setting('cilium-config', 'enable-policy') === 'never'
          ? enforcing()
          : enforcing(KUBERNETES, 'cilium.io')),
        routing: setting('cilium-config', 'routing-mode') === 'native' ? 'routes' : 'vxlan',
        podCidr: setting('cilium-config', 'cluster-pool-ipv4-cidr'),
      };
  }
}

function enforcing(...groups: string[]): { enforcesPolicy: boolean; policyGroups: string[] } {
  return { enforcesPolicy: groups.length > 0, policyGroups: groups };
}

/** Nodes here share a LAN, where CrossSubnet never encapsulates. */
function calicoRouting(ipip: string | undefined, vxlan: string | undefined): Routing {
  if (vxlan === 'Always') return 'vxlan';
  return (ipip ?? 'Always') === 'Always' ? 'ipip' : 'routes';
}

/** Flannel's `net-conf.json`, in whichever ConfigMap the pod mounts. */
function flannelNetwork(
  spec: PodSpec | undefined,
  setting: ReadSetting,
): { routing: Routing; podCidr: string | undefined } {
  for (const volume of spec?.volumes ?? []) {
    const text = setting(volume.configMap?.name ?? '', 'net-conf.json');
    if (text === undefined) continue;
    const config = parseJson(text);
    const backend = valueAt(config, ['Backend', 'Type']);
    const network = isJsonObject(config) ? config['Network'] : undefined;
    return {
      routing: backend === 'host-gw' ? 'routes' : backend === 'ipip' ? 'ipip' : 'vxlan',
      podCidr: typeof network === 'string' ? network : undefined,
    };
  }
  return { routing: 'vxlan', podCidr: undefined };
}

function variables(
  containers: readonly Container[],
  repository: string,
  setting: ReadSetting,
): (name: string) => string | undefined {
  const container = containers.find(({ image = '' }) => repositoryOf(image) === repository);
  return (name) => {
    const variable = container?.env?.find((candidate) => candidate.name === name);
    const reference = variable?.valueFrom?.configMapKeyRef;
    return reference === undefined ? variable?.value : setting(reference.name ?? '', reference.key);
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
