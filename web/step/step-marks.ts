import type { LabPageState } from '../../common/page-events.js';
import { CHECK_ICON } from '../page/icons.js';

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
