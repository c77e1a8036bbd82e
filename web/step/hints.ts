import { ask } from '../page/confirm.js';
import { showProblem } from '../page/messages.js';
import { fieldsOf, send } from '../page/send.js';

/** Hints are opened by the server, which writes that down; their words come with its answer. */
export function startHints(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches('.hint-form')) return;
    event.preventDefault();
    void openHint(form).catch(showProblem);
  });
}

async function openHint(form: HTMLFormElement): Promise<void> {
  const { question, text = '', verb = 'Yes' } = form.dataset;
  if (question !== undefined && !(await ask({ question, text, verb, isHarmless: true }))) return;
  const { html } = await send(form.action, [...fieldsOf(form), ['confirmed', 'yes']]);
  const place = form.closest('[data-check]');
  if (place === null || typeof html !== 'string') return;
  place.innerHTML = html;
  [...place.querySelectorAll<HTMLElement>('details.hint > summary')].at(-1)?.focus();
}
