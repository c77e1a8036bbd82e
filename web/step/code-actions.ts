import { copyText } from '../page/copy.js';
import { showMessage, showProblem } from '../page/messages.js';
import { send } from '../page/send.js';

export interface CodeActionsOptions {
  /** `/labs/<chapter>/<lab>/steps/<step>` */
  stepUrl: string;
  run(command: string): void;
}

/** The buttons of command and file blocks, and of results' next commands: copy, run in the terminal, write into the home. */
export function startCodeActions(options: CodeActionsOptions): void {
  const files = [...document.querySelectorAll<HTMLElement>('.lesson-text .code.file')];
  for (const bar of document.querySelectorAll<HTMLElement>('.lesson-text .code-actions')) {
    bar.hidden = false;
  }
  document.addEventListener('click', (event) => {
    const button = event.target instanceof Element ? event.target.closest('.code-action') : null;
    const block = button?.closest<HTMLElement>('.code, .finding-next');
    if (!(button instanceof HTMLButtonElement) || block === null || block === undefined) return;
    const text = block.querySelector('code')?.textContent ?? '';
    switch (button.dataset['action']) {
      case 'copy':
        void copyText(text).then((hasCopied) => {
          if (hasCopied) acknowledge(button, 'Copied');
          else showMessage('Your browser does not let this page copy. Select the text instead.');
        });
        break;
      case 'run':
        options.run(text.replace(/\n+$/, ''));
        break;
      case 'write':
        button.disabled = true;
        send(`${options.stepUrl}/files/${files.indexOf(block)}`)
          .then(() => {
            acknowledge(button, 'Written');
          }, showProblem)
          .finally(() => {
            button.disabled = false;
          });
        break;
      case undefined:
      default:
        break;
    }
  });
}

const SHOWN_MS = 1600;

/** Says on the button itself that it worked; the place keeps its width. */
function acknowledge(button: HTMLButtonElement, word: string): void {
  const before = button.dataset['label'] ?? button.textContent;
  button.dataset['label'] = before;
  button.style.minWidth = `${button.offsetWidth}px`;
  button.textContent = word;
  showMessage(`${word}.`);
  setTimeout(() => {
    button.textContent = before;
  }, SHOWN_MS);
}
