import { setTimeout as sleep } from 'node:timers/promises';
import type { DroppedBy, Endpoint, ProbeRequest, ProbeResult } from '../../../common/probe.js';
import { messageOf } from '../../../common/errors.js';
import type { Agent, AgentProbe, AgentProbeResult } from '../agent/agent.js';
import type { ClusterApi } from '../api/cluster-api.js';
import { WORKSTATION, WORKSTATION_ADDRESS, nodeAddress, nodeNetns } from './addresses.js';
import type { PodObject, ServiceObject } from './objects.js';
import { isTerminated } from './objects.js';
import type { OutsideWorld } from './outside-world.js';
import type { PodWires } from './pod-wires.js';

export interface ProbeContext {
  agent: Agent;
  api: ClusterApi;
  nodes: readonly string[];
  wires: PodWires;
  outside: OutsideWorld;
  explainDrop(netns: string, prefix: string): DroppedBy | undefined;
}

const DEFAULT_TIMEOUT_MS = 800;
/** Sent at once; more would starve the prober and make silence of what is only slow. */
const BATCH = 256;
/** A prober that was given its time and does not answer even so much later is stopped, or gets no processor. */
const STARVED_MS = 3000;

/** Sends all probes from where they start; one that cannot be sent says why and holds up no other. */
export async function probeAll(
  requests: readonly ProbeRequest[],
  context: ProbeContext,
): Promise<ProbeResult[]> {
  const resolved = await Promise.all(requests.map((request) => resolveProbe(request, context)));
  const results: ProbeResult[] = [];
  for (let at = 0; at < resolved.length; at += BATCH) {
    const part = resolved.slice(at, at + BATCH);
    const probes = part.flatMap((one) => ('probe' in one ? [one.probe] : []));
    const answers = await answersInTime(context.agent, probes);
    for (const one of part) {
      if ('result' in one) results.push(one.result);
      else results.push(resultOf(one, answers.shift(), context));
    }
  }
  return results;
}

/** What the prober says, or that it says nothing: then it is not known what the network would have said. */
async function answersInTime(
  agent: Agent,
  probes: readonly AgentProbe[],
): Promise<(AgentProbeResult | string)[]> {
  const mostMs = Math.max(0, ...probes.map(({ timeoutMs }) => timeoutMs)) + STARVED_MS;
  const why = `prober starved: it gave no answer within ${mostMs} ms`;
  const answered = new AbortController();
  const silence = sleep(mostMs, undefined, { signal: answered.signal }).then(() =>
    probes.map(() => why),
  );
  try {
    return await Promise.race([sendAll(agent, probes), silence]);
  } finally {
    answered.abort();
  }
}

async function sendAll(
  agent: Agent,
  probes: readonly AgentProbe[],
): Promise<(AgentProbeResult | string)[]> {
  try {
    return await agent.probe(probes);
  } catch (error) {
    if (probes.length <= 1) return probes.map(() => messageOf(error));
    // One that cannot be sent (its namespace just went) must not take the others with it.
    const single = await Promise.all(probes.map((probe) => sendAll(agent, [probe])));
    return single.flat();
  }
}

type Resolved =
  { request: ProbeRequest; probe: AgentProbe } | { request: ProbeRequest; result: ProbeResult };

function resultOf(
  { request, probe }: { request: ProbeRequest; probe: AgentProbe },
  answer: AgentProbeResult | string | undefined,
  context: ProbeContext,
): ProbeResult {
  const base = { request, address: probe.address };
  if (answer === undefined || typeof answer === 'string') {
    return { ...base, cause: 'unknown', tookMs: 0, detail: answer ?? 'the prober gave no answer' };
  }
  const { cause, tookMs, errno, dropped } = answer;
  const droppedBy =
    dropped === undefined ? undefined : context.explainDrop(dropped.netns, dropped.prefix);
  const needsWords = cause === 'unknown' || cause === 'unreachable';
  return {
    ...base,
    cause,
    tookMs,
    ...(droppedBy === undefined ? {} : { droppedBy }),
    ...(needsWords && errno !== undefined ? { detail: errno } : {}),
  };
}

async function resolveProbe(request: ProbeRequest, context: ProbeContext): Promise<Resolved> {
  const fail = (cause: ProbeResult['cause'], detail: string): Resolved => ({
    request,
    result: { request, cause, tookMs: 0, detail },
  });
  try {
    const source = await sourceOf(request.from, context);
    if (source.detail !== undefined) return fail('no-source', source.detail);
    const target: Target = isSamePod(request)
      ? { address: '127.0.0.1' }
      : targetOf(request, context);
    if (target.detail !== undefined) return fail('no-target', target.detail);
    return {
      request,
      probe: {
        netns: source.netns,
        protocol: request.protocol,
        address: target.address,
        port: request.port,
        timeoutMs: request.timeoutMs ?? DEFAULT_TIMEOUT_MS,
        // Servers that know commands only (agnhost's netexec) answer this one too.
        ...(request.protocol === 'UDP' && request.port !== 53 ? { payload: 'hostname\n' } : {}),
      },
    };
  } catch (error) {
    return fail('unknown', messageOf(error));
  }
}

