import { showMessage } from './messages.js';

/** Puts text on the clipboard, also on a plain-http page of a LAN, where browsers hide the newer way. */
export async function copyText(text: string): Promise<boolean> {
  if (isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused by the browser's settings: the older way may still work.
    }
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  document.body.append(area);
  const focused = document.activeElement;
  area.select();
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the only way without a secure context
  const hasCopied = document.execCommand('copy');
  area.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return hasCopied;
}

/** Buttons with `data-copy`. */
export function startCopyButtons(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-copy]')) {
    button.hidden = false;
    button.addEventListener('click', () => {
      void copyText(button.dataset['copy'] ?? '').then((hasCopied) => {
        showMessage(
          hasCopied
            ? 'Copied.'
            : 'Your browser does not let this page copy. Select the text instead.',
        );
      });
    });
  }
}
