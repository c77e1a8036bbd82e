/** Tells those who listen, in the order in which they came. */
export class Topic<T> {
  readonly #listeners = new Set<(event: T) => void>();

  subscribe(listener: (event: T) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  publish(event: T): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
