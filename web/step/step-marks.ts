import type { LabPageState } from '../../common/page-events.js';

const CHECK_ICON =
  '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d="m5 12.5 4.5 4.5L19 7.5"/></svg>';

/** The row of steps above the text: what was passed, as it happens. */
export function showStepMarks(state: LabPageState): void {
  for (const { id, outcome } of state.steps) {
    const mark = document.querySelector(`[data-step-mark="${CSS.escape(id)}"] .mark`);
    if (mark === null) continue;
    mark.className = outcome === 'open' ? 'mark' : `mark mark-${outcome}`;
    const words = {
      open: 'not tried yet',
      partly: 'tried, not passed yet',
      passed: 'passed',
    }[outcome];
    mark.innerHTML = `${outcome === 'passed' ? CHECK_ICON : ''}<span class="visually-hidden">${words}</span>`;
  }
}
