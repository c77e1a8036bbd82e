import { z } from 'zod';
import type { Witness } from '../../policy/compare/witness.js';

const Labels = z.record(z.string(), z.string());
const Behind = z.array(z.string()).optional();

const KeptPod = z.object({
  type: z.literal('pod'),
  labels: Labels,
  namespace: z.object({ name: z.string(), labels: Labels }),
  serviceAccount: z.object({ name: z.string(), labels: Labels }).optional(),
  address: z.string(),
  behind: Behind,
  node: z.object({ name: z.string(), addresses: z.array(z.string()) }).optional(),
  addressMatters: z.boolean(),
  ports: z.array(z.object({ name: z.string(), port: z.number(), protocol: z.string() })),
});

const KeptAddress = z.object({
  type: z.literal('address'),
  address: z.string(),
  node: z
    .object({
      name: z.string().optional(),
      addresses: z.array(z.string()).optional(),
      labels: Labels,
    })
    .optional(),
  behind: Behind,
});

const KeptEnd = z.discriminatedUnion('type', [KeptPod, KeptAddress]);

/** A witness as evidence holds it. */
export const KeptWitness: z.ZodType<Witness> = z.object({
  source: KeptEnd,
  destination: KeptEnd,
  protocol: z.string(),
  // JSON has no undefined.
  port: z
    .number()
    .optional()
    .transform((port) => port),
  sourcePort: z.number().optional(),
  icmp: z.object({ type: z.number(), code: z.number() }).optional(),
  dialled: z.object({ address: z.string(), port: z.number() }).optional(),
  allowedBy: z.enum(['a', 'b']),
  direction: z.enum(['ingress', 'egress']),
});
