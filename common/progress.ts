/** One phase of long work, as an event: `fraction` of the whole done when the phase starts, 0 to 1. */
export interface Phase {
  /** kebab-case, stable: `network`, `nodes`, `api`, `workloads`, `ready`. */
  id: string;
  /** For people: `Starting three nodes`. */
  title: string;
  fraction: number;
  /** Estimated milliseconds for the whole from here, where known. */
  remainingMs?: number;
}
