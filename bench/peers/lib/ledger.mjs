// Counts how often each numbered job ran.
export class Ledger {
  #runs;
  #waiting = [];
  seen = 0;

  constructor(count, Counters = Uint32Array) {
    this.#runs = new Counters(count);
    /** Resolves when each has run at least once. */
    this.all = this.reached(count);
  }

  /** Resolves when so many have run at least once. */
  reached(count) {
    return this.seen >= count ? Promise.resolve() : new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  ran(number) {
    if (this.#runs[number]++ > 0) return;
    this.seen++;
    for (const { count, resolve } of this.#waiting) if (this.seen === count) resolve();
  }

  /** How many ran more than once. */
  get repeated() {
    let repeated = 0;
    for (const runs of this.#runs) if (runs > 1) repeated++;
    return repeated;
  }
}
