import type { CheckDoneEvent, CheckResultEvent, LabPageState } from '../../common/page-events.js';
import { getElement } from '../page/find.js';
import { describeProblem } from '../page/messages.js';
import { fieldsOf, send } from '../page/send.js';

const MISSED_MS = 2000;

/** Check: asks the server, then shows each result when it comes, in the place of the one before. */
export class CheckForm {
  readonly #form = getElement(document, '#check-form', HTMLFormElement);
  readonly #button = getElement(document, '#check-button', HTMLButtonElement);
  readonly #label = getElement(this.#button, '[data-label]', HTMLElement);
  readonly #status = getElement(document, '#check-status', HTMLElement);
  readonly #results = getElement(document, '#results', HTMLElement);
  readonly #step: string;
  #isBusy = false;
  #hasSummary = false;

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
    else if (state.checking === undefined) this.#setBusy(false);
  }

  showResult({ step, check, html }: CheckResultEvent): void {
    if (step !== this.#step) return;
    const place = this.#results.querySelector(`[data-check="${CSS.escape(check)}"]`);
    if (place !== null) place.innerHTML = html;
  }

  showSummary({ step, announcement, html }: CheckDoneEvent): void {
    if (step !== this.#step) return;
    this.#hasSummary = true;
    getElement(document, '#summary', HTMLElement).innerHTML = html;
    this.#status.textContent = announcement;
    this.#results.classList.remove('is-checking');
    const isCalm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#results.scrollIntoView({ behavior: isCalm ? 'auto' : 'smooth', block: 'start' });
  }

  async #check(): Promise<void> {
    this.#hasSummary = false;
    this.#setBusy(true);
    this.#status.textContent = 'Checking…';
    this.#results.classList.add('is-checking');
    try {
      await send(this.#form.action, fieldsOf(this.#form));
      // The results come over the event stream; where that is down, the page itself has them.
      setTimeout(() => {
        if (!this.#hasSummary) location.reload();
      }, MISSED_MS);
    } catch (error) {
      this.#status.textContent = describeProblem(error);
    } finally {
      this.#setBusy(false);
      this.#results.classList.remove('is-checking');
    }
  }

  #setBusy(isBusy: boolean): void {
    this.#isBusy = isBusy;
    // Not `disabled`: that would take the focus away.
    this.#button.setAttribute('aria-disabled', String(isBusy));
    this.#button.classList.toggle('is-busy', isBusy);
    this.#label.textContent = isBusy ? 'Checking…' : 'Check';
  }
}
