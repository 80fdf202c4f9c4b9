import { now, sleep } from '../lib/clock.mjs';
import { holdHorizon } from '../lib/horizon.mjs';
import { Ledger } from '../lib/ledger.mjs';
import { percentile, round } from '../lib/statistics.mjs';

const MAX_JOBS = 40_000_000;
const CHUNK = 1000;
const BACKLOG = 10_000;
const DRAINED_WITHIN_MS = 300_000;

/**
 * Work flows while another transaction is left open, so that no dead row can be cleaned up: first at a steady rate, then
 * at full speed. The limit is full speed before that transaction. The same steps as PgConductor's own bench takes.
 */
export async function heldHorizon(run, { seconds, rate, holder, schema, connectionString }) {
  const flow = new Flow(run, schema);
  await run.system.start((payload) => flow.ran(payload.n));
  await run.settle();
  const heldMs = seconds * 1000;
  const sliceMs = Math.max(1000, heldMs / 20);
  const slices = await flow.fullSpeed('free', heldMs / 4, heldMs / 4);
  const release = await holdHorizon(connectionString, holder);
  slices.push(...(await flow.steady('steady', heldMs / 2, sliceMs, rate)));
  slices.push(...(await flow.fullSpeed('full', heldMs / 2, sliceMs)));
  await release();
  await run.stop();
  const full = slices.filter((slice) => slice.phase === 'full');
  const perSecond = full.reduce((sum, slice) => sum + slice.perSecond, 0) / full.length;
  return {
    perSecond,
    limit: slices[0].perSecond,
    ratio: perSecond / slices[0].perSecond,
    latencies: flow.latencies,
    verified: (await run.verify(flow.ledger, flow.enqueued)) && flow.ledger.seen === flow.enqueued,
    details: {
      holder,
      seconds,
      steadyRate: rate,
      jobs: flow.enqueued,
      lastToFirst: round(full.at(-1).perSecond / full[0].perSecond),
      deadRows: full.at(-1).deadRows,
      slices,
    },
  };
}

/** Jobs that come and go, at a rate or as fast as they can, counted in slices of time. */
class Flow {
  ledger = new Ledger(MAX_JOBS, Uint8Array);
  enqueued = 0;
  latencies = [];
  #sliceLatencies = [];
  #invokedAt = null;
  #firstClocked = 0;
  #start = now();
  #run;
  #schema;

  constructor(run, schema) {
    this.#run = run;
    this.#schema = schema;
  }

  ran(n) {
    if (this.#invokedAt && n >= this.#firstClocked) {
      const latency = now() - this.#invokedAt[n - this.#firstClocked];
      this.latencies.push(latency);
      this.#sliceLatencies.push(latency);
    }
    this.ledger.ran(n);
  }

  /** Keeps a few thousand waiting, so that the worker always has enough. */
  async fullSpeed(phase, durationMs, sliceMs) {
    let ended = false;
    const produce = async () => {
      while (!ended && this.enqueued + CHUNK <= MAX_JOBS) {
        if (this.enqueued - this.ledger.seen >= BACKLOG) {
          await sleep(1);
          continue;
        }
        const first = this.enqueued;
        await this.#run.system.enqueueMany(Array.from({ length: CHUNK }, (_, i) => this.#run.payloadOf(first + i)));
        this.enqueued += CHUNK;
      }
    };
    const producing = produce();
    const slices = await this.#watch(phase, durationMs, sliceMs, producing);
    ended = true;
    await producing;
    await this.#drained();
    return slices;
  }

  /** Enqueues one by one, so many a second or as many as it can, from as many clients as the options say. */
  async steady(phase, durationMs, sliceMs, rate) {
    const total = Math.floor((durationMs / 1000) * rate);
    const first = this.enqueued;
    const start = now();
    let next = 0;
    this.#invokedAt = new Float64Array(total);
    this.#firstClocked = first;
    const client = async () => {
      while (next < total && now() - start < durationMs) {
        const i = next++;
        const early = (i * 1000) / rate - (now() - start);
        if (early > 0) await sleep(early);
        this.#invokedAt[i] = now();
        await this.#run.system.enqueueOne(this.#run.payloadOf(first + i));
        this.enqueued++;
      }
    };
    const producing = Promise.all(Array.from({ length: this.#run.clients }, client));
    const slices = await this.#watch(phase, durationMs, sliceMs, producing);
    await producing;
    await this.#drained();
    this.#invokedAt = null;
    return slices;
  }

  async #watch(phase, durationMs, sliceMs, producing) {
    const failed = producing.then(() => new Promise(() => {}));
    const slices = [];
    // A last slice too short to say anything is none.
    for (const end = now() + durationMs; end - now() > sliceMs / 10; ) {
      const from = now();
      const before = this.ledger.seen;
      await Promise.race([sleep(Math.min(sliceMs, end - from)), failed]);
      slices.push({
        phase,
        atSecond: Math.round((now() - this.#start) / 100) / 10,
        perSecond: Math.round(((this.ledger.seen - before) * 1000) / (now() - from)),
        p99Ms: round(percentile(this.#sliceLatencies, 0.99)),
        deadRows: await this.#deadRows(),
      });
      this.#sliceLatencies = [];
    }
    return slices;
  }

  async #drained() {
    for (const end = now() + DRAINED_WITHIN_MS; this.ledger.seen < this.enqueued; ) {
      if (now() > end) throw new Error(`${this.enqueued - this.ledger.seen} jobs did not run within ${DRAINED_WITHIN_MS / 1000} s`);
      await sleep(5);
    }
  }

  async #deadRows() {
    const { rows } = await this.#run.client.query('select coalesce(sum(n_dead_tup), 0)::int as dead from pg_stat_user_tables where schemaname = $1', [
      this.#schema,
    ]);
    return rows[0].dead;
  }
}
