/** The one element of a kind that the page's template promises. Throws where it is missing: a bug of ours. */
export function getElement<T extends Element>(
  root: ParentNode,
  selector: string,
  kind: new () => T,
): T {
  const element = root.querySelector(selector);
  if (element instanceof kind) return element;
  throw new Error(`the page has no ${selector}`);
}

export function findElement<T extends Element>(
  root: ParentNode,
  selector: string,
  kind: new () => T,
): T | undefined {
  const element = root.querySelector(selector);
  return element instanceof kind ? element : undefined;
}
