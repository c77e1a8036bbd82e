import { messageOf } from '../../../common/errors.js';
import type { ControllerContext } from './context.js';
import { rankForDeletion } from './deletion-rank.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { Pod, ReplicaSet, ReplicationController } from './objects.js';
import { controllerOf } from './owners.js';
import {
  claimPods,
  createPod,
  deletePod,
  retryUnlessTerminating,
  podFromTemplate,
} from './pod-control.js';
import { StillAskedError } from './pod-maker.js';
import { availableInMs, isActive, isReady } from './pods.js';
import { matchesLabels, matchesSelector } from '../api/selectors/match-labels.js';
import { timestamp } from './times.js';

/** At most so many pods are made or deleted before the rest of the cluster gets its turn. */
const BURST = 500;

type Replicated = ReplicaSet | ReplicationController;

interface Kind<T extends Replicated> {
  resource: string;
  kind: string;
  component: string;
  matches(owner: T, labels: Record<string, string>): boolean;
}

export function createReplicaSetController(context: ControllerContext): void {
  createReplicatedController<ReplicaSet>(context, {
    resource: 'replicasets.apps',
    kind: 'ReplicaSet',
    component: 'replicaset-controller',
    matches: (set, labels) => matchesSelector(set.spec?.selector, labels),
  });
}

export function createReplicationController(context: ControllerContext): void {
  createReplicatedController<ReplicationController>(context, {
    resource: 'replicationcontrollers',
    kind: 'ReplicationController',
    component: 'replication-controller',
    matches: (set, labels) => matchesLabels(set.spec?.selector ?? {}, labels),
  });
}

/** Keeps as many pods as `spec.replicas` says. */
function createReplicatedController<T extends Replicated>(
  context: ControllerContext,
  kind: Kind<T>,
): void {
  const { api, loop, cache, pods } = context;
  const sets = cache.informer<T>(kind.resource);
  const byNamespace = sets.index((set) => [namespaceOf(set)]);
  const queue = loop.queue(kind.component, sync);

  sets.on(({ object }) => {
    queue.add(keyOf(object));
  });
  pods.informer.on((event) => {
    addOwner(event.object);
    if (event.type !== 'MODIFIED') return;
    if (controllerOf(event.previous)?.uid !== controllerOf(event.object)?.uid) {
      addOwner(event.previous);
    }
  });

  /** A pod without an owner may be adopted by any that selects it. */
  function addOwner(pod: Pod): void {
    const owner = controllerOf(pod);
    if (owner !== undefined) {
      if (owner.kind === kind.kind) queue.add(`${namespaceOf(pod)}/${owner.name}`);
      return;
    }
    for (const set of byNamespace.get(namespaceOf(pod)).values()) {
      if (kind.matches(set, pod.metadata.labels ?? {})) queue.add(keyOf(set));
    }
  }

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const set = api.get<T>(kind.resource, name, namespace);
    if (set === undefined) return;
    const claimed = claimPods(context, set, (pod) => kind.matches(set, pod.metadata.labels ?? {}));
    const active = claimed.filter(isActive);
    let failure: { reason: 'FailedCreate'; error: unknown } | undefined;
    if (set.metadata.deletionTimestamp === undefined) {
      const missing = (set.spec?.replicas ?? 1) - active.length;
      try {
        if (missing > 0) {
          create(set, Math.min(missing, BURST));
          // The new pods bring this set back in a moment; there is nothing to tell before.
          return;
        }
        if (missing < 0) remove(set, active, Math.min(-missing, BURST));
      } catch (error) {
        failure = { reason: 'FailedCreate', error };
      }
    }
    updateStatus(set, active, failure);
    retryUnlessTerminating(failure?.error);
  }

  function create(set: T, count: number): void {
    for (let i = 0; i < count; i += 1) {
      const pod = podFromTemplate(set, set.spec?.template, {
        generateName: `${set.metadata.name}-`,
      });
      createPod(context, set, { pod, component: kind.component });
    }
  }

  function remove(set: T, active: readonly Pod[], count: number): void {
    for (const pod of rankForDeletion(active).slice(0, count)) {
      deletePod(context, set, { pod, component: kind.component });
    }
  }

  function updateStatus(
    set: T,
    active: readonly Pod[],
    failure: { reason: string; error: unknown } | undefined,
  ): void {
    const now = api.now();
    const templateLabels = set.spec?.template?.metadata?.labels ?? {};
    let available = 0;
    let next = Infinity;
    for (const pod of active) {
      const inMs = availableInMs(pod, { minReadySeconds: set.spec?.minReadySeconds, now });
      if (inMs === 0) available += 1;
      else if (inMs !== undefined) next = Math.min(next, inMs);
    }
    const labelled = active.filter((pod) =>
      matchesLabels(templateLabels, pod.metadata.labels),
    ).length;
    const ready = active.filter(isReady).length;
    api.update<T>(kind.resource, { ...locate(set), subresource: 'status' }, (draft) => {
      const status: NonNullable<Replicated['status']> = {
        replicas: active.length,
        ...(labelled > 0 && { fullyLabeledReplicas: labelled }),
        ...(ready > 0 && { readyReplicas: ready }),
        ...(available > 0 && { availableReplicas: available }),
        observedGeneration: set.metadata.generation ?? 0,
      };
      const others = (draft.status?.conditions ?? []).filter(
        ({ type }) => type !== 'ReplicaFailure',
      );
      const known = draft.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
      // The first message stays: later ones differ in the generated name only.
      if (known !== undefined && failure !== undefined) others.push(known);
      else if (failure !== undefined && !(failure.error instanceof StillAskedError)) {
        others.push(failureCondition(failure, now));
      }
      if (others.length > 0) status.conditions = others;
      draft.status = status;
    });
    if (next !== Infinity) queue.addAfter(keyOf(set), next);
  }
}

function failureCondition(
  failure: { reason: string; error: unknown },
  now: number,
): NonNullable<NonNullable<Replicated['status']>['conditions']>[number] {
  return {
    type: 'ReplicaFailure',
    status: 'True',
    lastTransitionTime: timestamp(now),
    reason: failure.reason,
    message: messageOf(failure.error),
  };
}
