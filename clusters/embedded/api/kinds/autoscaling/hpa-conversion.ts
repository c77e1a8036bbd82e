import { tryParseJson } from '../../json/parse-json.js';
import type { Json, JsonObject } from '../../../../../common/json.js';
import { isJsonObject } from '../../../../../common/json.js';
import type { KubeObject } from '../../cluster-api.js';

const OTHER_METRICS = 'autoscaling.alpha.kubernetes.io/metrics';
const BEHAVIOR = 'autoscaling.alpha.kubernetes.io/behavior';
const CONDITIONS = 'autoscaling.alpha.kubernetes.io/conditions';

/** An autoscaler of autoscaling/v1 as v2 keeps it; what v1 cannot say waits in annotations. */
export function fromV1(object: KubeObject): KubeObject {
  const { targetCPUUtilizationPercentage: percent, ...spec } = plain(object['spec']);
  const { currentCPUUtilizationPercentage: measured, ...status } = plain(object['status']);
  const {
    [OTHER_METRICS]: others,
    [BEHAVIOR]: behavior,
    [CONDITIONS]: conditions,
    ...annotations
  } = object.metadata.annotations ?? {};
  const metrics: Json[] = parseList(others);
  if (typeof percent === 'number') {
    metrics.unshift({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } },
    });
  }
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(object, annotations),
    spec: {
      ...spec,
      ...(metrics.length > 0 && { metrics }),
      ...(behavior !== undefined && { behavior: jsonIn(behavior) }),
    },
    status: {
      ...status,
      ...(typeof measured === 'number' && {
        currentMetrics: [
          {
            type: 'Resource',
            resource: { name: 'cpu', current: { averageUtilization: measured } },
          },
        ],
      }),
      ...(conditions !== undefined && { conditions: jsonIn(conditions) }),
    },
  };
}

/** An autoscaler of autoscaling/v2 as v1 shows it. */
export function toV1(object: KubeObject): KubeObject {
  const { metrics = [], behavior, ...spec } = plain(object['spec']);
  const { currentMetrics = [], conditions, ...status } = plain(object['status']);
  const list = Array.isArray(metrics) ? metrics : [];
  const cpu = list.find((metric) => cpuPercent(metric, 'target') !== undefined);
  const others = list.filter((metric) => metric !== cpu);
  const measured = (Array.isArray(currentMetrics) ? currentMetrics : [])
    .map((metric) => cpuPercent(metric, 'current'))
    .find((percent) => percent !== undefined);
  const annotations = {
    ...object.metadata.annotations,
    ...(others.length > 0 && { [OTHER_METRICS]: JSON.stringify(others) }),
    ...(behavior !== undefined && { [BEHAVIOR]: JSON.stringify(behavior) }),
    ...(conditions !== undefined && { [CONDITIONS]: JSON.stringify(conditions) }),
  };
  return {
    ...object,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(object, annotations),
    spec: {
      ...spec,
      ...(cpu !== undefined && { targetCPUUtilizationPercentage: cpuPercent(cpu, 'target') }),
    },
    status: {
      ...status,
      ...(measured !== undefined && { currentCPUUtilizationPercentage: measured }),
    },
  };
}

function withAnnotations(
  object: KubeObject,
  annotations: Record<string, string>,
): KubeObject['metadata'] {
  const { annotations: _old, ...metadata } = object.metadata;
  return Object.keys(annotations).length === 0 ? metadata : { ...metadata, annotations };
}

function cpuPercent(metric: unknown, part: 'target' | 'current'): number | undefined {
  const resource = isJsonObject(metric) ? metric['resource'] : undefined;
  if (!isJsonObject(resource) || resource['name'] !== 'cpu') return undefined;
  const amount = resource[part];
  const percent = isJsonObject(amount) ? amount['averageUtilization'] : undefined;
  return typeof percent === 'number' ? percent : undefined;
}

function plain(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function parseList(text: string | undefined): Json[] {
  const value = text === undefined ? undefined : jsonIn(text);
  return Array.isArray(value) ? value : [];
}

/** An annotation that somebody spoiled counts as absent. */
function jsonIn(text: string): Json | undefined {
  const value = tryParseJson(text);
  return isJsonObject(value) || isList(value) ? value : undefined;
}

function isList(value: unknown): value is Json[] {
  return Array.isArray(value);
}
