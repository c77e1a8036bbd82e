import { joined } from '../words.js';
import type { Witness, WitnessEnd, WitnessPod } from './witness.js';
import { NAMESPACE_NAME_LABEL } from './vocabulary.js';

/** `TCP 80 from a pod with app=web in namespace dev to a pod without labels in namespace prod` */
export function describeWitness(witness: Witness): string {
  const { source, destination } = witness;
  const { dialled } = witness;
  const through =
    dialled === undefined ? '' : `, dialled as port ${dialled.port} of ${dialled.address}`;
  const sourcePort = witness.sourcePort === undefined ? '' : ` source port ${witness.sourcePort}`;
  return `${describePacket(witness)} from ${describeEnd(source)}${sourcePort} to ${describeEnd(destination)}${through}`;
}

/** `TCP 80`, `ICMP type 8 code 0` */
function describePacket({ protocol, port, icmp }: Witness): string {
  if (icmp !== undefined) return `${protocol} type ${icmp.type} code ${icmp.code}`;
  return port === undefined ? protocol : `${protocol} ${port}`;
}

/** `a pod with app=web in namespace dev`, `address 203.0.113.10` */
export function describeEnd(end: WitnessEnd): string {
  const behind = (end.behind ?? []).map((service) => `service ${service}`);
  const extra = behind.length === 0 ? '' : `, behind ${joined(behind, 'and')}`;
  return `${end.type === 'address' ? describeAddress(end) : describePod(end)}${extra}`;
}

function describeAddress({ address, node }: WitnessEnd & { type: 'address' }): string {
  if (node === undefined) return `address ${address}`;
  if (node.name !== undefined) {
    const labels = Object.keys(node.labels).length === 0 ? '' : ` with ${listLabels(node.labels)}`;
    return `node ${node.name}${labels} (address ${address})`;
  }
  const labels =
    Object.keys(node.labels).length === 0 ? 'without labels' : `with ${listLabels(node.labels)}`;
  return `a node ${labels} (address ${address})`;
}

function describePod(pod: WitnessPod): string {
  const { [NAMESPACE_NAME_LABEL]: _, ...rest } = pod.namespace.labels;
  const namespaceLabels = Object.keys(rest).length === 0 ? '' : ` (${listLabels(rest)})`;
  const account = pod.serviceAccount;
  const parts = [
    Object.keys(pod.labels).length === 0 ? 'without labels' : `with ${listLabels(pod.labels)}`,
    `in namespace ${pod.namespace.name}${namespaceLabels}`,
    ...(account === undefined || account.name === 'default'
      ? []
      : [`with service account ${account.name}`]),
    ...pod.ports.map(
      ({ name, port, protocol }) => `whose ${protocol} port ${port} is named ${name}`,
    ),
    ...(pod.node === undefined ? [] : [`on node ${pod.node.name}`]),
    ...(pod.addressMatters ? [`with address ${pod.address}`] : []),
  ];
  return `a pod ${parts.join(' ')}`;
}

const listLabels = (labels: Readonly<Record<string, string>>): string =>
  joined(
    Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    'and',
  );
