import type { Request } from 'express';
import { GatehouseError } from '../../../common/errors.js';
import type { LabStep } from '../../../common/lab.js';
import type { ServerContext } from '../../context.js';
import { finish } from '../../http/finish.js';
import type { AnswerValue } from '../../progress/progress.js';
import { findStep } from '../../pages/labs-step/find-step.js';

const MOST_ANSWER_LETTERS = 2000;

/** **Check**: runs the graders for a step. Scripts follow the results on the event stream; forms come back to the page. */
export function serveCheck({ serve, getLab, sessions, checker }: ServerContext): void {
  serve(
    'POST /labs/:chapter/:lab/steps/:step/check',
    async ({ request, response, user, params }) => {
      const lab = await getLab(params, user);
      const step = findStep(lab, params['step']);
      const live = sessions.get(user.id, lab.id);
      const attempt = await checker.check(live, step, answersOf(step, request));
      const { outcome, points } = attempt.result;
      finish(
        { request, response },
        {
          redirect: `/labs/${lab.id}/${step.id}#results`,
          data: { outcome, points },
        },
      );
    },
  );
}

/** The step's questions as the form answers them. Nothing ticked is an answer too, as soon as the form was sent. */
function answersOf(step: LabStep, request: Request): Record<string, AnswerValue> {
  const body: unknown = request.body;
  const answers: Record<string, AnswerValue> = {};
  for (const { id, type } of step.definition.questions) {
    const name = `answer.${id}`;
    const value: unknown =
      typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
    const texts = (Array.isArray(value) ? value : [value]).filter(
      (each) => typeof each === 'string',
    );
    if (texts.some((text) => text.length > MOST_ANSWER_LETTERS)) {
      throw new GatehouseError('BAD_REQUEST', 'an answer is too long', {
        fix: `At most ${MOST_ANSWER_LETTERS} letters are read.`,
      });
    }
    if (type === 'choices') answers[id] = texts;
    else if (texts[0] !== undefined && texts[0].trim() !== '') answers[id] = texts[0].trim();
  }
  return answers;
}
