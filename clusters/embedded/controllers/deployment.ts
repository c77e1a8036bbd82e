import { ApiError } from '../api/api-error.js';
import type { ControllerContext } from './context.js';
import {
  currentSetAnnotations,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  nextRevision,
  REVISION,
  revisionOf,
  sortReplicaSets,
  TEMPLATE_HASH,
} from './deployment-revisions.js';
import type { ReplicaSets } from './deployment-revisions.js';
import {
  currentSetReplicas,
  isScaled,
  proportionalReplicas,
  replicasOf,
  rollingLimits,
  total,
  wantedReplicas,
} from './deployment-scale.js';
import { deadlineInMs, deploymentStatus, isComplete } from './deployment-status.js';
import { keyOf, locate, namespaceOf, parseKey } from './keys.js';
import type { Deployment, Pod, ReplicaSet } from './objects.js';
import { controllerOf, controllerReference, controllerUids } from './owners.js';
import { retryUnlessTerminating } from './pod-control.js';
import { isFinished } from './pods.js';
import { matchesSelector } from '../api/selectors/match-labels.js';
import { hashOf } from './template-hash.js';
import { parseTime } from './times.js';

const COMPONENT = 'deployment-controller';
const REPLICA_SETS = 'replicasets.apps';
const DEPLOYMENTS = 'deployments.apps';

