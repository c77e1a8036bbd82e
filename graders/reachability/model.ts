import { decide } from '../../policy/decide.js';
import type { Decision, FlowEnd } from '../../policy/model.js';
import { valueAt } from '../../common/json.js';
import { backendsOf, type ClusterView } from '../cluster-view.js';
import type { Cell } from './cells.js';
import { listed } from './endpoint.js';
import { describeLabels } from './label-terms.js';

/**
 * What the policies say about one path.
 * - `silent`: the model cannot tell (an end it does not know, policies of other kinds); the wire stands alone.
 * - `not-enforced`: the policies say deny, and nothing in this cluster acts on them.
 */
export type Prediction =
  | {
      type: 'allowed' | 'denied' | 'not-enforced';
      explanation: string;
      decision: Decision;
      /**
       * What there is beside it, in one sentence: the policies of the cluster where none selects either end, else
       * the labels of the end that rules were asked about.
       */
      background?: string;
    }
  | {
      type: 'silent';
      why?: string;
      /** There are policies that the model does not know. */
      isForeign?: true;
    };

/** `address` is what the probe dialled, for ends that have no pod. */
export function predict(cell: Cell, view: ClusterView, address: string | undefined): Prediction {
  const { unknownPolicies, policyEngine } = view;
  if (unknownPolicies.length > 0) {
    return {
      type: 'silent',
      isForeign: true,
      why: `There are policies of other kinds (${unknownPolicies.slice(0, 3).join(', ')}), so only the packets decided.`,
    };
  }
  const { from } = cell.from.endpoint.type === 'pod' ? { from: cell.from.endpoint } : {};
  const targets = targetsOf(cell, view, address);
  if (from === undefined || targets.length === 0) return { type: 'silent' };
  const { protocol } = cell.row;
  const decisions = targets.map(({ to, port }) => decide(view.world, { from, to, port, protocol }));
  const [first] = decisions;
  if (first === undefined) return { type: 'silent' };
  if (decisions.some(({ allowed }) => allowed !== first.allowed)) {
    return { type: 'silent', why: 'The pods behind the Service are treated differently.' };
  }
  const { explanation } = first;
  const background = backgroundOf(first, { cell, view });
  const shared = {
    explanation,
    decision: first,
    ...(background === undefined ? {} : { background }),
  };
  if (first.allowed) return { type: 'allowed', ...shared };
  return { type: policyEngine.enforces === false ? 'not-enforced' : 'denied', ...shared };
}

function backgroundOf(
  { allowed, egress, ingress }: Decision,
  { cell, view }: { cell: Cell; view: ClusterView },
): string | undefined {
  if (!egress.isolated && !ingress.isolated) return policiesThereAre(view);
  // Of two that deny the first is explained; of two that allow, the last one let it in.
  const isEgress = allowed ? !ingress.isolated : !egress.allowed;
  const side = isEgress ? egress : ingress;
  const isAboutPeer = allowed
    ? side.allowedBy.length > 0
    : side.considered.length > 0 && side.considered.every(({ peerMatched }) => !peerMatched);
  const pod = isEgress ? cell.to.pod : cell.from.pod;
  if (!isAboutPeer || pod === undefined) return undefined;
  const { namespace, name, labels } = pod;
  return `The rules were asked about ${namespace}/${name} ${describeLabels(labels)}.`;
}

function policiesThereAre({ world }: ClusterView): string {
  const names = world.networkPolicies.flatMap((policy) => {
    const namespace = valueAt(policy, ['metadata', 'namespace']);
    const name = valueAt(policy, ['metadata', 'name']);
    return typeof namespace === 'string' && typeof name === 'string'
      ? [`${namespace}/${name}`]
      : [];
  });
  return names.length === 0
    ? 'There is no policy in the whole cluster.'
    : `Policies there are: ${listed(names)}. A policy governs only pods of its own namespace that its podSelector matches.`;
}

function targetsOf(
  cell: Cell,
  view: ClusterView,
  address: string | undefined,
): { to: FlowEnd; port: number }[] {
  const { to, row } = cell;
  if (to.service !== undefined) {
    return backendsOf(view, to.service, row).map(({ pod, port }) => ({
      to: { type: 'pod', namespace: pod.namespace, name: pod.name },
      port,
    }));
  }
  if (to.endpoint.type === 'pod') return [{ to: to.endpoint, port: row.port }];
  if (address === undefined) return [];
  return [{ to: { type: 'address', address }, port: row.port }];
}
