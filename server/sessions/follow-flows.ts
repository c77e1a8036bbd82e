import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../../clusters/provider.js';
import { messageOf } from '../../common/errors.js';
import { flowId, type ObservedFlow } from '../../common/flow.js';
import type { Logger } from '../../common/logger.js';
import { MOST_FLOWS_SHOWN, type FlowsEvent } from '../../common/page-events.js';
import type { LiveLab } from './live-lab.js';
import type { Topic } from './topic.js';

/** Flows come one by one, and a page draws them together. */
const GATHER_MS = 250;
/** After a stream that ended for no reason that the lab's state tells. */
const AGAIN_MS = 1000;

export interface FollowFlowsOptions {
  /** The learner's run of the lab, as it is now. */
  find: () => Pick<LiveLab, 'state' | 'cluster'> | undefined;
  /** Something about running labs changed: it is worth to look again. */
  changes: Topic<undefined>;
  signal: AbortSignal;
  logger: Logger;
  tell: (event: FlowsEvent) => void;
}

/**
 * Tells a page the flows of a lab's cluster, through resets and new starts, until the signal; never rejects. The
 * platform's own probes are left out: they would tell what graders look at.
 */
export async function followFlows(options: FollowFlowsOptions): Promise<void> {
  const { signal, logger } = options;
  while (!signal.aborted) {
    await followOnce(options).catch((error: unknown) => {
      if (!signal.aborted) logger.warn('flows could not be told', { error: messageOf(error) });
    });
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Resolves when there is reason to look again. */
async function followOnce(options: FollowFlowsOptions): Promise<void> {
  const { find, changes, signal, tell } = options;
  const live = find();
  if (live?.state !== 'ready') {
    tell({ type: 'none', reason: 'Flows are shown as soon as the cluster is ready.' });
    await nextOf(changes, signal);
    return;
  }
  const cluster = await live.cluster();
  if (cluster.flows !== undefined) {
    await followCluster(cluster.flows.bind(cluster), options);
    return;
  }
  tell({ type: 'none', reason: `Clusters of ${cluster.info.provider} keep no record of flows.` });
  await nextOf(changes, signal);
}

/** Resolves when the cluster's network ends, as with a reset. */
async function followCluster(
  flows: NonNullable<Cluster['flows']>,
  { signal, tell }: FollowFlowsOptions,
): Promise<void> {
  const gathered = new Map<string, ObservedFlow>();
  let fresh = true;
  const flush = (): void => {
    if (gathered.size === 0 && !fresh) return;
    tell({ type: 'flows', flows: [...gathered.values()], fresh });
    gathered.clear();
    fresh = false;
  };
  const timer = setInterval(flush, GATHER_MS);
  try {
    await flows({
      signal,
      onFlow: (flow) => {
        if (flow.isProbe) return;
        const id = flowId(flow);
        gathered.delete(id);
        gathered.set(id, flow);
        const [oldest] = gathered.keys();
        if (gathered.size > MOST_FLOWS_SHOWN && oldest !== undefined) gathered.delete(oldest);
      },
    });
  } finally {
    clearInterval(timer);
    if (!signal.aborted) flush();
  }
}

function nextOf(topic: Topic<undefined>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      subscription[Symbol.dispose]();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const subscription = topic.subscribe(done);
    signal.addEventListener('abort', done, { once: true });
  });
}
