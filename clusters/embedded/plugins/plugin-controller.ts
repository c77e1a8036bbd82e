import { SILENT } from '../../../common/logger.js';
import type { Logger } from '../../../common/logger.js';
import type { PluginName } from '../../plugin-images.js';
import type { ClusterApi } from '../api/cluster-api.js';
import type { ConfigMap, DaemonSet, Node, Pod } from '../controllers/objects.js';
import { controllerOf } from '../controllers/owners.js';
import { isReady } from '../controllers/pods.js';
import { matchesNode } from '../controllers/scheduler/node-affinity.js';
import { canonical } from '../controllers/template-hash.js';
import { WorkLoop } from '../controllers/work-queue.js';
import { CalicoObjects } from './calico-objects.js';
import { leftBehind, writeNodeNotes } from './node-notes.js';
import { writeNodeConditions } from './node-conditions.js';
import { NO_NETWORK, readinessOf } from './node-network.js';
import type { NetworkReadiness, NodeNetwork } from './node-network.js';
import { pluginOf, traitsOf } from './traits.js';
import type { PluginTraits } from './traits.js';

export interface PluginControllerOptions {
  api: ClusterApi;
  logger?: Logger;
  /** Told when a node's network changes; once for each node at the start. Called from the controller's own queue. */
  onPlugin?: (node: string, network: NodeNetwork) => void;
}

export interface PluginController extends Disposable {
  /** The network of a node now. */
  networkOf(node: string): NodeNetwork;
  /** Whether new pods get a network on the node, and what to tell where they do not. */
  networkReady(node: string): NetworkReadiness;
}

/** Of several plugins on a node the one whose settings file comes first by name is used, as runtimes do. */
const SETTINGS_FILES: Readonly<Record<PluginName, string>> = {
  calico: '10-calico.conflist',
  canal: '10-canal.conflist',
  flannel: '10-flannel.conflist',
  'kube-router': '10-kuberouter.conflist',
  weave: '10-weave.conflist',
  cilium: '05-cilium.conflist',
};

interface Installed {
  daemonSet: DaemonSet;
  name: PluginName;
  traits: PluginTraits;
  /** Nodes on which one of its pods has been ready since it was applied. */
  nodes: Set<string>;
}

/**
 * Finds out which network plugin is in charge of each node: one whose DaemonSet is applied and whose pod has been
 * ready there. Keeps the node conditions and the plugin's own objects that follow from it.
 */
export function createPluginController(options: PluginControllerOptions): PluginController {
  const { api, logger = SILENT, onPlugin } = options;
  const loop = new WorkLoop(logger);
  const installed = new Map<string, Installed>();
  const networks = new Map<string, NodeNetwork>();
  const calico = new CalicoObjects({ api, loop, networkOf });
  const nodeQueue = loop.queue('network-plugin', syncNode);
  const stops = [
    api.watch<DaemonSet>('daemonsets.apps', ({ type, object }) => {
      if (type === 'DELETED') forget(object);
      else learn(object);
    }),
    api.watch<ConfigMap>('configmaps', ({ object }) => {
      for (const plugin of installed.values()) {
        if (plugin.daemonSet.metadata.namespace === object.metadata.namespace)
          learn(plugin.daemonSet);
      }
    }),
    api.watch<Pod>('pods', (event) => {
      if (event.type !== 'DELETED') arrive(event.object);
      calico.podChanged(event);
    }),
    api.watch<Node>('nodes', (event) => {
      const { name } = event.object.metadata;
      if (event.type === 'DELETED') networks.delete(name);
      else if (event.type === 'ADDED' || readyOf(event.previous) !== readyOf(event.object)) {
        nodeQueue.add(name);
      }
    }),
  ];

  function networkOf(node: string): NodeNetwork {
    return networks.get(node) ?? NO_NETWORK;
  }

  function learn(daemonSet: DaemonSet): void {
    const { uid, deletionTimestamp } = daemonSet.metadata;
    const spec = daemonSet.spec?.template.spec;
    const name = pluginOf(spec);
    if (name === undefined || deletionTimestamp !== undefined) {
      forget(daemonSet);
      return;
    }
    const { namespace = '' } = daemonSet.metadata;
    const setting = (configMap: string, key: string): string | undefined =>
      configMap === ''
        ? undefined
        : api.get<ConfigMap>('configmaps', configMap, namespace)?.data?.[key];
    const known = installed.get(uid);
    const traits = traitsOf(name, spec, setting);
    if (known === undefined) {
      installed.set(uid, { daemonSet, name, traits, nodes: new Set() });
      for (const pod of api.list<Pod>('pods', namespace)) arrive(pod);
      return;
    }
    const changed = canonical(known.traits) !== canonical(traits);
    // Its pod may be away for a moment, but not from a node where it is not wanted any more.
    const stays = (node: string): boolean => {
      const object = api.get<Node>('nodes', node);
      return object === undefined || matchesNode(spec, object);
    };
    const nodes = new Set([...known.nodes].filter(stays));
    installed.set(uid, { daemonSet, name, traits, nodes });
    for (const node of known.nodes) if (changed || !nodes.has(node)) nodeQueue.add(node);
  }

  function forget(daemonSet: DaemonSet): void {
    const known = installed.get(daemonSet.metadata.uid);
    if (known === undefined) return;
    installed.delete(daemonSet.metadata.uid);
    for (const node of known.nodes) nodeQueue.add(node);
  }

  function arrive(pod: Pod): void {
    const plugin = installed.get(controllerOf(pod)?.uid ?? '');
    const node = pod.spec?.nodeName ?? '';
    if (plugin === undefined || node === '' || plugin.nodes.has(node) || !isReady(pod)) return;
    plugin.nodes.add(node);
    nodeQueue.add(node);
  }

  function syncNode(name: string): void {
    const node = api.get<Node>('nodes', name);
    if (node === undefined) return;
    const before = networks.get(name);
    const network = decide(node, before);
    networks.set(name, network);
    if (network.plugin !== undefined && network.state === 'running') {
      writeNodeNotes(api, { node, plugin: network.plugin });
    }
    writeNodeConditions(api, name, network);
    if (before !== undefined && canonical(before) === canonical(network)) return;
    calico.nodeChanged(name);
    onPlugin?.(name, network);
  }

  function decide(node: Node, before: NodeNetwork | undefined): NodeNetwork {
    const [first] = [...installed.values()]
      .filter(({ nodes }) => nodes.has(node.metadata.name))
      .sort((a, b) => (SETTINGS_FILES[a.name] < SETTINGS_FILES[b.name] ? -1 : 1));
    if (first !== undefined) {
      const enforcement = first.traits.enforcesPolicy ? 'live' : 'none';
      return { plugin: first.traits, state: 'running', enforcement };
    }
    const last = before?.plugin ?? leftBehind(node);
    if (last === undefined) return NO_NETWORK;
    return { plugin: last, state: 'removed', enforcement: last.enforcesPolicy ? 'frozen' : 'none' };
  }

  return {
    networkOf,
    networkReady: (node) => readinessOf(networkOf(node)),
    [Symbol.dispose]() {
      for (const stop of stops) stop();
      loop[Symbol.dispose]();
    },
  };
}

function readyOf(node: Node): string | undefined {
  return node.status?.conditions?.find(({ type }) => type === 'Ready')?.status;
}
