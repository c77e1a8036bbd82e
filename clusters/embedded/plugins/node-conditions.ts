import type { ClusterApi } from '../api/cluster-api.js';
import type { Node } from '../controllers/objects.js';
import { timestamp } from '../controllers/times.js';
import { RUNTIME_NOT_READY } from './node-network.js';
import type { NodeNetwork } from './node-network.js';
import type { PluginName } from '../../plugin-images.js';

type Condition = NonNullable<NonNullable<Node['status']>['conditions']>[number];

/** Plugins that say on the node that its network is up; kube-router says nothing. */
const UP: Partial<Record<PluginName, { reason: string; message: string }>> = {
  calico: { reason: 'CalicoIsUp', message: 'Calico is running on this node' },
  canal: { reason: 'FlannelIsUp', message: 'Flannel is running on this node' },
  flannel: { reason: 'FlannelIsUp', message: 'Flannel is running on this node' },
  weave: { reason: 'WeaveIsUp', message: 'Weave pod has set this' },
  cilium: { reason: 'CiliumIsUp', message: 'Cilium is running on this node' },
};

/** Writes what a node's network means for its conditions. A node that nobody hears of is left alone. */
export function writeNodeConditions(api: ClusterApi, name: string, network: NodeNetwork): void {
  const now = timestamp(api.now());
  let became: Condition | undefined;
  const updated = api.update<Node>('nodes', { name, subresource: 'status' }, (draft) => {
    const known = draft.status?.conditions ?? [];
    const ready = known.find(({ type }) => type === 'Ready');
    if (ready?.status === 'Unknown') return;
    const wanted = readyCondition(network);
    const conditions: Condition[] = [];
    const up = network.state === 'running' && network.plugin ? UP[network.plugin.name] : undefined;
    if (up !== undefined) {
      conditions.push(settle({ type: 'NetworkUnavailable', status: 'False', ...up }, known, now));
    }
    const changes = new Set(conditions.map(({ type }) => type));
    for (const condition of known) {
      if (condition.type !== 'Ready' && !changes.has(condition.type)) conditions.push(condition);
    }
    conditions.push(settle(wanted, known, now));
    draft.status = { ...draft.status, conditions };
    if (ready?.status !== wanted.status) became = wanted;
  });
  if (updated === undefined || became?.status !== 'True') return;
  // A kubelet knows its node by name alone, and kubectl before 1.24 looks for its events by that.
  api.event(
    { ...updated, metadata: { ...updated.metadata, uid: name } },
    {
      type: 'Normal',
      reason: 'NodeReady',
      message: `Node ${name} status is now: NodeReady`,
      component: 'kubelet',
    },
  );
}

/** A removed plugin leaves its settings behind: the runtime still thinks that it has a network. */
function readyCondition(network: NodeNetwork): Condition {
  return network.state === 'none'
    ? { type: 'Ready', status: 'False', reason: 'KubeletNotReady', message: RUNTIME_NOT_READY }
    : {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
      };
}

function settle(condition: Condition, known: readonly Condition[], now: string): Condition {
  const before = known.find(({ type }) => type === condition.type);
  const same =
    before?.status === condition.status &&
    before.reason === condition.reason &&
    before.message === condition.message;
  return {
    ...condition,
    lastHeartbeatTime: same ? (before.lastHeartbeatTime ?? now) : now,
    lastTransitionTime:
      before?.status === condition.status ? (before.lastTransitionTime ?? now) : now,
  };
}
