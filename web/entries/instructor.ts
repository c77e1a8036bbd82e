/** The instructor's page: its table follows what happens. */
import { startFinding } from '../instructor/find-learner.js';
import { SessionTable } from '../instructor/session-table.js';
import { getElement } from '../page/find.js';
import { listen } from '../page/listen.js';

const table = getElement(document, '#sessions', HTMLTableElement);
const count = getElement(document, '#session-count', HTMLElement);
const empty = getElement(document, '#no-sessions', HTMLElement);
const endAll = getElement(document, '#end-all', HTMLElement);
const dialog = getElement(document, '#confirm-dialog', HTMLDialogElement);
const sessions = new SessionTable(table);
const finding = startFinding();
/** What came while a question was asked: the row that it is about stays until it is answered. */
let waiting: (() => void) | undefined;

dialog.addEventListener('close', () => {
  waiting?.();
  waiting = undefined;
});

listen('/instructor/events', {
  handlers: {
    rows(data) {
      if (typeof data !== 'object' || data === null || !('html' in data) || !('count' in data))
        return;
      const html = String(data.html);
      const rows = Number(data.count);
      if (dialog.open) {
        waiting = () => {
          show(html, rows);
        };
      } else show(html, rows);
    },
  },
});

function show(html: string, rows: number): void {
  sessions.draw(html);
  finding.apply();
  count.textContent = String(rows);
  table.hidden = rows === 0;
  empty.hidden = rows !== 0;
  endAll.hidden = rows < 2;
}
