// One system in one database: what every workload needs.
import { now, sleep, within } from './clock.mjs';
import { Ledger } from './ledger.mjs';
import { payloads } from './payload.mjs';

const CHUNK = 1000;
const SETTLED_WITHIN_MS = 5000;

export class MeasuredRun {
  #client;
  #stops = 0;

  constructor({ system, client, count, clients, payloadBytes, capSeconds }) {
    this.system = system;
    this.count = count;
    this.clients = clients;
    this.capMs = capSeconds * 1000;
    this.payloadOf = payloads(payloadBytes);
    this.#client = client;
  }

  get client() {
    return this.#client;
  }

  /** Numbers 0 to count - 1. */
  async enqueue(count, chunk = CHUNK) {
    for (let from = 0; from < count; from += chunk) {
      const numbers = Math.min(chunk, count - from);
      await this.system.enqueueMany(Array.from({ length: numbers }, (_, i) => this.payloadOf(from + i)));
    }
  }

  /** Each number once, from as many clients at once; stops early when told so. Returns how many were enqueued. */
  async enqueueOneByOne({ before, after, until, count = this.count }) {
    let next = 0;
    const client = async () => {
      while (next < count && !until?.()) {
        const i = next++;
        before?.(i);
        await this.system.enqueueOne(this.payloadOf(i));
        after?.(i);
      }
    };
    await Promise.all(Array.from({ length: this.clients }, client));
    return next;
  }

  /**
   * The whole path, the way it will be measured, so that nothing measured is compiled, connected or planned for the first
   * time: many at once, or one at a time while the worker works. What a slow worker has then not done is done with the fast settings.
   */
  async warmUp(count, oneByOne) {
    const jobs = Math.min(count, this.system.warmUpLimit);
    if (jobs === 0) return;
    const ledger = new Ledger(jobs);
    const handler = (payload) => void ledger.ran(payload.n);
    if (!oneByOne) await this.enqueue(jobs);
    await this.system.start(handler);
    if (!oneByOne) {
      await ledger.all;
      await this.stop();
      return;
    }
    const end = now() + this.capMs;
    const enqueued = await this.enqueueOneByOne({ count: jobs, until: () => now() > end });
    await within(ledger.reached(enqueued), Math.max(end - now(), 0));
    await this.stop();
    if (ledger.seen < enqueued) {
      await this.system.start(handler, 'tuned');
      await ledger.reached(enqueued);
      await this.stop();
    }
  }

  async stop() {
    await this.system.stop();
    this.#stops++;
  }

  /**
   * So that nobody pays for what was before. The vacuum and the statistics are what autovacuum brings a minute later: the
   * claims of the peers cost up to three times as much processor time before it has.
   */
  async settle() {
    try {
      await this.#client.query('vacuum analyze');
      await this.#client.query('checkpoint');
    } catch (error) {
      // Not allowed to everybody, and only noise: a checkpoint may then fall into the measured time.
      if (error.code !== '42501') throw error;
    }
    globalThis.gc?.();
  }

  /** Whether no job ran twice, and what has not run is still there, all of it. */
  async verify(ledger, enqueued) {
    const unrecorded = async () => ledger.seen + (await this.system.left(this.#client)) - enqueued;
    let count = await unrecorded();
    for (const end = now() + SETTLED_WITHIN_MS; count !== 0 && now() < end; count = await unrecorded()) {
      await sleep(20);
    }
    const repeated = ledger.repeated;
    if (repeated === 0 && count === 0) return true;
    const excused = repeated === 0 && count > 0 && count <= this.system.unrecordedAtStop * this.#stops;
    process.stderr.write(
      `peers: of ${enqueued} jobs ${ledger.seen} ran, ${repeated} more than once, and the outcome of ${count} is not in the database${excused ? ', as its stop may leave it' : ''}\n`,
    );
    return excused;
  }

  /** Runs what waits with the fast settings, unmeasured, and checks that it was all there, once. */
  async verifyByDraining(count) {
    const ledger = new Ledger(count);
    await this.system.start((payload) => void ledger.ran(payload.n), 'tuned');
    await ledger.all;
    await this.stop();
    return (await this.verify(ledger, count)) && ledger.seen === count;
  }
}
