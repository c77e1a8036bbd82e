import { valueAt } from '../../common/json.js';
import type { Answer, QuestionDefinition } from '../../common/lab.js';
import type { CheckContext, CheckOf, CheckVerdict } from '../check-context.js';
import { objectsOfKind, type ClusterView } from '../cluster-view.js';
import { valuesAtPath } from '../json-path.js';

/** Judges what the learner answered. Says why a given answer is wrong; never what would have been right. */
export async function checkAnswer(
  check: CheckOf<'answer'>,
  context: CheckContext,
): Promise<CheckVerdict> {
  const question = context.step.definition.questions.find(({ id }) => id === check.question);
  if (question === undefined) {
    return {
      outcome: 'error',
      message: `The lab has no question "${check.question}".`,
      findings: [],
    };
  }
  const given = context.answers[question.id];
  if (given === undefined && !context.wasAsked(question.id)) {
    return verdict(question, {
      outcome: 'inconclusive',
      observed: 'not asked',
      message: 'The question was not asked yet when the attempt was made.',
    });
  }
  if (given === undefined || given === '' || (Array.isArray(given) && given.length === 0)) {
    return verdict(question, {
      outcome: 'failed',
      observed: 'no answer yet',
      message: 'The question is not answered yet.',
      next: 'answer it in the text of the step, then check again.',
    });
  }
  switch (question.type) {
    case 'choice':
    case 'choices':
      return judgeChoices(question, given);
    case 'number':
    case 'text':
      return judgeText(question, { given, accepted: await acceptedAnswers(question, context) });
  }
}

function judgeChoices(question: QuestionDefinition, given: Answer): CheckVerdict {
  const options = question.options ?? [];
  const picked = typeof given === 'object' ? given.map(String) : [String(given)];
  const unknown = picked.find((id) => !options.some((option) => option.id === id));
  if (unknown !== undefined) {
    const message = `"${unknown}" is not one of the answers offered.`;
    return verdict(question, { outcome: 'failed', observed: unknown, message });
  }
  const chosen = options.filter(({ id }) => picked.includes(id));
  const wrong = chosen.filter(({ right }) => !right);
  const observed = chosen.map(({ text }) => text).join('; ');
  if (wrong.length > 0) {
    return verdict(question, {
      outcome: 'failed',
      observed,
      message: wrong.map(({ text, explanation }) => `"${text}": ${explanation}`).join(' '),
    });
  }
  if (question.type === 'choices' && chosen.length < options.filter(({ right }) => right).length) {
    return verdict(question, {
      outcome: 'failed',
      observed,
      message: 'Everything you picked is right, but something is still missing.',
    });
  }
  return verdict(question, {
    outcome: 'passed',
    observed,
    message: chosen.map(({ explanation }) => explanation).join(' '),
  });
}

function judgeText(
  question: QuestionDefinition,
  { given, accepted }: { given: Answer; accepted: readonly (string | number)[] | undefined },
): CheckVerdict {
  const observed = typeof given === 'object' ? given.join(', ') : String(given);
  if (accepted === undefined) {
    const { fromCluster } = question;
    const message = `The right answer is read from your cluster, where ${fromCluster?.kind ?? ''} ${fromCluster?.name ?? ''} is not to be found now.`;
    return verdict(question, { outcome: 'inconclusive', observed, message });
  }
  if (accepted.some((answer) => isSame(question.type, observed, answer))) {
    return verdict(question, { outcome: 'passed', observed, message: 'Right.' });
  }
  const notNumber =
    question.type === 'number' && observed.trim() !== '' && Number.isNaN(Number(observed));
  return verdict(question, {
    outcome: 'failed',
    observed,
    message: notNumber
      ? `A number is asked for, not "${observed}".`
      : (question.explanation ?? `"${observed}" is not right.`),
  });
}

function isSame(
  type: QuestionDefinition['type'],
  given: string,
  accepted: string | number,
): boolean {
  if (type === 'number') return given.trim() !== '' && Number(given) === Number(accepted);
  const normal = (text: string) => text.trim().replaceAll(/\s+/g, ' ').toLowerCase();
  return normal(given) === normal(String(accepted));
}

async function acceptedAnswers(
  question: QuestionDefinition,
  context: CheckContext,
): Promise<readonly (string | number)[] | undefined> {
  if (question.fromCluster === undefined) return question.accept ?? [];
  const values = readFromCluster(question.fromCluster, await context.view());
  return values.length === 0 ? undefined : values;
}

function readFromCluster(
  from: NonNullable<QuestionDefinition['fromCluster']>,
  view: ClusterView,
): (string | number)[] {
  return objectsOfKind(view.objects, from.apiVersion, from.kind)
    .filter(
      (object) =>
        valueAt(object, ['metadata', 'name']) === from.name &&
        (from.namespace === undefined ||
          valueAt(object, ['metadata', 'namespace']) === from.namespace),
    )
    .flatMap((object) => valuesAtPath(object, from.path))
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .filter((value) => !NO_ANSWERS.includes(value));
}

/** What a field says that has nothing to say: the address of a Service that is headless, or only a name. */
const NO_ANSWERS: readonly (string | number)[] = ['', 'None'];

/** Where exactly would be the answer; that is what hints are for. */
const LOOK_AGAIN = 'try it in your cluster as the step says, and answer by what you see there.';

function verdict(
  question: QuestionDefinition,
  result: { outcome: CheckVerdict['outcome']; observed: string; message: string; next?: string },
): CheckVerdict {
  const { outcome, observed, message, next = LOOK_AGAIN } = result;
  return {
    outcome,
    message,
    findings: [
      {
        subject: question.prompt,
        expected: 'the right answer',
        observed,
        outcome,
        reason: message,
        ...(outcome === 'failed' ? { next } : {}),
      },
    ],
  };
}
