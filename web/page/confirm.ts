import { getElement } from './find.js';
import { showProblem } from './messages.js';
import { fieldsOf, send } from './send.js';

/**
 * Forms with `data-confirm` ask first, in a dialog; without scripts the server asks with a page. With `data-stay` the
 * page stays where it is: what happens is told by its event stream.
 */
export function startConfirmations(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    const { confirm, confirmText, confirmVerb, stay, quiet } = form.dataset;
    if (confirm === undefined && quiet === undefined) return;
    event.preventDefault();
    if (confirm === undefined) {
      send(form.action, fieldsOf(form)).catch(showProblem);
      return;
    }
    void ask({ question: confirm, text: confirmText ?? '', verb: confirmVerb ?? 'Yes' }).then(
      (isSure) => {
        if (!isSure) return;
        const fields: [string, string][] = [...fieldsOf(form), ['confirmed', 'yes']];
        send(form.action, fields).then((answer) => {
          const { redirect } = answer;
          if (stay === undefined && typeof redirect === 'string') location.assign(redirect);
        }, showProblem);
      },
    );
  });
}

/** Asks in a dialog; Escape and Cancel mean no. */
export async function ask(words: {
  question: string;
  text: string;
  verb: string;
  /** Where nothing is lost by a yes. */
  isHarmless?: boolean;
}): Promise<boolean> {
  const dialog = getElement(document, '#confirm-dialog', HTMLDialogElement);
  getElement(dialog, '.dialog-title', HTMLElement).textContent = words.question;
  getElement(dialog, '.dialog-text', HTMLElement).textContent = words.text;
  const yes = getElement(dialog, 'button[value="confirm"]', HTMLButtonElement);
  yes.textContent = words.verb;
  yes.classList.toggle('button-danger', words.isHarmless !== true);
  yes.classList.toggle('button-primary', words.isHarmless === true);
  dialog.returnValue = 'cancel';
  dialog.showModal();
  await new Promise((resolve) => {
    dialog.addEventListener('close', resolve, { once: true });
  });
  return dialog.returnValue === 'confirm';
}
