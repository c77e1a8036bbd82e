import { z } from 'zod';
import type { ObservedFlow } from '../../../common/flow.js';
import type { Phase } from '../../../common/progress.js';
import type { ProbeResult } from '../../../common/probe.js';
import type { ClusterInfo, ClusterTrouble, RunResult, ShellCommand } from '../../provider.js';
import { ClusterName, ClusterSpecSchema, JsonObjectSchema } from './cluster/cluster-folder.js';
import type { SnapshotAnswer } from './cluster/snapshot.js';

/**
 * How a provider talks to the cluster host: lines of JSON over a unix socket, many requests at a time. A request
 * is answered by any number of events and one result or error. A connection that ends cancels its requests.
 */

const Endpoint = z.discriminatedUnion('type', [
  z.object({ type: z.literal('pod'), namespace: z.string(), name: z.string() }),
  z.object({ type: z.literal('service'), namespace: z.string(), name: z.string() }),
  z.object({ type: z.literal('node'), name: z.string() }),
  z.object({ type: z.literal('outside'), name: z.string() }),
  z.object({ type: z.literal('address'), address: z.string() }),
]);

const ProbeRequestSchema = z.object({
  from: Endpoint,
  to: Endpoint,
  port: z.number().int(),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']),
  timeoutMs: z.number().optional(),
});

const ShellTargetSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('workstation') }),
  z.object({ type: z.literal('node'), name: z.string() }),
  z.object({
    type: z.literal('pod'),
    namespace: z.string(),
    name: z.string(),
    container: z.string().optional(),
  }),
]);

const Named = z.object({ name: ClusterName });

export const REQUESTS = {
  hello: z.object({}),
  create: z.object({ spec: ClusterSpecSchema }),
  list: z.object({}),
  kubeconfig: Named.extend({ role: z.enum(['learner', 'platform']) }),
  shell: Named.extend({ target: ShellTargetSchema }),
  probe: Named.extend({ requests: z.array(ProbeRequestSchema) }),
  /** With `follow`, flows come as events until the request is cancelled. */
  flows: Named.extend({ follow: z.boolean() }),
  trouble: Named,
  /** With `known`, what the asker has already is left out. */
  snapshot: Named.extend({
    known: z.object({ epoch: z.string(), upTo: z.number().int() }).optional(),
  }),
  apply: Named.extend({ objects: z.array(JsonObjectSchema) }),
  run: Named.extend({ script: z.string(), timeoutMs: z.number().optional() }),
  reset: Named,
  delete: Named,
  /** Resolves when all written so far is in force in the kernel. For measurements. */
  settle: Named,
  shutdown: z.object({}),
};

export type RequestName = keyof typeof REQUESTS;
export type RequestParams<M extends RequestName> = z.input<(typeof REQUESTS)[M]>;

export interface RequestResults {
  hello: HostInfo;
  create: ClusterInfo;
  list: ClusterInfo[];
  kubeconfig: string;
  shell: ShellCommand;
  probe: ProbeResult[];
  flows: ObservedFlow[];
  trouble: ClusterTrouble | null;
  snapshot: SnapshotAnswer;
  apply: null;
  run: RunResult;
  reset: null;
  delete: null;
  settle: null;
  shutdown: null;
}

/** Raised with every change that the other side would misunderstand. */
export const PROTOCOL = 2;

export interface HostInfo {
  pid: number;
  build: string;
  version: string;
  protocol: number;
  clusters: number;
}

export const ClientMessage = z.union([
  z.object({ id: z.number().int(), method: z.string(), params: z.unknown() }),
  z.object({ cancel: z.number().int() }),
]);

/** What the host sends; its own words are trusted as the same build, or a refused hello, guarantees. */
export type HostMessage =
  | { id: number; event: Phase | ObservedFlow }
  | { id: number; result: unknown }
  | { id: number; error: { code: string; message: string; fix?: string } };
