/** What graders found. The result format's only definition: its published JSON Schema is made from it. */
import { z } from 'zod';
import { DroppedBy } from './probe.js';

/**
 * - `skipped`: a check it depends on did not pass.
 * - `inconclusive`: it could not be told; costs the learner nothing and may be tried again.
 * - `error`: our fault.
 */
export const Outcome = z.enum(['passed', 'failed', 'skipped', 'inconclusive', 'error']);
export type Outcome = z.infer<typeof Outcome>;

/** One thing a check looked at, for a table of expected against observed. */
export const Finding = z.object({
  /** `from → to:port/PROTOCOL`, or the object and field looked at. */
  subject: z.string(),
  expected: z.string(),
  observed: z.string(),
  outcome: Outcome,
  /** Why, in one sentence: the deciding rule, the missing object and what exists instead. */
  reason: z.string().optional(),
  /** Where to look next, often a command. */
  next: z.string().optional(),
  droppedBy: DroppedBy.optional(),
  /** The two ends of a path, `to` with port and protocol: what a matrix is drawn from. */
  path: z.object({ from: z.string(), to: z.string() }).optional(),
});
export type Finding = z.infer<typeof Finding>;

export const Points = z.object({ earned: z.number(), possible: z.number() });
export type Points = z.infer<typeof Points>;

export const Visibility = z.enum(['always', 'after-submission', 'after-due', 'never']);

export const CheckResult = z.object({
  id: z.string(),
  title: z.string(),
  step: z.string(),
  outcome: Outcome,
  points: Points,
  /** When learners see it, as the lab says; `always` where absent. */
  visibility: Visibility.optional(),
  rationale: z.string(),
  /** One sentence for the learner that says what decided the outcome. */
  message: z.string(),
  findings: z.array(Finding),
  hints: z.array(z.string()),
  /** Points that hints opened on the page cost; already taken off those earned. */
  hintCost: z.number().optional(),
  tookMs: z.number(),
});
export type CheckResult = z.infer<typeof CheckResult>;

/** Tells on which cluster something was seen, from what the platform itself read there. */
export const ClusterFingerprint = z.object({
  /** `sha256:` and the hex digest over the canonical JSON of the other members. */
  digest: z.string(),
  /** Of the namespace `kube-system`: nobody can delete it, and every new cluster has another. Absent where it is not shown. */
  uid: z.string().optional(),
  /** In order of their names; `version` is that of Kubernetes on them. */
  nodes: z.array(z.object({ name: z.string(), uid: z.string(), version: z.string() })),
});
export type ClusterFingerprint = z.infer<typeof ClusterFingerprint>;

/** Over the canonical JSON (RFC 8785) of a result without this member. */
export const Signature = z.object({
  /** `sha256:` and the hex digest over the public key (SubjectPublicKeyInfo, DER). */
  keyId: z.string(),
  algorithm: z.literal('Ed25519'),
  /** Base64. */
  value: z.string(),
});
export type Signature = z.infer<typeof Signature>;

export const LabResult = z.object({
  version: z.literal(1),
  lab: z.string(),
  /** `sha256:` and the hex digest over the names and contents of all files of the lab's folder. */
  labDigest: z.string(),
  /** Where the values of the lab were drawn from, where it has any: with digest and seed it can be read again as it was. */
  seed: z.string().optional(),
  graderVersion: z.string(),
  /** Version of Gatehouse, its providers included. */
  platformVersion: z.string(),
  /** Kind of the cluster: `embedded`, `kind`, `existing`. */
  provider: z.string(),
  cluster: z.string(),
  /** Absent where the cluster could not be looked at. */
  fingerprint: ClusterFingerprint.optional(),
  /** ISO 8601, UTC. */
  startedAt: z.string(),
  endedAt: z.string(),
  /** Of the checks themselves, milliseconds. */
  tookMs: z.number(),
  /** `inconclusive` where any check is inconclusive or in error and no check failed. */
  outcome: z.enum(['passed', 'failed', 'inconclusive']),
  points: Points,
  checks: z.array(CheckResult),
  /** Of what it rests on: `sha256:` and the hex digest over the canonical JSON. Absent where that was not kept. */
  evidenceDigest: z.string().optional(),
  /** Where it was judged again from stored evidence: what it was before. `startedAt` and `endedAt` are of the judging. */
  regradeOf: z
    .object({
      endedAt: z.string(),
      labDigest: z.string(),
      graderVersion: z.string(),
      points: Points,
    })
    .optional(),
  signature: Signature.optional(),
});
export type LabResult = z.infer<typeof LabResult>;
