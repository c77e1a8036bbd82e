/** What a verdict rests on, as it is stored: enough to judge again without a cluster. */
import { z } from 'zod';
import { isJsonObject, type JsonObject } from '../../common/json.js';
import { ProbeResult } from '../../common/probe.js';
import { CanaryResult, Enforcement } from '../canary.js';
import { WitnessTrial } from '../intent/real-witness.js';
import { KeptWitness } from './kept-witness.js';

/** Places in `looks` of its run, or in `objects`. */
const Index = z.number().int().min(0);

/** The last answer on one path. */
export const ProbeRecord = ProbeResult.extend({
  /** What the lab wanted; absent for a control. */
  expected: z.enum(['allow', 'deny']).optional(),
  /** How often it was sent. */
  attempts: z.number().int().min(1),
  /** When the last answer came, ISO 8601. */
  at: z.string(),
});
export type ProbeRecord = z.infer<typeof ProbeRecord>;

export const CheckEvidence = z.object({
  step: z.string(),
  check: z.string(),
  /** The last look at the cluster that the check took. */
  look: Index.optional(),
  probes: z.array(ProbeRecord),
  /** Flows that were made real, by the digest of what was asked. */
  trials: z.array(
    z.object({
      key: z.string(),
      trial: WitnessTrial,
      /** The flow itself; absent in evidence from before it was kept. */
      witness: KeptWitness.optional(),
    }),
  ),
  canary: z.object({ expected: Enforcement, result: CanaryResult }).optional(),
});
export type CheckEvidence = z.infer<typeof CheckEvidence>;

export const RunEvidence = z.object({
  provider: z.string(),
  cluster: z.string(),
  steps: z.array(z.string()),
  /** Questions of these steps at the time. */
  questions: z.array(z.string()),
  answers: z.record(z.string(), z.union([z.string(), z.number(), z.array(z.string())])),
  /** In order of time: the first one of the run's start, the last one of its end. */
  looks: z.array(z.object({ takenAt: z.string(), objects: z.array(Index) })),
  /** Kinds that were in the cluster and are not kept, because no check looked at them: `v1/Event`. */
  omittedKinds: z.array(z.string()),
  checks: z.array(CheckEvidence),
});
export type RunEvidence = z.infer<typeof RunEvidence>;

export const Evidence = z.object({
  version: z.literal(1),
  /** Each version of an object once, without `managedFields`. */
  objects: z.array(z.custom<JsonObject>(isJsonObject)),
  runs: z.array(RunEvidence),
});
export type Evidence = z.infer<typeof Evidence>;
