/** The instructor's page: its table follows what happens. */
import { getElement } from '../page/find.js';
import { listen } from '../page/listen.js';

const table = getElement(document, '#sessions', HTMLTableElement);
const body = getElement(table, 'tbody', HTMLElement);
const count = getElement(document, '#session-count', HTMLElement);
const empty = getElement(document, '#no-sessions', HTMLElement);

listen('/instructor/events', {
  handlers: {
    rows(data) {
      if (typeof data !== 'object' || data === null || !('html' in data) || !('count' in data))
        return;
      const focused = focusedAction();
      body.innerHTML = String(data.html);
      count.textContent = String(data.count);
      table.hidden = data.count === 0;
      empty.hidden = data.count !== 0;
      if (focused !== undefined) {
        body
          .querySelector<HTMLButtonElement>(`form[action="${CSS.escape(focused)}"] button`)
          ?.focus();
      }
    },
  },
});

/** The address of the form whose button has the focus, so that it keeps it when the table is drawn again. */
function focusedAction(): string | undefined {
  const form = document.activeElement?.closest('form');
  return form !== null && form !== undefined && body.contains(form)
    ? (form.getAttribute('action') ?? undefined)
    : undefined;
}
