import type { CheckDoneEvent, CheckResultEvent, LabPageState } from '../../common/page-events.js';
import { findElement, getElement } from '../page/find.js';
import { describeProblem } from '../page/messages.js';
import { fieldsOf, send } from '../page/send.js';

const MISSED_MS = 2000;

/**
 * Check: asks the server, then shows each result when it comes, in the place of the one before. What this page did not
 * hear of, because it was opened or cut off while a check ran, it asks for: a result of an earlier check never stays
 * below the summary of a later one.
 */
export class CheckForm {
  readonly #form = getElement(document, '#check-form', HTMLFormElement);
  readonly #button = getElement(document, '#check-button', HTMLButtonElement);
  readonly #label = getElement(this.#button, '[data-label]', HTMLElement);
  readonly #status = getElement(document, '#check-status', HTMLElement);
  readonly #results = getElement(document, '#results', HTMLElement);
  readonly #step: string;
  /** Checks of the run under way whose results are shown. */
  readonly #seen = new Set<string>();
  /** How many checks began while this page was open, and whether the last one is shown with all its results. */
  #runs = 0;
  #isComplete = true;
  #isBusy = false;
  #isSending = false;

  constructor(step: string) {
    this.#step = step;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (!this.#isBusy && this.#button.getAttribute('aria-disabled') !== 'true')
        void this.#check();
    });
  }

  showState(state: LabPageState): void {
    const isReady = state.cluster === 'ready';
    this.#button.disabled = !isReady && !this.#isBusy;
    const score = state.steps.find(({ id }) => id === this.#step);
    if (score !== undefined) {
      getElement(document, '#step-score', HTMLElement).textContent = String(score.earned);
    }
    // Also a check that was started in another window, or before a reload.
    if (state.checking === this.#step) this.#setBusy(true);
    else if (state.checking === undefined && !this.#isSending) this.#setBusy(false);
    const checkedAt = score?.checkedAt ?? '';
    if (!this.#isBusy && checkedAt !== this.#shownAt) void this.#askForResults();
  }

  showResult({ step, check, html }: CheckResultEvent): void {
    if (step !== this.#step) return;
    const place = this.#results.querySelector(`[data-check="${CSS.escape(check)}"]`);
    if (place === null) return;
    place.innerHTML = html;
    this.#seen.add(check);
  }

  showSummary({ step, announcement, html, checkedAt }: CheckDoneEvent): void {
    if (step !== this.#step) return;
    getElement(document, '#summary', HTMLElement).innerHTML = html;
    this.#status.textContent = announcement;
    this.#results.classList.remove('is-checking');
    this.#isComplete = checkedAt === undefined || this.#hasSeenAll();
    if (!this.#isComplete) void this.#askForResults();
    else if (checkedAt !== undefined) this.#shownAt = checkedAt;
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#results.scrollIntoView({ behavior: isCalm ? 'auto' : 'smooth', block: 'start' });
  }

  /** When the check was made whose results are shown; empty where there was none. */
  get #shownAt(): string {
    return this.#results.dataset['checkedAt'] ?? '';
  }

  set #shownAt(at: string) {
    this.#results.dataset['checkedAt'] = at;
  }

  #hasSeenAll(): boolean {
    const shown = [...this.#results.querySelectorAll<HTMLElement>('[data-check]')];
    return shown.every(({ dataset }) => this.#seen.has(dataset['check'] ?? ''));
  }

  async #check(): Promise<void> {
    this.#isSending = true;
    this.#setBusy(true);
    const run = this.#runs;
    try {
      await send(this.#form.action, fieldsOf(this.#form));
      // The results come over the event stream; where that is down, the page itself has them.
      setTimeout(() => {
        if (run === this.#runs && !this.#isComplete) void this.#askForResults();
      }, MISSED_MS);
    } catch (error) {
      this.#status.textContent = describeProblem(error);
    } finally {
      this.#isSending = false;
      this.#setBusy(false);
    }
  }

  /** Takes the results from this page as the server would draw it now. */
  async #askForResults(): Promise<void> {
    const run = this.#runs;
    const response = await fetch(location.href).catch(() => undefined);
    // Where nobody answers now, the next state that comes asks again.
    if (response?.ok !== true) return;
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    const fresh = findElement(page, '#results', HTMLElement);
    if (fresh === undefined || run !== this.#runs) return;
    this.#isComplete = true;
    this.#shownAt = fresh.dataset['checkedAt'] ?? '';
    this.#results.replaceChildren(...fresh.childNodes);
    const words = ['.summary-headline', '.summary-detail'].map(
      (selector) => findElement(this.#results, selector, HTMLElement)?.textContent ?? '',
    );
    this.#status.textContent = words.join('. ');
  }

  #setBusy(isBusy: boolean): void {
    if (isBusy && !this.#isBusy) {
      this.#runs += 1;
      this.#isComplete = false;
      this.#seen.clear();
      this.#status.textContent = 'Checking…';
    }
    this.#isBusy = isBusy;
    this.#results.classList.toggle('is-checking', isBusy);
    // Not `disabled`: that would take the focus away.
    this.#button.setAttribute('aria-disabled', String(isBusy));
    this.#button.classList.toggle('is-busy', isBusy);
    this.#label.textContent = isBusy ? 'Checking…' : 'Check';
  }
}
