import type { ContainerUsage } from '../../api/usage-source.js';
import { parseAmount } from '../scheduler/pod-requests.js';
import type { Pod } from '../objects.js';
import { isReady } from '../pods.js';

/** Closer to the target than this counts as there. */
const TOLERANCE = 0.1;

export type MeasuredResource = 'cpu' | 'memory';

/** What is wanted of one resource: a share of the pods' requests in percent, or an amount per pod. */
export interface Target {
  resource: MeasuredResource;
  utilization?: number;
  /** Thousandths of a core, or bytes. */
  averageValue?: number;
}

export interface Recommendation {
  replicas: number;
  /** In percent of the requests; undefined where the target is an amount. */
  utilization: number | undefined;
  /** Per pod: thousandths of a core, or bytes. */
  averageValue: number;
}

/** Thrown where the figures do not say how many pods are needed. */
export class NoRecommendationError extends Error {
  override readonly name = 'NoRecommendationError';
}

interface Measured {
  used: number;
  requested: number;
}

/**
 * How many pods bring the measured use to its target. Pods that are not ready or not measured count so that they
 * never make a step larger: as idle when it goes up, as just right when it goes down.
 */
export function recommend(
  target: Target,
  current: { replicas: number; pods: readonly Pod[] },
  usage: ReadonlyMap<string, readonly ContainerUsage[]>,
): Recommendation {
  const measured: Measured[] = [];
  const unmeasured: Measured[] = [];
  for (const pod of current.pods) {
    const requested = target.utilization === undefined ? 0 : requestOf(pod, target.resource);
    const containers = usage.get(pod.metadata.uid);
    if (containers === undefined || !isReady(pod)) unmeasured.push({ used: 0, requested });
    else measured.push({ used: usedBy(containers, target.resource), requested });
  }
  if (measured.length === 0) {
    throw new NoRecommendationError(
      `failed to get ${target.resource} utilization: did not receive metrics for targeted pods (pods might be unready)`,
    );
  }
  const used = sum(measured, 'used');
  const ratio = ratioOf(target, measured);
  const result = {
    utilization:
      target.utilization === undefined
        ? undefined
        : Math.floor((used * 100) / sum(measured, 'requested')),
    averageValue: Math.floor(used / measured.length),
  };
  if (Math.abs(ratio - 1) <= TOLERANCE) return { ...result, replicas: current.replicas };
  if (unmeasured.length === 0) {
    return { ...result, replicas: Math.ceil(ratio * measured.length - 1e-9) };
  }
  const assumed =
    ratio > 1 ? unmeasured : unmeasured.map((pod) => ({ ...pod, used: rightUse(target, pod) }));
  const all = [...measured, ...assumed];
  const careful = ratioOf(target, all);
  const turned = ratio > 1 !== careful > 1;
  if (Math.abs(careful - 1) <= TOLERANCE || turned) {
    return { ...result, replicas: current.replicas };
  }
  const replicas = Math.ceil(careful * all.length - 1e-9);
  const isBackwards = ratio > 1 ? replicas < current.replicas : replicas > current.replicas;
  return { ...result, replicas: isBackwards ? current.replicas : replicas };
}

function ratioOf({ utilization, averageValue = 1 }: Target, pods: readonly Measured[]): number {
  const used = sum(pods, 'used');
  if (utilization === undefined) return used / pods.length / averageValue;
  return (used * 100) / sum(pods, 'requested') / utilization;
}

function rightUse({ utilization, averageValue = 0 }: Target, { requested }: Measured): number {
  return utilization === undefined ? averageValue : requested;
}

function requestOf(pod: Pod, resource: MeasuredResource): number {
  let total = 0;
  for (const { name, resources } of pod.spec?.containers ?? []) {
    const request = resources?.requests?.[resource];
    if (request === undefined) {
      throw new NoRecommendationError(
        `failed to get ${resource} utilization: missing request for ${resource} in container ${name} of Pod ${pod.metadata.name}`,
      );
    }
    total += parseAmount(resource, request);
  }
  return total;
}

function usedBy(containers: readonly ContainerUsage[], resource: MeasuredResource): number {
  let total = 0;
  for (const { nanocores, memoryBytes } of containers) {
    total += resource === 'cpu' ? nanocores / 1e6 : memoryBytes;
  }
  return Math.round(total);
}

function sum(pods: readonly Measured[], field: keyof Measured): number {
  return pods.reduce((total, pod) => total + pod[field], 0);
}
