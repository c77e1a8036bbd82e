import type { Cluster } from '../clusters/provider.js';
import type { Answers, CheckDefinition, Lab, LabStep } from '../common/lab.js';
import type { Logger } from '../common/logger.js';
import type { ProbeResult } from '../common/probe.js';
import type { Finding, Outcome } from '../common/verdict.js';
import type { Comparison } from '../policy/compare/compare.js';
import type { ClusterView } from './cluster-view.js';
import type { WitnessTrial } from './intent/real-witness.js';

/** What a check may use. */
export interface CheckContext {
  lab: Lab;
  step: LabStep;
  cluster: Cluster;
  answers: Answers;
  /** The moment the run started at; with `fresh`, a new look at the cluster. */
  view(options?: { fresh: boolean }): Promise<ClusterView>;
  /** Packets that prove enforcement, by the policies they prove: one serves all checks of a run. */
  proofs: Map<string, Promise<WitnessTrial>>;
  /** Comparisons of this run, by what was compared: they cost more than a packet, and checks repeat them. */
  comparisons: Map<string, Comparison>;
  /** Ends when the run is cancelled or the check's budget is used up. */
  signal: AbortSignal;
  logger: Logger;
  /** Multiplies every wait for the cluster to settle: 1, and next to nothing in tests with recorded answers. */
  patience: number;
}

/** What a check found. Points, hints and times are added by `runChecks`. */
export interface CheckVerdict {
  outcome: Exclude<Outcome, 'skipped'>;
  /** One sentence for the learner. */
  message: string;
  findings: Finding[];
  evidence?: ProbeResult[];
}

export type CheckOf<Kind extends CheckDefinition['kind']> = Extract<
  CheckDefinition,
  { kind: Kind }
>;

/** The worst outcome decides: failed, then our own faults, then what could not be told. */
export function worstOutcome(findings: readonly Finding[]): CheckVerdict['outcome'] {
  for (const outcome of ['failed', 'error', 'inconclusive'] as const) {
    if (findings.some((finding) => finding.outcome === outcome)) return outcome;
  }
  return 'passed';
}
