import { valueAt } from '../../../../common/json.js';
import { ApiError, notFound } from '../api-error.js';
import type { KubeObject } from '../cluster-api.js';
import { tidyMeta, timestamp } from '../registry/object-meta.js';
import type { ContainerUsage, UsageReport } from '../usage-source.js';
import type { ResourceContext } from './context.js';
import { parseSelection, selects } from './listing.js';
import { parseListOptions } from './options.js';
import { sendList, sendObject } from './reading.js';

const GROUP = 'metrics.k8s.io';

export function isMetrics(group: string): boolean {
  return group === GROUP;
}

/** `kubectl top`: what pods and nodes use now, put together from a measurement of their processes. */
export async function handleMetrics(context: ResourceContext): Promise<void> {
  const { target, served, server } = context;
  const source = server.usage();
  if (source === undefined) {
    throw new ApiError(503, 'ServiceUnavailable', {
      message: 'the server is currently unable to handle the request',
      details: {},
    });
  }
  const report = await source.usage();
  const all =
    target.plural === 'nodes' ? nodeMetrics(context, report) : podMetrics(context, report);
  if (target.name !== '') {
    const found = all.find(
      ({ metadata }) => metadata.name === target.name && metadata.namespace === target.namespace,
    );
    if (found === undefined) {
      const name =
        target.namespace === undefined ? target.name : `${target.namespace}/${target.name}`;
      throw notFound({ group: GROUP, plural: served.definition.kind.toLowerCase() }, name);
    }
    sendObject(context, 200, found);
    return;
  }
  const options = parseListOptions(context.query, false);
  const selection = parseSelection(served.definition, options, target.namespace);
  sendList(context, {
    objects: all.filter((object) => selects(selection, object)),
    revision: server.api.store.revision,
    continueToken: '',
    remaining: undefined,
  });
}

function podMetrics(context: ResourceContext, report: UsageReport): KubeObject[] {
  return context.server.api.list('pods').flatMap((pod) => {
    const containers = report.pods.get(pod.metadata.uid);
    if (containers === undefined) return [];
    return [
      metricsOf(pod, 'PodMetrics', {
        report,
        usage: {
          containers: containers.map((one) => ({ name: one.name, usage: quantities([one]) })),
        },
      }),
    ];
  });
}

function nodeMetrics(context: ResourceContext, report: UsageReport): KubeObject[] {
  const { api } = context.server;
  const byNode = new Map<string, ContainerUsage[]>();
  for (const pod of api.list('pods')) {
    const node = valueAt(pod, ['spec', 'nodeName']);
    if (typeof node !== 'string') continue;
    byNode.set(node, [...(byNode.get(node) ?? []), ...(report.pods.get(pod.metadata.uid) ?? [])]);
  }
  return api.list('nodes').map((node) =>
    metricsOf(node, 'NodeMetrics', {
      report,
      usage: { usage: quantities(byNode.get(node.metadata.name) ?? []) },
    }),
  );
}

function metricsOf(
  object: KubeObject,
  kind: string,
  measured: { report: UsageReport; usage: object },
): KubeObject {
  const { name, namespace, labels } = object.metadata;
  const { at, windowMs } = measured.report;
  const time = timestamp(at);
  const metadata = tidyMeta({ name, namespace, labels, creationTimestamp: time });
  // What is never stored has neither.
  Reflect.deleteProperty(metadata, 'uid');
  Reflect.deleteProperty(metadata, 'resourceVersion');
  return {
    kind,
    apiVersion: `${GROUP}/v1beta1`,
    metadata,
    timestamp: time,
    window: `${(windowMs / 1000).toFixed(3)}s`,
    ...measured.usage,
  };
}

function quantities(containers: readonly ContainerUsage[]): { cpu: string; memory: string } {
  let nanocores = 0;
  let bytes = 0;
  for (const one of containers) {
    nanocores += one.nanocores;
    bytes += one.memoryBytes;
  }
  return {
    cpu: nanocores === 0 ? '0' : `${nanocores}n`,
    memory: bytes === 0 ? '0' : `${Math.ceil(bytes / 1024)}Ki`,
  };
}
