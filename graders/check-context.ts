import type { Answers, CheckDefinition, Lab, LabStep } from '../common/lab.js';
import type { Logger } from '../common/logger.js';
import type { Finding, Outcome } from '../common/verdict.js';
import type { Comparison } from '../policy/compare/compare.js';
import type { CheckFacts } from './facts.js';
import type { WitnessTrial } from './intent/real-witness.js';

/** What a check may use. */
export interface CheckContext extends CheckFacts {
  lab: Lab;
  step: LabStep;
  /** The cluster's name, for the log. */
  cluster: string;
  answers: Answers;
  /** The kernel of the cluster says of every packet that a policy dropped which one it was. */
  namesDrops: boolean;
  /** Packets that prove enforcement, by the policies they prove: one serves all checks of a run. */
  proofs: Map<string, Promise<WitnessTrial>>;
  /** Comparisons of this run, by what was compared: they cost more than a packet, and checks repeat them. */
  comparisons: Map<string, Comparison>;
  /** Ends when the run is cancelled or the check's budget is used up. */
  signal: AbortSignal;
  logger: Logger;
  /** Multiplies every wait for the cluster to settle: 1, and next to nothing where answers are recorded. */
  patience: number;
}

/** What a check found. Points, hints and times are added by `runChecks`. */
export interface CheckVerdict {
  outcome: Exclude<Outcome, 'skipped'>;
  /** One sentence for the learner. */
  message: string;
  findings: Finding[];
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
