// Counts how often each numbered job ran.
export class Ledger {
  #runs;
  #finish;
  seen = 0;

  constructor(count, Counters = Uint32Array) {
    this.#runs = new Counters(count);
    /** Resolves when each has run at least once. */
    this.all = new Promise((resolve) => (this.#finish = resolve));
    if (count === 0) this.#finish();
  }

  ran(number) {
    if (this.#runs[number]++ > 0) return;
    this.seen++;
    if (this.seen === this.#runs.length) this.#finish();
  }

  /** How many ran more than once. */
  get repeated() {
    let repeated = 0;
    for (const runs of this.#runs) if (runs > 1) repeated++;
    return repeated;
  }
}
