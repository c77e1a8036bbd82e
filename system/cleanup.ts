/**
 * Undoes setup steps in reverse order, so that a half-finished start leaves nothing behind. Every step runs even
 * if an earlier one fails; the failures are thrown together at the end.
 */
export class Cleanup implements AsyncDisposable {
  readonly #steps: { name: string; undo: () => unknown }[] = [];

  add(name: string, undo: () => unknown): void {
    this.#steps.push({ name, undo });
  }

  /** Hands the steps to a new owner; this one becomes empty. */
  move(): Cleanup {
    const next = new Cleanup();
    next.#steps.push(...this.#steps.splice(0));
    return next;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const errors: unknown[] = [];
    for (const { name, undo } of this.#steps.splice(0).reverse()) {
      try {
        await undo();
      } catch (error) {
        errors.push(new Error(`cleanup "${name}" failed`, { cause: error }));
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'cleanup failed');
  }
}
