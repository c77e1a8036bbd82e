import { messageOf } from '../../../common/errors.js';
import { isJsonObject, valueAt } from '../../../common/json.js';
import type { ControllerContext } from './context.js';
import { createRevisionHistory } from './controller-revisions.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { Pod, PodTemplateSpec, StatefulSet } from './objects.js';
import { controllerOf } from './owners.js';
import { claimPods, isWorthTelling, retryUnlessTerminating } from './pod-control.js';
import { availableInMs, isFinished, isReady } from './pods.js';
import { matchesSelector } from '../api/selectors/match-labels.js';
import { claimsOf, ordinalOf, REVISION_LABEL, statefulPod } from './stateful-set-pods.js';

const COMPONENT = 'statefulset-controller';
const STATEFUL_SETS = 'statefulsets.apps';

/** The revisions that matter to one sync, and what each ordinal has. */
interface State {
  pods: Map<number, Pod>;
  first: number;
  /** The ordinal after the last wanted one. */
  end: number;
  currentRevision: string;
  updateRevision: string;
  /** One pod at a time, the next only when the last is ready. */
  ordered: boolean;
}

/** Keeps pods with stable names, in order. */
export function createStatefulSetController(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const sets = cache.informer<StatefulSet>(STATEFUL_SETS);
  const byNamespace = sets.index((set) => [namespaceOf(set)]);
  const history = createRevisionHistory(context);
  const queue = loop.queue(COMPONENT, sync);

  sets.on(({ object }) => {
    queue.add(keyOf(object));
  });
  pods.informer.on(({ object }) => {
    const owner = controllerOf(object);
    if (owner !== undefined) {
      if (owner.kind === 'StatefulSet') queue.add(`${namespaceOf(object)}/${owner.name}`);
      return;
    }
    for (const set of byNamespace.get(namespaceOf(object)).values()) {
      if (isMember(set, object)) queue.add(keyOf(set));
    }
  });

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const set = api.get<StatefulSet>(STATEFUL_SETS, name, namespace);
    if (set === undefined || set.metadata.deletionTimestamp !== undefined) return;
    const state = stateOf(set);
    let failure: unknown;
    try {
      if (fill(set, state) && shrink(set, state)) update(set, state);
    } catch (error) {
      failure = error;
    }
    updateStatus(set, state);
    history.cleanUp(set, {
      limit: set.spec?.revisionHistoryLimit ?? 10,
      inUse: new Set([
        state.currentRevision,
        state.updateRevision,
        ...[...state.pods.values()].map((pod) => pod.metadata.labels?.[REVISION_LABEL] ?? ''),
      ]),
    });
    retryUnlessTerminating(failure);
  }

  function stateOf(set: StatefulSet): State {
    const { name } = history.current(set, {
      template: set.spec?.template,
      collisionCount: set.status?.collisionCount,
      hashLabel: 'controller.kubernetes.io/hash',
    });
    const members = new Map<number, Pod>();
    for (const pod of claimPods(context, set, (candidate) => isMember(set, candidate))) {
      members.set(ordinalOf(set, pod) ?? 0, pod);
    }
    const first = startOf(set);
    const known = set.status?.currentRevision ?? '';
    return {
      pods: members,
      first,
      end: first + (set.spec?.replicas ?? 1),
      currentRevision: history.get(set, known) === undefined ? name : known,
      updateRevision: name,
      ordered: set.spec?.podManagementPolicy !== 'Parallel',
    };
  }

  /** Makes the wanted pods, lowest first. False where the rest has to wait. */
  function fill(set: StatefulSet, state: State): boolean {
    for (let ordinal = state.first; ordinal < state.end; ordinal += 1) {
      const pod = state.pods.get(ordinal);
      if (pod !== undefined && isFinished(pod)) {
        replaceFinished(set, pod);
        return false;
      }
      if (pod === undefined) {
        state.pods.set(ordinal, create(set, { ordinal, state }));
        if (state.ordered) return false;
        continue;
      }
      if (state.ordered && !isHealthy(set, pod)) return false;
    }
    return true;
  }

  /** Removes what is beyond the wanted number, highest first. */
  function shrink(set: StatefulSet, state: State): boolean {
    const surplus = [...state.pods.entries()]
      .filter(([ordinal]) => ordinal < state.first || ordinal >= state.end)
      .sort(([a], [b]) => b - a);
    for (const [, pod] of surplus) {
      if (pod.metadata.deletionTimestamp === undefined) remove(set, pod);
      if (state.ordered) return false;
    }
    return true;
  }

  /** Replaces pods of an older revision, highest first, one at a time. */
  function update(set: StatefulSet, state: State): void {
    if (set.spec?.updateStrategy?.type === 'OnDelete') return;
    const partition = set.spec?.updateStrategy?.rollingUpdate?.partition ?? 0;
    for (let ordinal = state.end - 1; ordinal >= Math.max(state.first, partition); ordinal -= 1) {
      const pod = state.pods.get(ordinal);
      if (pod === undefined) continue;
      if (
        revisionOf(pod) !== state.updateRevision &&
        pod.metadata.deletionTimestamp === undefined
      ) {
        remove(set, pod);
        return;
      }
      if (!isHealthy(set, pod)) return;
    }
  }

  function create(set: StatefulSet, options: { ordinal: number; state: State }): Pod {
    const { ordinal, state } = options;
    const revision = revisionFor(set, options);
    const pod = statefulPod(set, {
      ordinal,
      revision,
      template: revision === state.updateRevision ? set.spec?.template : templateOf(set, revision),
    });
    const name = pod.metadata.name ?? '';
    try {
      for (const { claim } of claimsOf(set, ordinal)) ensureClaim(set, { claim, pod: name });
      return context.podMaker.make(pod, {
        owner: set,
        component: COMPONENT,
        made: () => {
          tell(
            set,
            'SuccessfulCreate',
            `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
          );
        },
      });
    } catch (error) {
      if (isWorthTelling(error)) {
        const why = `create Pod ${name} in StatefulSet ${set.metadata.name} failed error: ${messageOf(error)}`;
        api.event(set, {
          type: 'Warning',
          reason: 'FailedCreate',
          message: why,
          component: COMPONENT,
        });
      }
      throw error;
    }
  }

  function ensureClaim(
    set: StatefulSet,
    options: { claim: Parameters<typeof api.create>[1]; pod: string },
  ): void {
    const { claim, pod } = options;
    const name = claim.metadata.name ?? '';
    if (api.get('persistentvolumeclaims', name, namespaceOf(set)) !== undefined) return;
    api.create('persistentvolumeclaims', claim);
    tell(
      set,
      'SuccessfulCreate',
      `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`,
    );
  }

  function remove(set: StatefulSet, pod: Pod): void {
    api.delete('pods', { ...locate(pod), uid: pod.metadata.uid });
    const { name } = pod.metadata;
    tell(
      set,
      'SuccessfulDelete',
      `delete Pod ${name} in StatefulSet ${set.metadata.name} successful`,
    );
  }

  function replaceFinished(set: StatefulSet, pod: Pod): void {
    if (pod.metadata.deletionTimestamp !== undefined) return;
    api.event(set, {
      type: 'Warning',
      reason: 'RecreatingFailedPod',
      message: `StatefulSet ${keyOf(set)} is recreating failed Pod ${pod.metadata.name}`,
      component: COMPONENT,
    });
    remove(set, pod);
  }

  function tell(set: StatefulSet, reason: string, message: string): void {
    api.event(set, { type: 'Normal', reason, message, component: COMPONENT });
  }

  function templateOf(set: StatefulSet, revision: string): PodTemplateSpec | undefined {
    const stored = valueAt(history.get(set, revision)?.data, ['spec', 'template']);
    if (!isJsonObject(stored)) return set.spec?.template;
    const { $patch: _, ...template } = stored;
    return template;
  }

  function isHealthy(set: StatefulSet, pod: Pod): boolean {
    if (pod.metadata.deletionTimestamp !== undefined) return false;
    return isAvailable(set, pod);
  }

  function isAvailable(set: StatefulSet, pod: Pod): boolean {
    const inMs = availableInMs(pod, { minReadySeconds: set.spec?.minReadySeconds, now: api.now() });
    if (inMs !== undefined && inMs > 0) queue.addAfter(keyOf(set), inMs);
    return inMs === 0;
  }

  function updateStatus(set: StatefulSet, state: State): void {
    const all = [...state.pods.values()].filter((pod) => !isFinished(pod));
    const alive = all.filter((pod) => pod.metadata.deletionTimestamp === undefined);
    const updated = alive.filter((pod) => revisionOf(pod) === state.updateRevision).length;
    const ready = all.filter(isReady).length;
    const done =
      updated === all.length && ready === all.length && all.length === state.end - state.first;
    const currentRevision = done ? state.updateRevision : state.currentRevision;
    const current = alive.filter((pod) => revisionOf(pod) === currentRevision).length;
    api.update<StatefulSet>(STATEFUL_SETS, { ...locate(set), subresource: 'status' }, (draft) => {
      draft.status = {
        observedGeneration: set.metadata.generation ?? 0,
        replicas: all.length,
        ...(ready > 0 && { readyReplicas: ready }),
        ...(current > 0 && { currentReplicas: current }),
        ...(updated > 0 && { updatedReplicas: updated }),
        currentRevision,
        updateRevision: state.updateRevision,
        collisionCount: draft.status?.collisionCount ?? 0,
        availableReplicas: all.filter((pod) => isAvailable(set, pod)).length,
      };
    });
  }
}

/** Below the partition, and while an update has not come so far, a lost pod comes back as it was. */
function revisionFor(set: StatefulSet, options: { ordinal: number; state: State }): string {
  const { ordinal, state } = options;
  const strategy = set.spec?.updateStrategy;
  if (strategy?.type === 'OnDelete') return state.updateRevision;
  const partition = strategy?.rollingUpdate?.partition ?? 0;
  return ordinal < partition ? state.currentRevision : state.updateRevision;
}

function revisionOf(pod: Pod): string | undefined {
  return pod.metadata.labels?.[REVISION_LABEL];
}

function isMember(set: StatefulSet, pod: Pod): boolean {
  return (
    ordinalOf(set, pod) !== undefined && matchesSelector(set.spec?.selector, pod.metadata.labels)
  );
}

function startOf(set: StatefulSet): number {
  const start = valueAt(set.spec, ['ordinals', 'start']);
  return typeof start === 'number' ? start : 0;
}
