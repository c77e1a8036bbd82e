import type { PluginName } from '../../plugin-images.js';
import type { PluginTraits } from './traits.js';

/** What a node's network is at one moment. */
export interface NodeNetwork {
  /** The plugin in charge; undefined on a node that never had one. */
  plugin: PluginTraits | undefined;
  /** `removed`: its DaemonSet is gone; what it set up stays as it is, and nothing new is set up. */
  state: 'none' | 'running' | 'removed';
  /** Policies follow the API, stay as they were when the plugin went, or are not enforced at all. */
  enforcement: 'live' | 'frozen' | 'none';
}

/** Whether a new pod gets a network on a node, and the kubelet's words where it does not. */
export type NetworkReadiness =
  | { ready: true }
  | {
      ready: false;
      /** The reason of the pod's event. */
      reason: 'NetworkNotReady' | 'FailedCreatePodSandBox';
      /** The message of the pod's event, given an id for the sandbox that failed. */
      message(sandboxId: string): string;
    };

export const NO_NETWORK: NodeNetwork = { plugin: undefined, state: 'none', enforcement: 'none' };

export const RUNTIME_NOT_READY =
  'container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized';

/** What a plugin's program on the node says when the rest of the plugin is gone. */
const LEFT_BEHIND: Readonly<Record<PluginName, string>> = {
  calico:
    'plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized',
  canal:
    'plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized',
  flannel:
    'plugin type="flannel" failed (add): loadFlannelSubnetEnv failed: open /run/flannel/subnet.env: no such file or directory',
  'kube-router':
    'plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set',
  weave:
    'plugin type="weave-net" failed (add): unable to allocate IP address: Post "http://127.0.0.1:6784/ip/": dial tcp 127.0.0.1:6784: connect: connection refused',
  cilium:
    'plugin type="cilium-cni" failed (add): unable to connect to Cilium agent: failed to create cilium agent client after 30.000000 seconds timeout: Get "http://localhost/v1/config": dial unix /var/run/cilium/cilium.sock: connect: no such file or directory',
};

export function readinessOf(network: NodeNetwork): NetworkReadiness {
  const { plugin, state } = network;
  if (state === 'running') return { ready: true };
  if (plugin === undefined) {
    return {
      ready: false,
      reason: 'NetworkNotReady',
      message: () => `network is not ready: ${RUNTIME_NOT_READY}`,
    };
  }
  return {
    ready: false,
    reason: 'FailedCreatePodSandBox',
    message: (sandboxId) =>
      `Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "${sandboxId}": ${LEFT_BEHIND[plugin.name]}`,
  };
}
