import type { Answer, Answers, QuestionDefinition } from '../../common/lab.js';
import type { Change } from './mutant.js';

/** Every other answer that a question offers, one at a time; for numbers and texts one beside the right one. Pure. */
export function answerMutants(
  questions: readonly QuestionDefinition[],
  answers: Answers,
): (Change<Answers> & { question: string })[] {
  return questions.flatMap((question) => {
    const right = answers[question.id];
    if (right === undefined) return [];
    return wrongAnswers(question, right).map(({ what, value }) => ({
      question: question.id,
      what,
      value: { ...answers, [question.id]: value },
    }));
  });
}

function wrongAnswers({ type, options = [] }: QuestionDefinition, right: Answer): Change<Answer>[] {
  const ids = options.map(({ id }) => id);
  switch (type) {
    case 'choice':
      return ids.filter((id) => id !== right).map((id) => ({ what: `answered ${id}`, value: id }));
    case 'choices': {
      const picked = typeof right === 'object' ? right : [String(right)];
      return ids.map((id) =>
        picked.includes(id)
          ? { what: `answered without ${id}`, value: picked.filter((one) => one !== id) }
          : { what: `answered ${id} as well`, value: [...picked, id] },
      );
    }
    case 'number':
      return [1, -1].map((by) => ({
        what: `answered ${Number(right) + by}`,
        value: Number(right) + by,
      }));
    case 'text':
      return [`${String(right)}0`, String(right).slice(0, -1)].map((text) => ({
        what: `answered "${text}"`,
        value: text,
      }));
  }
}
