// pg-boss, through its library API. https://pgboss.io
import { PgBoss } from 'pg-boss';
import { versionOf } from '../lib/packages.mjs';

const QUEUE = 'bench';

/**
 * NOTIFY makes jobs start at once, and halves what can be sent one by one, so that there is no best setting for both:
 * where single sends and starts are measured together, the profile "notify" is measured beside "tuned", which polls.
 */
const wantsNotify = (profile, workload) => profile === 'notify' || (profile === 'tuned' && workload === 'latency');

/**
 * Tuned: a table of its own for the queue, large batches, and workers that fetch again at once while batches come back
 * full. Batches are smaller where handlers take time, because pg-boss completes a batch when its slowest job is done.
 */
function workOptions(profile, workload) {
  if (profile === 'default') return {};
  const busy = workload === 'steady';
  return {
    batchSize: busy ? 100 : 500,
    localConcurrency: workload === 'latency' ? 1 : 4,
    pollingIntervalSeconds: 0.5,
    burstWhenBatchFull: true,
    notifyPollingIntervalSeconds: 0.5,
  };
}

export const name = 'pg-boss';
export const version = versionOf(name);
export const schema = 'pgboss';

export class System {
  #boss;
  #profile;
  #workload;
  #queueOptions;

  /** How many jobs that ran its stop may leave without an outcome. */
  unrecordedAtStop = 0;

  constructor({ connectionString, profile, workload, clients }) {
    const tuned = profile !== 'default';
    this.#profile = profile;
    this.#workload = workload;
    this.#queueOptions = tuned ? { partition: true, notify: wantsNotify(profile, workload) } : {};
    const options = tuned ? { max: clients + 6, useListenNotify: wantsNotify(profile, workload) } : {};
    this.settings = {
      constructor: tuned ? options : 'defaults (pool of 10)',
      queue: tuned ? this.#queueOptions : 'defaults',
      work: tuned ? workOptions(profile, workload) : 'defaults: batchSize 1, localConcurrency 1, polls every 2 s',
    };
    // A default worker takes one job every two seconds.
    this.warmUpLimit = tuned ? 20_000 : 2;
    this.#boss = new PgBoss({ connectionString, ...options });
    this.#boss.on('error', (error) => process.stderr.write(`pg-boss: ${error.message}\n`));
  }

  async setup() {
    await this.#boss.start();
    await this.#boss.createQueue(QUEUE, this.#queueOptions);
  }

  async enqueueMany(payloads) {
    await this.#boss.insert(QUEUE, payloads.map((data) => ({ data })));
  }

  async enqueueOne(payload) {
    await this.#boss.send(QUEUE, payload);
  }

  /** Runs handler(payload) for every job until stop(). */
  async start(handler, profile = this.#profile) {
    await this.#boss.work(QUEUE, workOptions(profile, this.#workload), async (jobs) => {
      const running = [];
      for (const job of jobs) {
        const outcome = handler(job.data);
        if (outcome) running.push(outcome);
      }
      if (running.length > 0) await Promise.all(running);
    });
  }

  /** Resolves when every outcome is in the database: a worker ends after it has completed its batch. */
  async stop() {
    await this.#boss.offWork(QUEUE, { wait: true });
  }

  /** Completed jobs are kept, by default for 7 days; there is no way to have them deleted at once. */
  async left(client) {
    const { rows } = await client.query("select count(*)::int as left from pgboss.job where name = $1 and state <> 'completed'", [QUEUE]);
    return rows[0].left;
  }

  async close() {
    await this.#boss.stop({ graceful: false });
  }
}
