import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../clusters/provider.js';
import type { ProbeRequest, ProbeResult } from '../common/probe.js';
import type { Witness } from '../policy/compare/witness.js';
import { runCanary, type CanaryResult, type Enforcement } from './canary.js';
import { viewOf, type ClusterView } from './cluster-view.js';
import { tryWitness, type WitnessTrial } from './intent/real-witness.js';
import type { JsonObject } from '../common/json.js';

/** Where the checks of a run get what they know from: a live cluster, or the evidence of an earlier run. */
export interface Facts {
  provider: string;
  cluster: string;
  /** At the start of the run; with `fresh`, at this moment. */
  view: LookAtCluster;
  of(check: CheckPlace): CheckFacts;
}

export interface CheckPlace {
  step: string;
  check: string;
}

/** What one check may know. */
export interface CheckFacts {
  view: LookAtCluster;
  wire: Wire;
  /** Whether the learner had the question before him. */
  wasAsked(question: string): boolean;
}

export type LookAtCluster = (options?: { fresh: boolean }) => Promise<ClusterView>;

/** What packets say: those that are sent now, or those that were when the evidence was taken. */
export interface Wire {
  /** Answers in the order of the requests. `expected`, by `pathKey`, is for the record; what it leaves out are controls. */
  probe(
    requests: readonly ProbeRequest[],
    options: { signal: AbortSignal; expected: ReadonlyMap<string, 'allow' | 'deny'> },
  ): Promise<ProbeResult[]>;
  tryWitness(witness: Witness, options: TrialOptions): Promise<WitnessTrial>;
  runCanary(options: {
    view: ClusterView;
    expected: Enforcement;
    signal: AbortSignal;
  }): Promise<CanaryResult>;
}

export interface TrialOptions {
  view: ClusterView;
  /** All policies as they would be on the other side. */
  otherwise: readonly JsonObject[];
  /**
   * The flow is but one that `otherwise` lets pass and the policies of `view` stop: where it was not made then, a packet
   * that says the same of another such flow will do. Default false.
   */
  orLike?: boolean;
  signal: AbortSignal;
}

/** `patience` multiplies every wait. */
export function liveFacts(cluster: Cluster, { patience = 1 }: { patience?: number } = {}): Facts {
  const view = shareLooks(cluster, patience);
  const wire: Wire = {
    probe: (requests, { signal }) => cluster.probe(requests, { signal }),
    tryWitness: (witness, options) => tryWitness(witness, { ...options, cluster }),
    runCanary: (options) => runCanary(cluster, options),
  };
  const facts: CheckFacts = { view, wire, wasAsked: () => true };
  return {
    provider: cluster.info.provider,
    cluster: cluster.info.name,
    view,
    of: () => facts,
  };
}

/** One look serves all checks of the same moment. */
function shareLooks(cluster: Cluster, patience: number): LookAtCluster {
  let latest: Promise<ClusterView> | undefined;
  let latestAt = 0;
  return (options = { fresh: false }) => {
    const tooOld = performance.now() - latestAt > (options.fresh ? 20 : 1000);
    if (latest === undefined || tooOld) {
      latestAt = performance.now();
      latest = lookAt(cluster, patience);
    }
    return latest;
  };
}

/** A cluster that does not answer is asked again: an API server may stumble for a moment. */
const LOOK_AGAIN_MS = [300, 600];

async function lookAt(cluster: Cluster, patience: number): Promise<ClusterView> {
  for (const pauseMs of LOOK_AGAIN_MS) {
    try {
      return viewOf(await cluster.snapshot());
    } catch {
      await sleep(pauseMs * patience);
    }
  }
  return viewOf(await cluster.snapshot());
}
