import type { UsageReport, UsageSource } from '../../api/usage-source.js';
import type { ControllerContext } from '../context.js';
import { keyOf, locate, namespaceOf, parseKey } from '../keys.js';
import type { HorizontalPodAutoscaler } from '../objects.js';
import { isActive } from '../pods.js';
import { matchesSelector } from '../../api/selectors/match-labels.js';
import { timestamp } from '../times.js';
import { decide } from './decide.js';
import type { Condition, Decision } from './decide.js';
import type { History } from './limit.js';
import { findScaleTarget } from './scale-target.js';
import type { ScaleTarget } from './scale-target.js';

const AUTOSCALERS = 'horizontalpodautoscalers.autoscaling';
const COMPONENT = 'horizontal-pod-autoscaler';
/** As often as a real controller looks; nobody looks while there is no autoscaler. */
const EVERY_MS = 15_000;
const TICK = 'tick';
const HOUR_MS = 3_600_000;

/** Scales what HorizontalPodAutoscalers refer to by what its pods use. */
export function createHorizontalPodAutoscaler(
  context: ControllerContext,
  usage: UsageSource | undefined,
): void {
  const { api, cache, loop, pods } = context;
  const histories = new Map<string, History>();
  let report: UsageReport | undefined;
  const queue = loop.queue(COMPONENT, sync);
  const clock = loop.queue(`${COMPONENT}-clock`, tick);

  cache.informer<HorizontalPodAutoscaler>(AUTOSCALERS).on((event) => {
    if (event.type === 'DELETED') histories.delete(keyOf(event.object));
    else if (event.type === 'ADDED' || isNewSpec(event.previous, event.object)) clock.add(TICK);
  });

  function tick(): void {
    if (api.list(AUTOSCALERS).length === 0) return;
    clock.addAfter(TICK, EVERY_MS);
    const measured = usage?.usage() ?? Promise.resolve(undefined);
    void measured
      .catch(() => undefined)
      .then((next) => {
        report = next;
        for (const autoscaler of api.list(AUTOSCALERS)) queue.add(keyOf(autoscaler));
      });
  }

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const autoscaler = api.get<HorizontalPodAutoscaler>(AUTOSCALERS, name, namespace);
    const spec = autoscaler?.spec;
    if (autoscaler === undefined || spec === undefined) return;
    const target = findScaleTarget(context, autoscaler);
    if (target === undefined) {
      const message = `the HPA controller was unable to get the target's current scale: ${nameOf(autoscaler)} not found`;
      warn(autoscaler, { reason: 'FailedGetScale', message: `${nameOf(autoscaler)} not found` });
      writeConditions(autoscaler, [
        { type: 'AbleToScale', status: 'False', reason: 'FailedGetScale', message },
      ]);
      return;
    }
    const history = histories.get(key) ?? { recommendations: [], changes: [] };
    histories.set(key, history);
    const decision = decide({
      spec,
      replicas: target.replicas,
      pods: [...pods.byNamespace.get(namespaceOf(autoscaler)).values()].filter(
        (pod) => isActive(pod) && matchesSelector(target.selector, pod.metadata.labels),
      ),
      report,
      history,
      now: api.now(),
    });
    carryOut(autoscaler, { decision, target, history });
  }

  function carryOut(
    autoscaler: HorizontalPodAutoscaler,
    step: { decision: Decision; target: ScaleTarget; history: History },
  ): void {
    const { decision, target, history } = step;
    const { replicas, why, metrics } = decision;
    for (const warning of decision.warnings) warn(autoscaler, warning);
    const isChange = replicas !== target.replicas;
    const now = api.now();
    if (isChange) {
      target.setReplicas(replicas);
      history.changes = history.changes.filter(({ at }) => at > now - HOUR_MS);
      history.changes.push({ at: now, by: replicas - target.replicas });
      api.event(autoscaler, {
        type: 'Normal',
        reason: 'SuccessfulRescale',
        message: `New size: ${replicas}; reason: ${why}`,
        component: COMPONENT,
      });
    }
    writeConditions(autoscaler, decision.conditions, (draft) => {
      draft.status = {
        ...draft.status,
        conditions: draft.status?.conditions ?? [],
        currentReplicas: target.replicas,
        desiredReplicas: replicas,
        ...(metrics !== undefined && { currentMetrics: metrics }),
        ...(isChange && { lastScaleTime: timestamp(now) }),
      };
    });
  }

  function writeConditions(
    autoscaler: HorizontalPodAutoscaler,
    conditions: readonly Condition[],
    change: (draft: HorizontalPodAutoscaler) => void = () => undefined,
  ): void {
    const key = { ...locate(autoscaler), subresource: 'status' as const };
    api.update<HorizontalPodAutoscaler>(AUTOSCALERS, key, (draft) => {
      change(draft);
      const before = draft.status?.conditions ?? [];
      const lastTransitionTime = timestamp(api.now());
      draft.status = {
        currentReplicas: 0,
        desiredReplicas: 0,
        ...draft.status,
        conditions: [
          ...before.filter(({ type }) => !conditions.some((one) => one.type === type)),
          ...conditions.map((condition) => {
            const known = before.find(({ type }) => type === condition.type);
            return {
              ...condition,
              lastTransitionTime:
                known?.status === condition.status
                  ? (known.lastTransitionTime ?? lastTransitionTime)
                  : lastTransitionTime,
            };
          }),
        ].sort((a, b) => (a.type < b.type ? -1 : 1)),
      };
    });
  }

  function warn(
    autoscaler: HorizontalPodAutoscaler,
    warning: { reason: string; message: string },
  ): void {
    api.event(autoscaler, { type: 'Warning', ...warning, component: COMPONENT });
  }
}

function isNewSpec(before: HorizontalPodAutoscaler, now: HorizontalPodAutoscaler): boolean {
  return JSON.stringify(before.spec) !== JSON.stringify(now.spec);
}

/** As a real server names what it does not find. */
function nameOf({ spec }: HorizontalPodAutoscaler): string {
  const { apiVersion = '', kind = '', name = '' } = spec?.scaleTargetRef ?? {};
  const group = apiVersion.includes('/') ? `.${apiVersion.split('/')[0] ?? ''}` : '';
  return `${kind.toLowerCase()}s${group} ${JSON.stringify(name)}`;
}
