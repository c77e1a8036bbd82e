import type { Deployment, ReplicaSet } from './objects.js';
import { DESIRED_REPLICAS, MAX_REPLICAS } from './deployment-revisions.js';

/** How far a rolling update may leave the wanted number of replicas, both ways. */
export interface RollingLimits {
  maxSurge: number;
  maxUnavailable: number;
}

export function replicasOf(set: ReplicaSet): number {
  return set.spec?.replicas ?? 1;
}

export function wantedReplicas(deployment: Deployment): number {
  return deployment.spec?.replicas ?? 1;
}

/** Percentages round up for surge and down for unavailable; both zero would never move, so one may go. */
export function rollingLimits(deployment: Deployment): RollingLimits {
  const strategy = deployment.spec?.strategy;
  const wanted = wantedReplicas(deployment);
  if (strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 };
  const maxSurge = resolve(strategy?.rollingUpdate?.maxSurge ?? '25%', wanted, Math.ceil);
  const maxUnavailable = resolve(
    strategy?.rollingUpdate?.maxUnavailable ?? '25%',
    wanted,
    Math.floor,
  );
  if (maxSurge === 0 && maxUnavailable === 0) return { maxSurge, maxUnavailable: 1 };
  return { maxSurge, maxUnavailable: Math.min(maxUnavailable, wanted) };
}

/** A number, or a percentage of `total`. */
export function resolve(
  value: number | string,
  total: number,
  round: (value: number) => number,
): number {
  if (typeof value === 'number') return value;
  if (value.endsWith('%')) return round((Number.parseInt(value, 10) * total) / 100);
  return Number.parseInt(value, 10) || 0;
}

/** How many replicas the current ReplicaSet may have now, given all others. */
export function currentSetReplicas(
  deployment: Deployment,
  sets: { current: ReplicaSet | undefined; all: readonly ReplicaSet[] },
): number {
  const wanted = wantedReplicas(deployment);
  if (deployment.spec?.strategy?.type === 'Recreate') return wanted;
  const has = sets.current === undefined ? 0 : replicasOf(sets.current);
  const room = wanted + rollingLimits(deployment).maxSurge - total(sets.all);
  if (room <= 0) return has;
  return has + Math.max(0, Math.min(room, wanted - has));
}

export function total(sets: readonly ReplicaSet[]): number {
  return sets.reduce((sum, set) => sum + replicasOf(set), 0);
}

/** The Deployment was scaled since its ReplicaSets were last looked at. */
export function isScaled(deployment: Deployment, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => {
    if (replicasOf(set) === 0) return false;
    const desired = set.metadata.annotations?.[DESIRED_REPLICAS];
    return desired !== undefined && Number(desired) !== wantedReplicas(deployment);
  });
}

/** Spreads a change of scale in the middle of a rollout over all ReplicaSets, larger ones first. */
export function proportionalReplicas(
  deployment: Deployment,
  sets: readonly ReplicaSet[],
): Map<ReplicaSet, number> {
  const active = sets.filter((set) => replicasOf(set) > 0);
  const limit =
    wantedReplicas(deployment) > 0
      ? wantedReplicas(deployment) + rollingLimits(deployment).maxSurge
      : 0;
  const toAdd = limit - total(active);
  const bySize = [...active].sort((a, b) => replicasOf(b) - replicasOf(a));
  const result = new Map<ReplicaSet, number>();
  let added = 0;
  for (const set of bySize) {
    const share = toAdd === 0 ? 0 : clampShare(fraction(deployment, set), toAdd - added);
    result.set(set, Math.max(0, replicasOf(set) + share));
    added += share;
  }
  const [largest] = bySize;
  if (largest !== undefined && toAdd !== added) {
    result.set(largest, Math.max(0, (result.get(largest) ?? 0) + toAdd - added));
  }
  return result;
}

/** The replicas a set gains or loses so that it keeps its part of the whole. */
function fraction(deployment: Deployment, set: ReplicaSet): number {
  const has = replicasOf(set);
  if (wantedReplicas(deployment) === 0) return -has;
  const before =
    Number(set.metadata.annotations?.[MAX_REPLICAS] ?? 0) || wantedReplicas(deployment);
  const now = wantedReplicas(deployment) + rollingLimits(deployment).maxSurge;
  return Math.round((has * now) / before) - has;
}

function clampShare(share: number, left: number): number {
  return left > 0 ? Math.max(0, Math.min(share, left)) : Math.min(0, Math.max(share, left));
}
