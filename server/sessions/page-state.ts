import type { LabPageState } from '../../common/page-events.js';
import type { LabScore } from '../progress/lab-score.js';
import type { LiveLab } from './live-lab.js';

/** What a lab's page shows, from what runs and what was scored. */
export function pageStateOf(
  live: LiveLab | undefined,
  { score, mostTerminals }: { score: LabScore; mostTerminals: number },
): LabPageState {
  const scored = {
    steps: score.steps.map(({ id, outcome, earned, possible, checkedAt }) => ({
      id,
      outcome,
      earned,
      possible,
      ...(checkedAt === undefined ? {} : { checkedAt }),
    })),
    points: { earned: score.earned, possible: score.possible },
    mostTerminals,
  };
  if (live === undefined) {
    return { cluster: 'none', phases: [], fraction: 0, terminals: [], nodes: [], ...scored };
  }
  return {
    cluster: live.state,
    ...live.phases,
    ...(live.failure === undefined ? {} : { failure: live.failure }),
    ...(live.trouble === undefined ? {} : { trouble: live.trouble }),
    terminals: live.terminals.list(),
    nodes: live.nodes,
    idle: {
      endsAt: new Date(live.clock.endsAt).toISOString(),
      isNear: live.clock.state() !== 'running',
      isFinal: live.clock.isFinal,
    },
    ...(live.checking === undefined ? {} : { checking: live.checking }),
    ...scored,
  };
}