/** Rolls Deployments out through ReplicaSets. */
export function createDeploymentController(context: ControllerContext): void {
  const { api, cache, loop, pods } = context;
  const deployments = cache.informer<Deployment>(DEPLOYMENTS);
  const replicaSets = cache.informer<ReplicaSet>(REPLICA_SETS);
  const byController = replicaSets.index(controllerUids);
  const orphans = replicaSets.index((set) =>
    controllerOf(set) === undefined ? [namespaceOf(set)] : [],
  );
  const byNamespace = deployments.index((deployment) => [namespaceOf(deployment)]);
  const queue = loop.queue(COMPONENT, sync);

  deployments.on(({ object }) => {
    queue.add(keyOf(object));
  });
  replicaSets.on(({ object }) => {
    addOwner(object);
  });
  // Only Recreate waits for pods to be gone; ReplicaSets tell of everything else.
  pods.informer.on((event) => {
    if (event.type === 'ADDED') return;
    if (event.type === 'MODIFIED' && !isFinished(event.object)) return;
    const owner = controllerOf(event.object);
    if (owner?.kind !== 'ReplicaSet') return;
    const set = api.get<ReplicaSet>(REPLICA_SETS, owner.name, namespaceOf(event.object));
    if (set !== undefined) addOwner(set);
  });

  function addOwner(set: ReplicaSet): void {
    const owner = controllerOf(set);
    if (owner !== undefined) {
      if (owner.kind === 'Deployment') queue.add(`${namespaceOf(set)}/${owner.name}`);
      return;
    }
    for (const deployment of byNamespace.get(namespaceOf(set)).values()) {
      if (matchesSelector(deployment.spec?.selector, set.metadata.labels)) {
        queue.add(keyOf(deployment));
      }
    }
  }

  function sync(key: string): void {
    const { name, namespace } = parseKey(key);
    const deployment = api.get<Deployment>(DEPLOYMENTS, name, namespace);
    if (deployment === undefined) return;
    const sets = sortReplicaSets(deployment, claim(deployment));
    if (deployment.metadata.deletionTimestamp !== undefined) {
      updateStatus(deployment, sets);
      return;
    }
    const { current } = sets;
    let createError: unknown;
    try {
      roll(deployment, sets);
      // The new ReplicaSet brings this deployment back in a moment; there is nothing to tell before.
      if (current === undefined && sets.current !== undefined) return;
    } catch (error) {
      createError = error;
    }
    updateStatus(deployment, sets, createError);
    retryUnlessTerminating(createError);
    const deadline = deadlineInMs(deployment, api.now());
    if (deadline === undefined) queue.cancelDelay(key);
    else queue.addAfter(key, deadline + 1000);
  }

  /** One step of the rollout; what follows comes with the next change of a ReplicaSet. Fills in `sets.current`. */
  function roll(deployment: Deployment, sets: ReplicaSets): void {
    const paused = deployment.spec?.paused === true;
    const all = sets.current === undefined ? sets.old : [...sets.old, sets.current];
    if (paused || isScaled(deployment, all)) {
      scaleInPlace(deployment, sets);
      if (!paused) annotateRevision(deployment, sets);
      return;
    }
    if (deployment.spec?.strategy?.type === 'Recreate') recreate(deployment, sets);
    else rollOver(deployment, sets);
    cleanUp(deployment, sets);
  }

  function rollOver(deployment: Deployment, sets: ReplicaSets): void {
    const current = ensureCurrent(deployment, sets);
    const all = [...sets.old, current];
    const wanted = currentSetReplicas(deployment, { current, all });
    const goal =
      replicasOf(current) > wantedReplicas(deployment) ? wantedReplicas(deployment) : wanted;
    if (goal !== replicasOf(current)) {
      sets.current = scale(deployment, current, goal);
      return;
    }
    scaleDownOld(deployment, { current, sets });
  }

  function scaleDownOld(
    deployment: Deployment,
    options: { current: ReplicaSet; sets: ReplicaSets },
  ): void {
    const { current, sets } = options;
    const minAvailable = wantedReplicas(deployment) - rollingLimits(deployment).maxUnavailable;
    const newUnavailable = replicasOf(current) - (current.status?.availableReplicas ?? 0);
    let spare = total([...sets.old, current]) - minAvailable - newUnavailable;
    if (spare <= 0) return;
    // Those that never became available cost nothing to lose.
    for (const [i, set] of sets.old.entries()) {
      const unhealthy = replicasOf(set) - (set.status?.availableReplicas ?? 0);
      const fewer = Math.min(spare, unhealthy);
      if (fewer <= 0) continue;
      spare -= fewer;
      sets.old[i] = scale(deployment, set, replicasOf(set) - fewer);
    }
    let available = 0;
    for (const set of [...sets.old, current]) available += set.status?.availableReplicas ?? 0;
    let fewerAvailable = Math.min(spare, available - minAvailable);
    for (const [i, set] of sets.old.entries()) {
      if (fewerAvailable <= 0) return;
      const fewer = Math.min(fewerAvailable, replicasOf(set));
      if (fewer <= 0) continue;
      fewerAvailable -= fewer;
      sets.old[i] = scale(deployment, set, replicasOf(set) - fewer);
    }
  }

  function recreate(deployment: Deployment, sets: ReplicaSets): void {
    let scaledDown = false;
    for (const [i, set] of sets.old.entries()) {
      if (replicasOf(set) === 0) continue;
      sets.old[i] = scale(deployment, set, 0);
      scaledDown = true;
    }
    if (scaledDown || sets.old.some(hasPods)) return;
    const current = ensureCurrent(deployment, sets);
    if (replicasOf(current) !== wantedReplicas(deployment)) {
      sets.current = scale(deployment, current, wantedReplicas(deployment));
    }
  }

  function hasPods(set: ReplicaSet): boolean {
    return [...pods.byController.get(set.metadata.uid).values()].some(
      (pod: Pod) => !isFinished(pod),
    );
  }

  /** Follows a new scale without moving the rollout on. */
  function scaleInPlace(deployment: Deployment, sets: ReplicaSets): void {
    const all = sets.current === undefined ? sets.old : [...sets.old, sets.current];
    const active = all.filter((set) => replicasOf(set) > 0);
    const [only] = active;
    const goals =
      active.length > 1
        ? proportionalReplicas(deployment, active)
        : new Map(
            only !== undefined
              ? [[only, wantedReplicas(deployment)]]
              : sets.current !== undefined
                ? [[sets.current, wantedReplicas(deployment)]]
                : [],
          );
    sets.old = sets.old.map((set) => scale(deployment, set, goals.get(set) ?? replicasOf(set)));
    if (sets.current !== undefined) {
      const goal = goals.get(sets.current) ?? replicasOf(sets.current);
      sets.current = scale(deployment, sets.current, goal);
    }
  }

  /** Sets the number of replicas, and the notes of the Deployment's scale on those that have any. */
  function scale(deployment: Deployment, set: ReplicaSet, replicas: number): ReplicaSet {
    const before = replicasOf(set);
    if (before === 0 && replicas === 0) return set;
    const scaled = api.update<ReplicaSet>(REPLICA_SETS, locate(set), (draft) => {
      if (draft.spec !== undefined) draft.spec.replicas = replicas;
      draft.metadata.annotations = { ...draft.metadata.annotations, ...scaleNotes(deployment) };
    });
    if (before !== replicas) {
      const direction = before < replicas ? 'up' : 'down';
      tell(
        deployment,
        `Scaled ${direction} replica set ${set.metadata.name} from ${before} to ${replicas}`,
      );
    }
    return scaled ?? set;
  }

  function scaleNotes(deployment: Deployment): Record<string, string> {
    const wanted = wantedReplicas(deployment);
    return {
      [DESIRED_REPLICAS]: String(wanted),
      [MAX_REPLICAS]: String(wanted + rollingLimits(deployment).maxSurge),
    };
  }

  function tell(deployment: Deployment, message: string): void {
    api.event(deployment, {
      type: 'Normal',
      reason: 'ScalingReplicaSet',
      message,
      component: COMPONENT,
    });
  }

  /** The ReplicaSet of the present template, made where there is none. */
  function ensureCurrent(deployment: Deployment, sets: ReplicaSets): ReplicaSet {
    const current = sets.current ?? createSet(deployment, sets);
    sets.current = current;
    annotateRevision(deployment, sets);
    return sets.current;
  }

  function annotateRevision(deployment: Deployment, sets: ReplicaSets): void {
    const { current } = sets;
    if (current === undefined) return;
    const revision = nextRevision(sets);
    sets.current =
      api.update<ReplicaSet>(REPLICA_SETS, locate(current), (draft) => {
        const known = draft.metadata.annotations ?? {};
        draft.metadata.annotations = currentSetAnnotations(deployment, { known, revision });
        const minReadySeconds = deployment.spec?.minReadySeconds;
        if (draft.spec !== undefined && minReadySeconds !== undefined) {
          draft.spec.minReadySeconds = minReadySeconds;
        }
      }) ?? current;
    const shown = String(revisionOf(sets.current));
    if (deployment.metadata.annotations?.[REVISION] === shown) return;
    api.update<Deployment>(DEPLOYMENTS, locate(deployment), (draft) => {
      draft.metadata.annotations = { ...draft.metadata.annotations, [REVISION]: shown };
    });
  }

  function createSet(deployment: Deployment, sets: ReplicaSets): ReplicaSet {
    const template = deployment.spec?.template;
    const hash = hashOf(template, deployment.status?.collisionCount);
    const labels = { ...template?.metadata?.labels, [TEMPLATE_HASH]: hash };
    const replicas = currentSetReplicas(deployment, { current: undefined, all: sets.old });
    try {
      const created = api.create<ReplicaSet>(REPLICA_SETS, {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        metadata: {
          name: `${deployment.metadata.name}-${hash}`,
          namespace: namespaceOf(deployment),
          labels,
          annotations: {
            ...currentSetAnnotations(deployment, { known: {}, revision: nextRevision(sets) }),
            ...scaleNotes(deployment),
          },
          ownerReferences: [controllerReference(deployment)],
        },
        spec: {
          replicas,
          ...(deployment.spec?.minReadySeconds !== undefined && {
            minReadySeconds: deployment.spec.minReadySeconds,
          }),
          selector: {
            ...deployment.spec?.selector,
            matchLabels: { ...deployment.spec?.selector.matchLabels, [TEMPLATE_HASH]: hash },
          },
          template: { ...template, metadata: { ...template?.metadata, labels } },
        },
      });
      if (replicas > 0) {
        tell(deployment, `Scaled up replica set ${created.metadata.name} from 0 to ${replicas}`);
      }
      return created;
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'AlreadyExists') countCollision(deployment);
      throw error;
    }
  }

  /** Somebody else's ReplicaSet has the name: the next try uses another one. */
  function countCollision(deployment: Deployment): void {
    const key = { ...locate(deployment), subresource: 'status' } as const;
    api.update<Deployment>(DEPLOYMENTS, key, (draft) => {
      const collisionCount = (draft.status?.collisionCount ?? 0) + 1;
      draft.status = { ...draft.status, collisionCount };
    });
  }

  /** Forgets old revisions past the limit, once the rollout is done. */
  function cleanUp(deployment: Deployment, sets: ReplicaSets): void {
    if (!isComplete(deployment, deployment.status ?? {})) return;
    const idle = sets.old.filter(
      (set) =>
        replicasOf(set) === 0 &&
        (set.status?.replicas ?? 0) === 0 &&
        set.metadata.deletionTimestamp === undefined,
    );
    const surplus = idle.length - (deployment.spec?.revisionHistoryLimit ?? 10);
    if (surplus <= 0) return;
    const oldestFirst = idle.sort(
      (a, b) =>
        revisionOf(a) - revisionOf(b) ||
        parseTime(a.metadata.creationTimestamp) - parseTime(b.metadata.creationTimestamp),
    );
    for (const set of oldestFirst.slice(0, surplus)) {
      api.delete(REPLICA_SETS, { ...locate(set), uid: set.metadata.uid });
    }
  }

  function updateStatus(deployment: Deployment, sets: ReplicaSets, createError?: unknown): void {
    const status = deploymentStatus(deployment, { sets, now: api.now(), createError });
    api.update<Deployment>(
      DEPLOYMENTS,
      { ...locate(deployment), subresource: 'status' },
      (draft) => {
        const { collisionCount } = draft.status ?? {};
        draft.status = { ...status, ...(collisionCount !== undefined && { collisionCount }) };
      },
    );
  }

  function claim(deployment: Deployment): ReplicaSet[] {
    const matches = (set: ReplicaSet): boolean =>
      matchesSelector(deployment.spec?.selector, set.metadata.labels);
    const claimed = [...byController.get(deployment.metadata.uid).values()].filter(matches);
    if (deployment.metadata.deletionTimestamp !== undefined) return claimed;
    for (const set of orphans.get(namespaceOf(deployment)).values()) {
      if (!matches(set) || set.metadata.deletionTimestamp !== undefined) continue;
      const adopted = api.update<ReplicaSet>(REPLICA_SETS, locate(set), (draft) => {
        draft.metadata.ownerReferences = [
          ...(draft.metadata.ownerReferences ?? []),
          controllerReference(deployment),
        ];
      });
      if (adopted !== undefined) claimed.push(adopted);
    }
    return claimed;
  }
}
