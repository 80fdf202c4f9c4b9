// graphile-worker, through its library API. https://worker.graphile.org/docs
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { versionOf } from '../lib/packages.mjs';

const TASK = 'bench';

// Its log is not what is measured: by default it writes a line for each job, which would be slower still.
process.env.NO_LOG_SUCCESS = '1';
const logger = new Logger(() => (level, message) => {
  if (level === 'error') process.stderr.write(`graphile-worker: ${message}\n`);
});

/**
 * Tuned: the configuration its performance page reports its own record with (24 concurrent jobs, a local queue of 500,
 * batched completion without delay), with as many slots as PgConductor's bench has where handlers take time.
 */
function workerOptions(profile, workload) {
  if (profile === 'default') return {};
  const concurrentJobs = workload === 'steady' ? 50 : 24;
  return {
    concurrentJobs,
    maxPoolSize: concurrentJobs + 2,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  };
}

export const name = 'graphile-worker';
export const version = versionOf(name);
export const schema = 'graphile_worker';

export class System {
  #connectionString;
  #profile;
  #workload;
  #utils;
  #runner;
  #connected;

  constructor({ connectionString, profile, workload, clients }) {
    this.#connectionString = connectionString;
    this.#profile = profile;
    this.#workload = workload;
    this.settings = {
      worker: profile === 'default' ? 'defaults: concurrentJobs 1, no local queue, no batching' : workerOptions(profile, workload),
      client: profile === 'default' ? 'makeWorkerUtils, defaults (pool of 10)' : { maxPoolSize: clients + 2 },
    };
    this.#connected = profile === 'default' ? {} : { maxPoolSize: clients + 2 };
  }

  /**
   * How many jobs that ran its stop may leave without an outcome: without batching, the completion of the last job is
   * sent without being awaited, and the stop does not wait for it either.
   */
  get unrecordedAtStop() {
    return this.#profile === 'default' ? 1 : 0;
  }

  /** How many jobs a warm-up can have. */
  warmUpLimit = 20_000;

  async setup() {
    this.#utils = await makeWorkerUtils({ preset: { worker: { connectionString: this.#connectionString, ...this.#connected } }, logger });
    await this.#utils.migrate();
  }

  async enqueueMany(payloads) {
    await this.#utils.addJobs(payloads.map((payload) => ({ identifier: TASK, payload })));
  }

  async enqueueOne(payload) {
    await this.#utils.addJob(TASK, payload);
  }

  /** Runs handler(payload) for every job until stop(). */
  async start(handler, profile = this.#profile) {
    this.#runner = await run(
      {
        preset: { worker: { connectionString: this.#connectionString, ...workerOptions(profile, this.#workload) } },
        logger,
        noHandleSignals: true,
        taskList: { [TASK]: handler },
      },
      undefined,
      [],
    );
  }

  /** Resolves when every outcome is in the database. */
  async stop() {
    await this.#runner.stop();
  }

  /** Completed jobs are deleted: what is there is left. */
  async left(client) {
    const { rows } = await client.query('select count(*)::int as left from graphile_worker._private_jobs');
    return rows[0].left;
  }

  async close() {
    await this.#utils.release();
  }
}
