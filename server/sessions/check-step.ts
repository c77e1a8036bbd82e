import { GatehouseError, messageOf } from '../../common/errors.js';
import type { Answer, Answers, LabStep } from '../../common/lab.js';
import { TROUBLE_TITLES } from '../../common/page-events.js';
import type { Logger } from '../../common/logger.js';
import { EvidenceRecorder } from '../../graders/evidence/recorder.js';
import { sealEvidence, withEvidence } from '../../graders/evidence/seal.js';
import { runChecks } from '../../graders/run-checks.js';
import { signResult } from '../../graders/signing/sign-result.js';
import type { SigningKey } from '../../graders/signing/signing-key.js';
import { chargeCheck, chargeResult, type Hints } from '../progress/hints.js';
import type { AnswerValue, Progress, StoredAttempt } from '../progress/progress.js';
import type { LabSessions } from './lab-sessions.js';
import type { LiveLab } from './live-lab.js';
import { RateLimit } from './rate-limit.js';

export interface CheckerOptions {
  sessions: LabSessions;
  progress: Progress;
  hints: Hints;
  checksPerMinute: number;
  /** What stored results are signed with. */
  signingKey: SigningKey;
  logger: Logger;
}

/**
 * How many checks run at the same time: a class that presses Check together, which `bench -- checks --only class` shows
 * to be told right; who comes after them waits. Half of a check is waiting, to see that its verdict holds.
 */
const AT_ONCE = 20;

/** Runs the graders for a step and stores what they say. */
export class Checker {
  readonly #options: CheckerOptions;
  readonly #limit: RateLimit;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(options: CheckerOptions) {
    this.#options = options;
    this.#limit = new RateLimit({ most: options.checksPerMinute, perMs: 60_000 });
  }

  /**
   * Checks one step of a running lab; results are published one by one as they come. Rejects with LIMIT_REACHED
   * (too many, or one under way), NOT_AVAILABLE (no cluster yet); a fault of the graders costs the learner nothing.
   */
  async check(
    live: LiveLab,
    step: LabStep,
    answers: Readonly<Record<string, AnswerValue>>,
  ): Promise<StoredAttempt> {
    const { sessions, progress, hints } = this.#options;
    sessions.touch(live);
    const cluster = await live.cluster();
    await refuseWhileAway(live, sessions);
    if (live.checking !== undefined) {
      throw new GatehouseError('LIMIT_REACHED', 'a check of this lab is under way', {
        fix: 'Its results appear in a moment.',
        retryAfterMs: 1000,
      });
    }
    const giveBack = this.#limit.spend(live.userId);
    live.checking = step.id;
    live.changed();
    try {
      await progress.saveAnswers(live.userId, live.lab.id, answers);
      const given = await progress.answers(live.userId, live.lab.id);
      const before = await hints.opened(live.userId, live.lab.id);
      const recorder = new EvidenceRecorder();
      const unhelped = await this.#inTurn(() =>
        runChecks({
          recorder,
          lab: live.lab,
          stepIds: [step.id],
          cluster,
          answers: typedAnswers(live, given),
          signal: live.abort.signal,
          onResult: (check) => {
            const result = chargeCheck(check, before);
            live.events.publish({ type: 'result', step: step.id, result });
          },
        }),
      );
      // Asked again: a hint that was opened meanwhile helped too, or will.
      const charged = chargeResult(unhelped, await hints.opened(live.userId, live.lab.id));
      const evidence = await sealEvidence(recorder.evidence());
      const result = signResult(withEvidence(charged, evidence), this.#options.signingKey);
      const attempt = {
        userId: live.userId,
        lab: live.lab.id,
        step: step.id,
        labSessionId: live.id,
        createdAt: new Date().toISOString(),
        result,
        evidence,
      };
      const { isStored } = await progress.record(attempt);
      const stored = { createdAt: attempt.createdAt, result, isStored };
      live.events.publish({ type: 'checked', step: step.id, attempt: stored });
      return stored;
    } catch (error) {
      giveBack();
      this.#options.logger.error('a check could not be run', {
        lab: live.lab.id,
        step: step.id,
        error: messageOf(error),
      });
      live.events.publish({ type: 'check-failed', step: step.id, message: messageOf(error) });
      throw error;
    } finally {
      live.checking = undefined;
      live.changed();
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= AT_ONCE) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#queue.shift()?.();
    }
  }
}

/** Of a cluster that cannot be reached nothing could be told: the learner is told that at once, in the page's own words. */
async function refuseWhileAway(live: LiveLab, sessions: LabSessions): Promise<void> {
  if (live.trouble?.state === 'away') await sessions.lookAfter(live);
  const { trouble } = live;
  if (trouble?.state !== 'away') return;
  const title = TROUBLE_TITLES[trouble.state];
  throw new GatehouseError('NOT_AVAILABLE', `${title}. ${trouble.message}`, { fix: trouble.fix });
}

/** Forms give text; the graders want numbers where a question asks for one. */
function typedAnswers(live: LiveLab, given: Readonly<Record<string, AnswerValue>>): Answers {
  const answers: Record<string, Answer> = {};
  for (const step of live.lab.steps) {
    for (const { id, type } of step.definition.questions) {
      const value = given[id];
      if (value === undefined) continue;
      if (type === 'choices') answers[id] = typeof value === 'string' ? [value] : value;
      else {
        const text = typeof value === 'string' ? value : (value[0] ?? '');
        const isNumber = type === 'number' && text.trim() !== '' && Number.isFinite(Number(text));
        answers[id] = isNumber ? Number(text) : text;
      }
    }
  }
  return answers;
}
