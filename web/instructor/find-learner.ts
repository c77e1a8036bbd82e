import { getElement } from '../page/find.js';

/** Shows only the rows and learners that hold every word that was typed. Call `apply` after rows were drawn anew. */
export function startFinding(): { apply(): void } {
  const field = getElement(document, '.class-find', HTMLElement);
  const input = getElement(field, 'input', HTMLInputElement);
  field.hidden = false;
  const apply = (): void => {
    const words = input.value.toLowerCase().split(/\s+/);
    const all = document.querySelectorAll<HTMLElement>('#sessions tbody tr, .learner-list > li');
    for (const each of all) {
      const text = `${each.textContent} ${each.dataset['class'] ?? ''}`.toLowerCase();
      each.hidden = !words.every((word) => text.includes(word));
    }
  };
  input.addEventListener('input', apply);
  // Back to this page: the browser has kept what was typed.
  apply();
  return { apply };
}
