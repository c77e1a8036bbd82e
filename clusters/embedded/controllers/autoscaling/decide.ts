import type {
  HorizontalPodAutoscalerSpec,
  HorizontalPodAutoscalerStatus,
  MetricSpec,
} from 'kubernetes-types/autoscaling/v2.js';
import type { UsageReport } from '../../api/usage-source.js';
import type { Pod } from '../objects.js';
import { parseAmount } from '../scheduler/pod-requests.js';
import { limitStep } from './limit.js';
import type { History } from './limit.js';
import { NoRecommendationError, recommend } from './recommend.js';
import type { MeasuredResource, Recommendation, Target } from './recommend.js';

type MetricStatus = NonNullable<HorizontalPodAutoscalerStatus['currentMetrics']>[number];

export interface Condition {
  type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';
  status: 'True' | 'False';
  reason: string;
  message: string;
}

/** What an autoscaler comes to: the number of replicas, why, and what its status is to say. */
export interface Decision {
  replicas: number;
  /** For the event, where the number changes. */
  why: string;
  conditions: Condition[];
  /** Undefined leaves those of before. */
  metrics: MetricStatus[] | undefined;
  warnings: { reason: string; message: string }[];
}

export interface Situation {
  spec: HorizontalPodAutoscalerSpec;
  replicas: number;
  pods: readonly Pod[];
  /** Undefined where nobody measures. */
  report: UsageReport | undefined;
  history: History;
  now: number;
}

/** Decides without doing anything but remembering the recommendation in the history. */
export function decide(situation: Situation): Decision {
  const { spec, replicas } = situation;
  const { minReplicas = 1, maxReplicas } = spec;
  const stay: Decision = { replicas, why: '', conditions: [], metrics: undefined, warnings: [] };
  if (replicas === 0 && minReplicas !== 0) {
    const message = 'scaling is disabled since the replica count of the target is zero';
    return {
      ...stay,
      conditions: [{ type: 'ScalingActive', status: 'False', reason: 'ScalingDisabled', message }],
    };
  }
  if (replicas > maxReplicas) {
    const why = 'Current number of replicas above Spec.MaxReplicas';
    return { ...stay, replicas: maxReplicas, why, conditions: [rescaled(maxReplicas)] };
  }
  if (replicas < minReplicas) {
    const why = 'Current number of replicas below Spec.MinReplicas';
    return { ...stay, replicas: minReplicas, why, conditions: [rescaled(minReplicas)] };
  }
  return byMetrics(situation, { stay, minReplicas });
}

function byMetrics(
  situation: Situation,
  { stay, minReplicas }: { stay: Decision; minReplicas: number },
): Decision {
  const { spec, replicas, history, now } = situation;
  const { best, metrics, faults } = measure(situation);
  const [fault] = faults;
  // Some figures missing: up is still safe, down is not.
  if (best === undefined || (fault !== undefined && best.replicas <= replicas)) {
    const why = `failed to get resource metric value: ${fault ?? ''}`;
    const all = `invalid metrics (${faults.length} invalid out of ${spec.metrics?.length ?? 0}), first error is: ${why}`;
    return {
      ...stay,
      metrics,
      conditions: [
        matching(),
        {
          type: 'ScalingActive',
          status: 'False',
          reason: 'FailedGetResourceMetric',
          message: `the HPA was unable to compute the replica count: ${why}`,
        },
      ],
      warnings: [
        ...faults.map((message) => ({ reason: 'FailedGetResourceMetric', message })),
        { reason: 'FailedComputeMetricsReplicas', message: all },
      ],
    };
  }
  const step = { current: replicas, recommended: best.replicas, now };
  const limited = limitStep(step, spec.behavior, history);
  const wanted = Math.max(minReplicas, Math.min(spec.maxReplicas, limited.replicas));
  return {
    replicas: wanted,
    why: wanted > replicas ? `${best.words} above target` : 'All metrics below target',
    metrics,
    warnings: [],
    conditions: [
      wanted !== replicas ? rescaled(wanted) : limited.stabilized ? stabilized() : matching(),
      {
        type: 'ScalingActive',
        status: 'True',
        reason: 'ValidMetricFound',
        message: `the HPA was able to successfully calculate a replica count from ${best.words}`,
      },
      bounded(limited.replicas, { min: minReplicas, max: spec.maxReplicas }),
    ],
  };
}

/** The largest recommendation of all metrics, and what is wrong with those that give none. */
function measure({ spec, replicas, pods, report }: Situation): {
  best: (Recommendation & { words: string }) | undefined;
  metrics: MetricStatus[];
  faults: string[];
} {
  let best: (Recommendation & { words: string }) | undefined;
  const metrics: MetricStatus[] = [];
  const faults: string[] = [];
  for (const metric of spec.metrics ?? []) {
    try {
      const target = targetOf(metric);
      if (report === undefined) {
        throw new NoRecommendationError(
          `unable to get metrics for resource ${target.resource}: no metrics returned from resource metrics API`,
        );
      }
      const found = recommend(target, { replicas, pods }, report.pods);
      metrics.push(statusOf(target, found));
      if (best === undefined || found.replicas > best.replicas) {
        best = { ...found, words: wordsOf(target) };
      }
    } catch (error) {
      if (!(error instanceof NoRecommendationError)) throw error;
      faults.push(error.message);
    }
  }
  return { best, metrics, faults };
}

function targetOf({ type, resource }: MetricSpec): Target {
  if (type !== 'Resource' || (resource?.name !== 'cpu' && resource?.name !== 'memory')) {
    throw new NoRecommendationError(
      `metrics of type ${type} are not available in this cluster (there are cpu and memory)`,
    );
  }
  const { averageUtilization, averageValue } = resource.target;
  const name: MeasuredResource = resource.name;
  if (averageUtilization !== undefined) return { resource: name, utilization: averageUtilization };
  return { resource: name, averageValue: parseAmount(name, averageValue ?? '0') };
}

function statusOf(target: Target, { utilization, averageValue }: Recommendation): MetricStatus {
  const { resource } = target;
  return {
    type: 'Resource',
    resource: {
      name: resource,
      current: {
        averageValue: resource === 'cpu' ? `${averageValue}m` : String(averageValue),
        ...(utilization !== undefined && { averageUtilization: utilization }),
      },
    },
  };
}

function wordsOf({ resource, utilization }: Target): string {
  return utilization === undefined
    ? `${resource} resource`
    : `${resource} resource utilization (percentage of request)`;
}

function rescaled(replicas: number): Condition {
  const message = `the HPA controller was able to update the target scale to ${replicas}`;
  return { type: 'AbleToScale', status: 'True', reason: 'SucceededRescale', message };
}

function matching(): Condition {
  const message = 'recommended size matches current size';
  return { type: 'AbleToScale', status: 'True', reason: 'ReadyForNewScale', message };
}

function stabilized(): Condition {
  const message =
    'recent recommendations were higher than current one, applying the highest recent recommendation';
  return { type: 'AbleToScale', status: 'True', reason: 'ScaleDownStabilized', message };
}

function bounded(replicas: number, { min, max }: { min: number; max: number }): Condition {
  const type = 'ScalingLimited';
  if (replicas > max) {
    const message = 'the desired replica count is more than the maximum replica count';
    return { type, status: 'True', reason: 'TooManyReplicas', message };
  }
  if (replicas < min) {
    const message = 'the desired replica count is less than the minimum replica count';
    return { type, status: 'True', reason: 'TooFewReplicas', message };
  }
  const message = 'the desired count is within the acceptable range';
  return { type, status: 'False', reason: 'DesiredWithinRange', message };
}
