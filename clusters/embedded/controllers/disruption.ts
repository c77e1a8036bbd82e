import type { ControllerContext } from './context.js';
import { resolve } from './deployment-scale.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { Pod, PodDisruptionBudget } from './objects.js';
import { controllerOf } from './owners.js';
import { isActive, isReady } from './pods.js';
import { matchesSelector } from '../api/selectors/match-labels.js';
import { timestamp } from './times.js';

const BUDGETS = 'poddisruptionbudgets.policy';

/** Says in each PodDisruptionBudget's status how many of its pods may be evicted now. */
export function createDisruptionController(context: ControllerContext): void {
  const { api, cache, catalogue, loop, pods } = context;
  const budgets = cache.informer<PodDisruptionBudget>(BUDGETS);
  const byNamespace = budgets.index((budget) => [namespaceOf(budget)]);
  const queue = loop.queue('disruption-controller', sync);

  budgets.on(({ object }) => {
    queue.add(keyOf(object));
  });
  pods.informer.on((event) => {
    addBudgetsOf(event.object);
    if (event.type === 'MODIFIED') addBudgetsOf(event.previous);
  });

  function addBudgetsOf(pod: Pod): void {
    for (const budget of byNamespace.get(namespaceOf(pod)).values()) {
      if (selects(budget, pod)) queue.add(keyOf(budget));
    }
  }

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const budget = api.get<PodDisruptionBudget>(BUDGETS, name, namespace);
    if (budget === undefined) return;
    const selected = [...pods.byNamespace.get(namespace).values()].filter(
      (pod) => selects(budget, pod) && isActive(pod),
    );
    const { expected, desired } = expectation(budget, selected);
    const healthy = selected.filter(isReady).length;
    const allowed = expected === 0 ? 0 : Math.max(0, healthy - desired);
    const enough = allowed > 0;
    const now = timestamp(api.now());
    api.update<PodDisruptionBudget>(
      BUDGETS,
      { ...locate(budget), subresource: 'status' },
      (draft) => {
        const known = draft.status?.conditions?.find(({ type }) => type === 'DisruptionAllowed');
        const status = enough ? 'True' : 'False';
        draft.status = {
          ...(draft.status?.disruptedPods && { disruptedPods: draft.status.disruptedPods }),
          observedGeneration: budget.metadata.generation ?? 0,
          currentHealthy: healthy,
          desiredHealthy: desired,
          disruptionsAllowed: allowed,
          expectedPods: expected,
          conditions: [
            {
              type: 'DisruptionAllowed',
              status,
              observedGeneration: budget.metadata.generation ?? 0,
              lastTransitionTime: known?.status === status ? known.lastTransitionTime : now,
              reason: enough ? 'SufficientPods' : 'InsufficientPods',
              message: '',
            },
          ],
        };
      },
    );
  }

  function expectation(
    budget: PodDisruptionBudget,
    selected: readonly Pod[],
  ): { expected: number; desired: number } {
    const { minAvailable, maxUnavailable } = budget.spec ?? {};
    if (maxUnavailable !== undefined) {
      const expected = expectedByOwners(selected);
      return {
        expected,
        desired: Math.max(0, expected - resolve(maxUnavailable, expected, Math.ceil)),
      };
    }
    if (typeof minAvailable === 'string' && minAvailable.endsWith('%')) {
      const expected = expectedByOwners(selected);
      return { expected, desired: resolve(minAvailable, expected, Math.ceil) };
    }
    return { expected: selected.length, desired: Number(minAvailable ?? 0) };
  }

  /** What the pods' owners are scaled to; a pod alone counts for itself. */
  function expectedByOwners(selected: readonly Pod[]): number {
    const owners = new Map<string, number>();
    for (const pod of selected) {
      const owner = controllerOf(pod);
      owners.set(owner?.uid ?? pod.metadata.uid, owner === undefined ? 1 : scaleOf(pod));
    }
    let expected = 0;
    for (const scale of owners.values()) expected += scale;
    return expected;
  }

  function scaleOf(pod: Pod): number {
    const owner = controllerOf(pod);
    if (owner === undefined) return 1;
    const resource = catalogue.find(owner.apiVersion, owner.kind);
    if (resource === undefined) return 1;
    const spec = api.get(resource.name, owner.name, namespaceOf(pod))?.['spec'];
    const replicas =
      typeof spec === 'object' && spec !== null && 'replicas' in spec ? spec.replicas : undefined;
    return typeof replicas === 'number' ? replicas : 1;
  }
}

function selects(budget: PodDisruptionBudget, pod: Pod): boolean {
  return matchesSelector(budget.spec?.selector, pod.metadata.labels);
}
