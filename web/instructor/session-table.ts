import { getElement } from '../page/find.js';

/** The table of running labs: drawn anew by the server, sorted here by the column that was chosen. */
export class SessionTable {
  readonly #body: HTMLElement;
  readonly #heads: readonly HTMLElement[];
  #key: string | undefined;
  #isDescending = false;

  constructor(table: HTMLTableElement) {
    this.#body = getElement(table, 'tbody', HTMLElement);
    this.#heads = [...table.querySelectorAll<HTMLElement>('th[data-sort]')];
    for (const head of this.#heads) {
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'sort-button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        this.#choose(head.dataset['sort'] ?? '');
      });
    }
  }

  /** Takes new rows; the button that had the focus keeps it, or passes it on to the row in its place. */
  draw(html: string): void {
    const form = document.activeElement?.closest('form') ?? undefined;
    const isOurs = form !== undefined && this.#body.contains(form);
    const place = isOurs ? this.#buttons().findIndex((each) => each.form === form) : -1;
    this.#body.innerHTML = html;
    this.#sort();
    if (!isOurs) return;
    const now = this.#buttons();
    const action = form.getAttribute('action');
    const same = now.find((each) => each.form?.getAttribute('action') === action);
    (same ?? now[place] ?? now.at(-1))?.focus();
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.#body.querySelectorAll('button')];
  }

  #choose(key: string): void {
    this.#isDescending = key === this.#key && !this.#isDescending;
    this.#key = key;
    for (const head of this.#heads) {
      if (head.dataset['sort'] !== key) head.removeAttribute('aria-sort');
      else head.setAttribute('aria-sort', this.#isDescending ? 'descending' : 'ascending');
    }
    this.#sort();
  }

  /** Rows that are alike stay in the server's order, which is by name. */
  #sort(): void {
    const key = this.#key;
    if (key === undefined) return;
    const rows = [...this.#body.querySelectorAll<HTMLElement>('tr')];
    const sign = this.#isDescending ? -1 : 1;
    rows.sort((a, b) => sign * compare(a.dataset[key] ?? '', b.dataset[key] ?? ''));
    this.#body.append(...rows);
  }
}

function compare(a: string, b: string): number {
  const difference = Number(a) - Number(b);
  return Number.isNaN(difference) ? a.localeCompare(b) : difference;
}
