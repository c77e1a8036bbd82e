import { getElement } from '../page/find.js';

export type View = 'lesson' | 'console';

/** On small screens either the text or the terminal is shown, and two buttons switch. On large ones it does nothing. */
export function startViewSwitch(onShow: (view: View) => void): { show(view: View): void } {
  const workspace = getElement(document, '.workspace', HTMLElement);
  const bar = getElement(document, '.view-switch', HTMLElement);
  const buttons = [...bar.querySelectorAll<HTMLButtonElement>('button[data-view]')];
  bar.hidden = false;
  workspace.classList.add('has-switch');
  const show = (view: View): void => {
    workspace.dataset['view'] = view;
    for (const button of buttons) {
      button.setAttribute('aria-pressed', String(button.dataset['view'] === view));
    }
    onShow(view);
  };
  for (const button of buttons) {
    button.addEventListener('click', () => {
      show(button.dataset['view'] === 'console' ? 'console' : 'lesson');
    });
  }
  return { show };
}
