import { findElement } from './find.js';
import { Refusal } from './send.js';

const SHOWN_MS = 8000;

/** A line at the bottom of the page that goes away by itself; read out by screen readers. */
export function showMessage(text: string, kind: 'info' | 'problem' = 'info'): void {
  const place = findElement(document, '#page-messages', HTMLElement);
  if (place === undefined) return;
  const message = document.createElement('p');
  message.className = `page-message page-message-${kind}`;
  message.textContent = text;
  place.replaceChildren(message);
  setTimeout(() => {
    message.remove();
  }, SHOWN_MS);
}

/** Says what went wrong and what to do. */
export function showProblem(error: unknown): void {
  showMessage(describeProblem(error), 'problem');
}

export function describeProblem(error: unknown): string {
  if (error instanceof Refusal) return `${sentence(error.message)} ${error.fix}`.trim();
  return `Something went wrong in this page: ${error instanceof Error ? error.message : String(error)}`;
}

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
