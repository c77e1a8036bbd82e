/**
 * xterm.js makes its own style elements, which our content policy lets in only with the page's nonce. This stands in
 * for the document and gives it to them; everything else goes to the document itself.
 */
export function documentWithNonce(nonce: string): Document {
  return new Proxy(document, {
    get(target, key) {
      if (key === 'createElement') {
        return (name: string): HTMLElement => {
          const element = target.createElement(name);
          if (element instanceof HTMLStyleElement) element.nonce = nonce;
          return element;
        };
      }
      const value: unknown = Reflect.get(target, key, target);
      // The document's functions work only on the document.
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
