import { z } from 'zod';
import { ProbeResult } from '../../common/probe.js';
import type { JsonObject } from '../../common/json.js';
import type { Cluster } from '../../clusters/provider.js';
import { decide } from '../../policy/decide.js';
import type { Decision, Flow } from '../../policy/model.js';
import type { Witness, WitnessEnd, WitnessPod } from '../../policy/compare/witness.js';
import type { ClusterView } from '../cluster-view.js';
import {
  removeLeftBehind,
  unforeseenName,
  withPlatformPods,
  type WantedNamespace,
  type WantedPod,
} from './platform-pods.js';

/**
 * What packets said to a flow that the model thought of.
 * - `confirmed`: they did what the live policies say.
 * - `contradicted`: they did the opposite, or nothing can be said because a control did not hold.
 * - `untried`: the flow cannot be made here.
 * - `blocked`: the platform's own pods did not come to run, or never were made.
 */
export const WitnessTrial = z.object({
  outcome: z.enum(['confirmed', 'contradicted', 'untried', 'blocked']),
  words: z.string(),
  /** Whether the live policies let it pass, and which rule says so. */
  decision: z.object({ allowed: z.boolean(), explanation: z.string() }).optional(),
  probes: z.array(ProbeResult),
});
export type WitnessTrial = z.infer<typeof WitnessTrial>;

export interface TryOptions {
  cluster: Cluster;
  view: ClusterView;
  /** All policies as they would be on the other side of the comparison. */
  otherwise: readonly JsonObject[];
  signal: AbortSignal;
}

const NAME_LABEL = 'kubernetes.io/metadata.name';

/**
 * Makes a witness real: pods of the platform's own with these labels, in a namespace with those, one packet
 * between them and its controls, and everything removed again.
 */
export async function tryWitness(witness: Witness, options: TryOptions): Promise<WitnessTrial> {
  const { cluster, view, otherwise, signal } = options;
  const plan = planOf(witness, view);
  if (typeof plan === 'string') return untried(plan);
  const { pods, namespaces, flow } = plan;
  await removeLeftBehind(cluster, view);
  const made = await withPlatformPods(cluster, { pods, namespaces, view, signal }, async (now) => {
    const decision = decide(now.world, flow);
    const wanted = decide({ ...now.world, networkPolicies: otherwise }, flow);
    if (decision.allowed === wanted.allowed) {
      return untried('what is there now decides about this one path');
    }
    return judge(decision, await probe(flow, options));
  });
  if ('used' in made) return made.used;
  const words = `the platform's own pods did not run: ${made.notReady}`;
  return { outcome: 'blocked', words, probes: [] };
}

interface Plan {
  pods: WantedPod[];
  namespaces: WantedNamespace[];
  flow: Flow & { protocol: 'TCP' | 'UDP' };
}

/** A sentence where it cannot be done. */
function planOf(witness: Witness, view: ClusterView): Plan | string {
  const { source, destination, protocol, port, dialled } = witness;
  if ((protocol !== 'TCP' && protocol !== 'UDP') || port === undefined) {
    return `${protocol} cannot be tried`;
  }
  if (dialled !== undefined) return 'it comes by a Service';
  if (!isMakeable(source) || !isMakeable(destination)) {
    return 'the address in it is not one that the platform may take';
  }
  const renamed = namespaceNames([source, destination], view);
  const wanted = (end: WitnessPod, serves: boolean): WantedPod => ({
    namespace: renamed.get(end.namespace.name)?.name ?? end.namespace.name,
    name: unforeseenName(),
    labels: end.labels,
    ports: end.ports,
    ...(serves ? { serves: { port, protocol } } : {}),
  });
  const [from, to] = [wanted(source, false), wanted(destination, true)];
  return {
    pods: [from, to],
    namespaces: [...renamed.values()],
    flow: { from: podEnd(from), to: podEnd(to), port, protocol },
  };
}

function podEnd({ namespace, name }: WantedPod): Flow['from'] & { type: 'pod' } {
  return { type: 'pod', namespace, name };
}

function isMakeable(end: WitnessEnd): end is WitnessPod {
  return (
    end.type === 'pod' &&
    !end.addressMatters &&
    end.node === undefined &&
    (end.behind ?? []).length === 0 &&
    (end.serviceAccount === undefined || end.serviceAccount.name === 'default')
  );
}

/** Namespaces that do not exist are made; under a name of our own where the name was only an example. */
function namespaceNames(
  ends: readonly WitnessPod[],
  view: ClusterView,
): Map<string, WantedNamespace> {
  const missing = new Map<string, WantedNamespace>();
  for (const { namespace } of ends) {
    if (view.namespaces.some(({ name }) => name === namespace.name)) continue;
    const isNamed = view.world.networkPolicies.some((policy) =>
      JSON.stringify(policy).includes(JSON.stringify(namespace.name)),
    );
    const name = isNamed ? namespace.name : unforeseenName();
    const { [NAME_LABEL]: _, ...labels } = namespace.labels;
    missing.set(namespace.name, missing.get(namespace.name) ?? { name, labels });
  }
  return missing;
}

async function probe({ from, to, port, protocol }: Plan['flow'], { cluster, signal }: TryOptions) {
  const requests = [
    { from, to, port, protocol },
    { from, to: from, port, protocol: 'TCP' as const },
    { from: to, to, port, protocol },
  ];
  const wires = requests.flatMap((request) =>
    request.from.type === 'pod' && request.to.type === 'pod'
      ? [{ ...request, from: request.from, to: request.to }]
      : [],
  );
  return cluster.probe(wires, { signal });
}

function judge(decision: Decision, probes: ProbeResult[]): WitnessTrial {
  const [main, canary, alive] = probes;
  const { allowed, explanation } = decision;
  const base = { decision: { allowed, explanation }, probes };
  const arrived = main?.cause === 'open' || main?.cause === 'refused';
  const stopped = main?.cause === 'filtered';
  const sourceLives = canary?.cause === 'open' || canary?.cause === 'refused';
  if (allowed ? arrived : stopped && sourceLives && alive?.cause === 'open') {
    return {
      outcome: 'confirmed',
      words: allowed ? 'a packet got through' : 'a packet was stopped',
      ...base,
    };
  }
  const words = `sent: ${main?.cause ?? 'nothing'}; the source to itself: ${canary?.cause ?? 'nothing'}; the server to itself: ${alive?.cause ?? 'nothing'}`;
  return { outcome: 'contradicted', words, ...base };
}

function untried(words: string): WitnessTrial {
  return { outcome: 'untried', words, probes: [] };
}
