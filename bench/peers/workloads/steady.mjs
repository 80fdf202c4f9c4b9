import { now, sleep, within } from '../lib/clock.mjs';
import { Ledger } from '../lib/ledger.mjs';

/** Clients that enqueue one at a time and a worker whose handlers take 1 ms, all at once: completed a second, and enqueue to start. */
export async function steady(run) {
  const ledger = new Ledger(run.count);
  const enqueuedAt = new Float64Array(run.count);
  const latencies = [];
  await run.system.start(async (payload) => {
    latencies.push(now() - enqueuedAt[payload.n]);
    await sleep(1);
    ledger.ran(payload.n);
  });
  await run.settle();
  const start = now();
  const until = () => now() - start > run.capMs;
  const enqueued = await run.enqueueOneByOne({ before: (i) => (enqueuedAt[i] = now()), until });
  const enqueuedAfter = now() - start;
  const finished = await within(ledger.all, Math.max(run.capMs - enqueuedAfter, 0));
  const end = now();
  const completed = ledger.seen;
  await run.stop();
  return {
    perSecond: (completed * 1000) / (end - start),
    latencies,
    verified: await run.verify(ledger, enqueued),
    details: { finished, jobs: completed, enqueuedPerSecond: Math.round((enqueued * 1000) / enqueuedAfter) },
  };
}
