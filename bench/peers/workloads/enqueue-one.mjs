import { now } from '../lib/clock.mjs';

/** How fast clients enqueue one at a time, nobody working. */
export async function enqueueOne(run) {
  const started = new Float64Array(run.count);
  const latencies = new Float64Array(run.count);
  await run.settle();
  const start = now();
  await run.enqueueOneByOne({
    before: (i) => (started[i] = now()),
    after: (i) => (latencies[i] = now() - started[i]),
  });
  const end = now();
  return { perSecond: (run.count * 1000) / (end - start), latencies, verified: await run.verifyByDraining(run.count) };
}
