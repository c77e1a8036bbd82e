/** Why a node does not take a pod, in the scheduler's own words. */
export interface Refusal {
  reasons: readonly string[];
  /** Removing other pods could help. */
  preemptible: boolean;
}
