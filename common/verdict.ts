import type { DroppedBy, ProbeResult } from './probe.js';

/**
 * - `skipped`: a check it depends on did not pass.
 * - `inconclusive`: it could not be told; costs the learner nothing and may be tried again.
 * - `error`: our fault.
 */
export type Outcome = 'passed' | 'failed' | 'skipped' | 'inconclusive' | 'error';

/** One thing a check looked at, for a table of expected against observed. */
export interface Finding {
  /** `from → to:port/PROTOCOL`, or the object and field looked at. */
  subject: string;
  expected: string;
  observed: string;
  outcome: Outcome;
  /** Why, in one sentence: the deciding rule, the missing object and what exists instead. */
  reason?: string;
  /** Where to look next, often a command. */
  next?: string;
  droppedBy?: DroppedBy;
}

export interface CheckResult {
  id: string;
  title: string;
  step: string;
  outcome: Outcome;
  points: { earned: number; possible: number };
  rationale: string;
  /** One sentence for the learner that says what decided the outcome. */
  message: string;
  findings: Finding[];
  hints: string[];
  tookMs: number;
  /** Raw probe answers, controls included, kept for a later regrade. Not shown to learners. */
  evidence?: ProbeResult[];
}

export interface LabResult {
  version: 1;
  lab: string;
  labDigest: string;
  graderVersion: string;
  provider: string;
  cluster: string;
  startedAt: string;
  tookMs: number;
  /** `inconclusive` where any check is inconclusive or in error and no check failed. */
  outcome: 'passed' | 'failed' | 'inconclusive';
  points: { earned: number; possible: number };
  checks: CheckResult[];
}
