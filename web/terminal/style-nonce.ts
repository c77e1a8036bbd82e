let isDone = false;

/**
 * xterm.js makes style elements, which our content policy lets in only with the page's nonce. Its own setting for
 * another document does not reach all of them (the viewport's asks the window), so the document itself gives it.
 */
export function giveStylesTheNonce(nonce: string): void {
  if (isDone) return;
  isDone = true;
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the deprecated overload is of names that we never use
  const createElement = document.createElement.bind(document);
  Object.defineProperty(document, 'createElement', {
    configurable: true,
    value(name: string, options?: ElementCreationOptions): HTMLElement {
      const element = createElement(name, options);
      if (element instanceof HTMLStyleElement) element.nonce = nonce;
      return element;
    },
  });
}
