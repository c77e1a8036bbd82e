import type { ServerContext } from '../../context.js';
import { scoreOf } from '../../progress/lab-score.js';

export interface SessionView {
  id: string;
  learner: string;
  classTitle: string | undefined;
  lab: string;
  step: string;
  score: string;
  createdAt: string;
  age: string;
  idle: string;
  /** `ready` where nothing ails the cluster; otherwise what does. */
  state: string;
  /** What ails it, in a sentence or two. */
  trouble: string | undefined;
  canReset: boolean;
  /** What the table is sorted by; `attention` is lower the more a cluster needs somebody. */
  sort: { step: number; score: number; age: number; idle: number; attention: number };
}

const ATTENTION = ['failed', 'away', 'damaged', 'restarted', 'resting', 'creating', 'resetting'];

/** Every lab that runs now, by learner. */
export async function describeSessions({
  identity,
  sessions,
  progress,
}: ServerContext): Promise<SessionView[]> {
  const users = await identity.listUsers();
  const views = await Promise.all(
    sessions.list().map(async (live) => {
      const rows = await progress.list({ userId: live.userId, lab: live.lab.id });
      const { earned, possible } = scoreOf(live.lab, rows);
      const index = live.lab.steps.findIndex(({ id }) => id === live.step);
      const ageMs = Date.now() - Date.parse(live.createdAt);
      const idleMs = Date.now() - live.clock.lastActiveAt;
      const state = live.trouble?.state ?? live.state;
      return {
        id: live.id,
        learner: live.userName,
        classTitle: users.find(({ id }) => id === live.userId)?.classTitle,
        lab: live.lab.definition.title,
        step: `${index + 1} of ${live.lab.steps.length}: ${live.lab.steps[index]?.title ?? live.step}`,
        score: `${earned} of ${possible}`,
        createdAt: live.createdAt,
        age: shortTime(ageMs),
        idle: shortTime(idleMs),
        state,
        trouble: live.trouble?.message ?? live.failure?.message,
        canReset: live.state === 'ready',
        sort: {
          step: index,
          score: earned / possible,
          age: ageMs,
          idle: idleMs,
          attention: ATTENTION.includes(state) ? ATTENTION.indexOf(state) : ATTENTION.length,
        },
      };
    }),
  );
  return views.sort((a, b) => a.learner.localeCompare(b.learner) || a.lab.localeCompare(b.lab));
}

function shortTime(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return '< 1 min';
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}
