// Counts how often each numbered job ran.
export class Ledger {
  #runs;
  #finish;
  seen = 0;

  constructor(count) {
    this.#runs = new Uint32Array(count);
    /** Resolves when each has run at least once. */
    this.all = new Promise((resolve) => (this.#finish = resolve));
    if (count === 0) this.#finish();
  }

  ran(number) {
    if (this.#runs[number]++ > 0) return;
    this.seen++;
    if (this.seen === this.#runs.length) this.#finish();
  }

  /** How many ran more than once; a number that was never enqueued counts as repeated, for it has no place. */
  get repeated() {
    return this.#runs.reduce((sum, runs) => sum + (runs > 1 ? 1 : 0), 0);
  }
}
