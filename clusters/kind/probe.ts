import { messageOf } from '../../common/errors.js';
import type { ProbeRequest, ProbeResult } from '../../common/probe.js';
import type { KindContext } from './context.js';
import type { KubeApi } from '../client/kube-api.js';
import { viewFor, type ProbeView } from '../client/probe-targets.js';
import { clientName } from './names.js';
import { outsideAddress } from './outside-client.js';
import { planProbe, type PlannedProbe } from './probe-plan.js';
import { parseProbeLines, probeScript, type ProbeLine } from './probe-script.js';
import { throwIfAborted } from './programs.js';

/** A probe that sat out its timeout by more than this was not running all the time: nobody knows what it would have heard. */
const STOOD_STILL_MS = 5_000;
/** What a probe takes beside the wait for an answer: docker exec, crictl, bash, on a machine with other work. */
const SLACK_MS = 15_000;

/** Sends real packets: one script for each node that probes start on, whatever their number. */
export async function probeCluster(
  context: KindContext,
  cluster: { name: string; kindName: string; api: KubeApi },
  work: { requests: readonly ProbeRequest[]; signal?: AbortSignal },
): Promise<ProbeResult[]> {
  const { requests, signal } = work;
  throwIfAborted(signal);
  const view = await look(context, cluster, requests);
  const clientContainer = clientName(cluster.name);
  const plans = requests.map((request, index) =>
    planProbe(request, index, { view, clientContainer }),
  );
  const sendable = plans.filter((plan) => 'source' in plan);
  const byContainer = new Map<string, PlannedProbe[]>();
  for (const plan of sendable) {
    const { container } = plan.source;
    byContainer.set(container, [...(byContainer.get(container) ?? []), plan]);
  }
  const answers = new Map<number, ProbeLine>();
  await Promise.all(
    [...byContainer].map(async ([container, probes]) => {
      const lines = await send(context, {
        container,
        probes,
        ...(signal === undefined ? {} : { signal }),
      });
      for (const [index, line] of lines) answers.set(index, line);
    }),
  );
  return requests.map((request, index): ProbeResult => {
    const plan = plans[index];
    if (plan === undefined || 'cause' in plan) {
      return { request, tookMs: 0, ...(plan ?? { cause: 'unknown' }) };
    }
    const line = answers.get(index);
    const { address } = plan;
    if (line === undefined) {
      return { request, address, tookMs: 0, cause: 'unknown', detail: 'the prober said nothing' };
    }
    return { request, address, ...line };
  });
}

async function look(
  context: KindContext,
  cluster: { name: string; kindName: string; api: KubeApi },
  requests: readonly ProbeRequest[],
): Promise<ProbeView> {
  const asksClient = requests.some(({ from, to }) =>
    [from, to].some((end) => end.type === 'outside' && end.name === 'client'),
  );
  const [view, client] = await Promise.all([
    viewFor(cluster.api, requests),
    asksClient ? outsideAddress(context, cluster) : undefined,
  ]);
  return client === undefined ? view : { ...view, outside: { client } };
}

/** A container that is paused in the middle of a probe finds its timeout over when it runs again; silence was no answer then. */
export function believable(
  lines: ReadonlyMap<number, ProbeLine>,
  probes: readonly Pick<PlannedProbe, 'index' | 'timeoutMs'>[],
): Map<number, ProbeLine> {
  const timeouts = new Map(probes.map(({ index, timeoutMs }) => [index, timeoutMs]));
  return new Map(
    [...lines].map(([index, line]) => {
      const late = line.tookMs - (timeouts.get(index) ?? 0);
      if (line.cause !== 'filtered' || late < STOOD_STILL_MS) return [index, line];
      const detail = 'the sender stood still while it waited for an answer';
      return [index, { ...line, cause: 'unknown', detail }];
    }),
  );
}

async function send(
  context: KindContext,
  work: { container: string; probes: readonly PlannedProbe[]; signal?: AbortSignal },
): Promise<Map<number, ProbeLine>> {
  const { container, probes, signal } = work;
  const slowest = Math.max(...probes.map(({ timeoutMs }) => timeoutMs));
  const rounds = 1 + Math.ceil(probes.length / 64);
  try {
    const stdout = await context.probers.run({
      container,
      script: probeScript(probes),
      timeoutMs: slowest * rounds + SLACK_MS,
      ...(signal === undefined ? {} : { signal }),
    });
    const lines = believable(parseProbeLines(stdout), probes);
    const silent = [...lines.values()].filter(({ cause }) => cause === 'filtered');
    if (silent.length > 0) {
      context.programs.account.past('denials', Math.max(...silent.map(({ tookMs }) => tookMs)));
    }
    return lines;
  } catch (error) {
    throwIfAborted(signal);
    // One node that is gone must not cost the others their answers.
    const detail = messageOf(error);
    return new Map(probes.map(({ index }) => [index, { cause: 'unknown', tookMs: 0, detail }]));
  }
}
