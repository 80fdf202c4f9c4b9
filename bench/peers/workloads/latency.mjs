import { now, sleep } from '../lib/clock.mjs';
import { Ledger } from '../lib/ledger.mjs';

const UNMEASURED = 50;
const PAUSE_MS = 15;

/** From enqueueing to the start of the handler, the worker idle, one at a time. */
export async function latency(run) {
  const total = run.count + UNMEASURED;
  const ledger = new Ledger(total);
  const latencies = [];
  let started;
  await run.system.start((payload) => {
    const at = now();
    ledger.ran(payload.n);
    started(at);
  });
  const end = now() + run.capMs;
  let enqueued = 0;
  for (; enqueued < total && now() < end; enqueued++) {
    await sleep(2 * PAUSE_MS);
    const start = now();
    const at = new Promise((resolve) => (started = resolve));
    await run.system.enqueueOne(run.payloadOf(enqueued));
    const took = (await at) - start;
    // A system that polls every two seconds has no time for unmeasured ones.
    if (enqueued >= UNMEASURED || took > 250) latencies.push(took);
  }
  await run.stop();
  return {
    latencies,
    verified: await run.verify(ledger, enqueued),
    details: { samples: latencies.length, slowestMs: Math.max(...latencies) },
  };
}
