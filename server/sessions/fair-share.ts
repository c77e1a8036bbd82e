/** What all terminals of this server together may send in a second; xterm.js draws about 10 MB/s at best. */
const BYTES_PER_SECOND = 6 * 1024 * 1024;
const SLICE_MS = 20;
/** One that floods alone gets no more than this: nobody reads faster, and its page stays smooth. */
const MOST_PER_SECOND = 2 * 1024 * 1024;
/** Nobody looks: enough for a program to get on with its work. */
const UNSEEN_PER_SECOND = 256 * 1024;

/** One terminal's part of the server's attention. */
export interface Share {
  /** Counts output. True when the slice is used up: stop reading; `resume` is called in the next slice. */
  spend(bytes: number, options: { isSeen: boolean }): boolean;
  close(): void;
}

/** Divides the server's output among the terminals that flood, so that none of them slows the others down. */
export class FairShare {
  readonly #waiting = new Map<Share, () => void>();
  #floods = 1;
  #isTimed = false;

  open(resume: () => void): Share {
    let spent = 0;
    let sliceStart = 0;
    const share: Share = {
      spend: (bytes, { isSeen }) => {
        const now = performance.now();
        if (now - sliceStart >= SLICE_MS) {
          sliceStart = now;
          spent = 0;
        }
        spent += bytes;
        if (spent < this.#sliceBytes(isSeen)) return false;
        spent = 0;
        this.#waiting.set(share, resume);
        this.#startSlice();
        return true;
      },
      close: () => {
        this.#waiting.delete(share);
      },
    };
    return share;
  }

  #sliceBytes(isSeen: boolean): number {
    const fair = Math.min(MOST_PER_SECOND, BYTES_PER_SECOND / this.#floods);
    return ((isSeen ? fair : Math.min(fair, UNSEEN_PER_SECOND)) * SLICE_MS) / 1000;
  }

  #startSlice(): void {
    if (this.#isTimed) return;
    this.#isTimed = true;
    setTimeout(() => {
      this.#isTimed = false;
      this.#nextSlice();
    }, SLICE_MS);
  }

  #nextSlice(): void {
    const resumes = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#floods = Math.max(1, resumes.length);
    for (const resume of resumes) resume();
  }
}
