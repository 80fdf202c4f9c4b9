import { now } from '../lib/clock.mjs';

const CHUNKS = [1000, 10_000];

/** How fast one client enqueues in chunks of 1,000 and of 10,000; the faster is reported. */
export async function enqueueMany(run) {
  const details = {};
  let best = 0;
  let verified = true;
  for (const chunk of CHUNKS) {
    await run.settle();
    const start = now();
    await run.enqueue(run.count, chunk);
    const perSecond = (run.count * 1000) / (now() - start);
    details[`perSecondInChunksOf${chunk}`] = Math.round(perSecond);
    best = Math.max(best, perSecond);
    verified = (await run.verifyByDraining(run.count)) && verified;
  }
  return { perSecond: best, verified, details };
}
