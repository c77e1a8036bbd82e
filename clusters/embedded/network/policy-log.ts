import type { Agent, LoggedPacket } from '../agent/agent.js';
import type { ClusterApi, KubeObject } from '../api/cluster-api.js';
import { policyId } from '../../../policy/normal-form.js';
import type { RuleRef } from '../../../policy/model.js';
import { protocolName } from '../../../policy/protocols.js';

export interface PolicyLogOptions {
  agent: Agent;
  api: ClusterApi;
  explainLog(prefix: string): RuleRef | undefined;
  podAt(address: string): KubeObject | undefined;
  /** The node whose network namespace has this name. */
  nodeOf(netns: string): string | undefined;
}

/**
 * Makes events of the packets that Calico's `Log` rules saw: about the pod that the rule's policy selects, or
 * about the node where that is a host endpoint. Floods are cut: so many events in a second, no more.
 */
export function startPolicyLog(options: PolicyLogOptions): () => void {
  let second = 0;
  let written = 0;
  let stopped = false;
  options.agent.on('packet', (packet) => {
    if (stopped || !packet.prefix.startsWith('gh:log:')) return;
    const now = Math.floor(options.api.now() / 1000);
    if (now !== second) [second, written] = [now, 0];
    written += 1;
    if (written <= EVENTS_PER_SECOND) write(packet, options);
  });
  return () => {
    stopped = true;
  };
}

const EVENTS_PER_SECOND = 10;

function write(packet: LoggedPacket, options: PolicyLogOptions): void {
  const rule = options.explainLog(packet.prefix);
  if (rule === undefined) return;
  const node = options.nodeOf(packet.netns) ?? '';
  const address = rule.direction === 'ingress' ? packet.destination : packet.source;
  const about = options.podAt(address) ?? options.api.get('nodes', node);
  if (about === undefined) return;
  const id = policyId({ namespace: rule.namespace, name: rule.policy });
  const protocol = protocolName(packet.protocol);
  const port = packet.destinationPort === 0 ? '' : ` ${packet.destinationPort}`;
  options.api.event(about, {
    type: 'Normal',
    reason: 'PolicyLog',
    component: 'calico-node',
    message: `calico-packet: ${rule.direction} rule ${rule.rule} of ${id} on ${node}: ${packet.source} to ${packet.destination}, ${protocol}${port}`,
  });
}