/** A pod asked of itself: the packets never leave its namespace. */
function isSamePod({ from, to }: ProbeRequest): boolean {
  return (
    from.type === 'pod' &&
    to.type === 'pod' &&
    from.name === to.name &&
    from.namespace === to.namespace
  );
}

type Source = { netns: string; detail?: undefined } | { netns?: undefined; detail: string };
type Target = { address: string; detail?: undefined } | { address?: undefined; detail: string };

async function sourceOf(endpoint: Endpoint, context: ProbeContext): Promise<Source> {
  switch (endpoint.type) {
    case 'pod': {
      const pod = context.api.get<PodObject>('pods', endpoint.name, endpoint.namespace);
      if (pod === undefined)
        return { detail: `there is no pod ${endpoint.namespace}/${endpoint.name}` };
      return podSource(pod, context);
    }
    case 'node':
      if (!context.nodes.includes(endpoint.name))
        return { detail: `there is no node ${endpoint.name}` };
      return { netns: nodeNetns(endpoint.name) };
    case 'outside':
      if (context.outside.addressOf(endpoint.name) === undefined) {
        return { detail: `there is no outside host ${endpoint.name}` };
      }
      return { netns: await context.outside.namespaceOf(endpoint.name) };
    case 'address':
      return addressSource(endpoint.address, context);
    case 'service':
      return { detail: 'a Service sends nothing' };
  }
}

function podSource(pod: PodObject, context: ProbeContext): Source {
  const { name, namespace = '', uid } = pod.metadata;
  if (isTerminated(pod)) return { detail: `pod ${namespace}/${name} has ended` };
  if (pod.spec.hostNetwork === true && pod.status?.podIP !== undefined) {
    return { netns: nodeNetns(pod.spec.nodeName ?? '') };
  }
  const link = context.wires.find(uid);
  if (link === undefined || pod.status?.podIP === undefined) {
    return { detail: `pod ${namespace}/${name} has no network yet` };
  }
  return { netns: link.netns };
}

async function addressSource(address: string, context: ProbeContext): Promise<Source> {
  if (address === WORKSTATION_ADDRESS) return { netns: WORKSTATION };
  const host = context.outside.hostOf(address);
  if (host !== undefined) return { netns: await context.outside.namespaceOf(host) };
  const node = context.nodes.find((_, i) => nodeAddress(i) === address);
  if (node !== undefined) return { netns: nodeNetns(node) };
  const pod = context.api.list<PodObject>('pods').find(({ status }) => status?.podIP === address);
  if (pod !== undefined) return podSource(pod, context);
  return { detail: `nobody has the address ${address}` };
}

function targetOf(request: ProbeRequest, context: ProbeContext): Target {
  const { to } = request;
  switch (to.type) {
    case 'pod': {
      const pod = context.api.get<PodObject>('pods', to.name, to.namespace);
      if (pod === undefined) return { detail: `there is no pod ${to.namespace}/${to.name}` };
      const address = pod.status?.podIP;
      if (isTerminated(pod)) return { detail: `pod ${to.namespace}/${to.name} has ended` };
      if (address === undefined)
        return { detail: `pod ${to.namespace}/${to.name} has no address yet` };
      return { address };
    }
    case 'service':
      return serviceTarget(to, request, context);
    case 'node': {
      const index = context.nodes.indexOf(to.name);
      if (index === -1) return { detail: `there is no node ${to.name}` };
      return { address: nodeAddress(index) };
    }
    case 'outside': {
      const address = context.outside.addressOf(to.name);
      if (address === undefined) return { detail: `there is no outside host ${to.name}` };
      return { address };
    }
    case 'address':
      return { address: to.address };
  }
}

function serviceTarget(
  to: { namespace: string; name: string },
  { from }: ProbeRequest,
  context: ProbeContext,
): Target {
  const service = context.api.get<ServiceObject>('services', to.name, to.namespace);
  if (service === undefined) return { detail: `there is no Service ${to.namespace}/${to.name}` };
  const { clusterIP = '', type, externalName } = service.spec;
  if (type === 'ExternalName') {
    return {
      detail: `Service ${to.namespace}/${to.name} is only a name for ${externalName ?? ''}`,
    };
  }
  // From outside, a load balancer's address is the only one that leads anywhere.
  const balanced = service.status?.loadBalancer?.ingress?.[0]?.ip;
  if (from.type === 'outside' && balanced !== undefined) return { address: balanced };
  if (clusterIP === '' || clusterIP === 'None') {
    return { detail: `Service ${to.namespace}/${to.name} has no address of its own (headless)` };
  }
  return { address: clusterIP };
}
