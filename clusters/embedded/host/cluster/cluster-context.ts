import type { Logger } from '../../../../common/logger.js';
import type { Phase } from '../../../../common/progress.js';
import type { HostParts } from '../host-parts.js';
import type { Share } from '../shared-folder.js';

/** What every cluster of a host is given. */
export interface ClusterContext extends HostParts {
  stateDir: string;
  share: Share;
  graceMs: number;
  readyTimeoutMs: number;
  logger: Logger;
}

/** How whoever waits for a creation or a reset follows it. */
export interface Progress {
  /** Ends a creation; a reset goes on. */
  signal: AbortSignal;
  onPhase: (phase: Phase) => void;
}

/** For what nobody waits for. */
export const UNWATCHED: Progress = {
  signal: new AbortController().signal,
  onPhase: () => undefined,
};
