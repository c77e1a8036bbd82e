import type { JsonObject } from '../../common/json.js';
import type { ProbeResult } from '../../common/probe.js';
import { witnessWorld } from '../../policy/compare/witness-world.js';
import { decide } from '../../policy/decide.js';
import type { Decision, Flow, World } from '../../policy/model.js';
import { changedPolicies } from '../changed-policies.js';
import type { ClusterView } from '../cluster-view.js';
import type { WitnessTrial } from '../intent/real-witness.js';
import type { CheckEvidence } from './evidence.js';

/** What was seen in a run, and the cluster as each check saw it. */
export interface Seen {
  records: readonly CheckEvidence[];
  views: readonly ClusterView[];
}

/**
 * A packet of the run that proves that the policies of `view` are enforced: only they stop it, `otherwise` would let it
 * pass, and it was stopped. That is a flow which the platform made real with pods of its own, or a probe between pods of
 * which the kernel named the policy that dropped it. A canary is none: it proves the plugin, not these policies. Nothing
 * is found where the policies were others then, or where a packet passed that they stop.
 */
export function findStopped(
  { records, views }: Seen,
  { view, otherwise }: { view: ClusterView; otherwise: readonly JsonObject[] },
): WitnessTrial | undefined {
  const ofThen = records.filter(({ look }) => {
    const seen = look === undefined ? undefined : views[look];
    return seen !== undefined && changedPolicies(seen, view).length === 0;
  });
  const probes = ofThen.flatMap((record) => record.probes);
  if (probes.some((probe) => isContradiction(probe, view))) return undefined;
  const trials = ofThen.flatMap((record) => latestOfEach(record.trials));
  if (trials.some(({ trial }) => trial.outcome === 'contradicted')) return undefined;
  return (
    trials.find((one) => provesByTrial(one, { view, otherwise }))?.trial ??
    probes
      .map((probe) => provenByProbe(probe, { view, otherwise }))
      .find((one) => one !== undefined)
  );
}

/** Trials are repeated until packets and policies agree: the last one stands. */
function latestOfEach(trials: CheckEvidence['trials']): CheckEvidence['trials'] {
  return [...new Map(trials.map((one) => [one.key, one])).values()];
}

interface Sides {
  view: ClusterView;
  otherwise: readonly JsonObject[];
}

function provesByTrial(
  { trial, witness }: CheckEvidence['trials'][number],
  { view, otherwise }: Sides,
): boolean {
  if (witness === undefined) return false;
  if (trial.outcome !== 'confirmed' || trial.decision?.allowed !== false) return false;
  const under = (policies: readonly unknown[]): boolean => {
    const { world, flow } = witnessWorld(witness, policies);
    const { policyResources = [] } = view.world;
    return decide({ ...world, policyResources }, flow).allowed;
  };
  return !under(view.world.networkPolicies) && under(otherwise);
}

function provenByProbe(probe: ProbeResult, { view, otherwise }: Sides): WitnessTrial | undefined {
  const { cause, droppedBy } = probe;
  if (cause !== 'filtered' || droppedBy === undefined) return undefined;
  const decision = decideProbe(probe, view.world);
  if (decision === undefined || decision.allowed) return undefined;
  const wouldBe = decideProbe(probe, { ...view.world, networkPolicies: otherwise });
  if (wouldBe?.allowed !== true) return undefined;
  const denying = new Set([...decision.egress.isolatedBy, ...decision.ingress.isolatedBy]);
  if (!droppedBy.policies.some((policy) => denying.has(policy))) return undefined;
  const { explanation } = decision;
  return {
    outcome: 'confirmed',
    words: 'a packet was stopped',
    decision: { allowed: false, explanation },
    probes: [probe],
  };
}

/** Arrived, although the policies stop it. */
function isContradiction(probe: ProbeResult, { world }: ClusterView): boolean {
  if (probe.cause !== 'open' && probe.cause !== 'refused') return false;
  return decideProbe(probe, world)?.allowed === false;
}

/** Undefined for what is not sent from a pod of this world to another. */
function decideProbe({ request }: ProbeResult, world: World): Decision | undefined {
  const { from, to, port, protocol } = request;
  if (from.type !== 'pod' || to.type !== 'pod') return undefined;
  const flow: Flow = { from, to, port, protocol };
  const isThere = (end: typeof from): boolean =>
    world.pods.some(({ namespace, name }) => namespace === end.namespace && name === end.name);
  return isThere(from) && isThere(to) ? decide(world, flow) : undefined;
}
