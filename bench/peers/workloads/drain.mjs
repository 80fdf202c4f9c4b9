import { now, within } from '../lib/clock.mjs';
import { Ledger } from '../lib/ledger.mjs';
import { Processor } from '../lib/processor.mjs';

/** How fast one process empties a queue of no-op jobs: from its start until its stop has recorded the last outcome. */
export async function drain(run) {
  const ledger = new Ledger(run.count);
  await run.enqueue(run.count);
  await run.settle();
  const processor = await Processor.start(run.client);
  const start = now();
  await run.system.start((payload) => void ledger.ran(payload.n));
  const finished = await within(ledger.all, run.capMs);
  const ranAt = now();
  await run.stop();
  const end = now();
  const used = processor.used(ledger.seen);
  return {
    perSecond: (ledger.seen * 1000) / (end - start),
    verified: await run.verify(ledger, run.count),
    details: { finished, jobs: ledger.seen, stopMs: end - ranAt, ...used },
  };
}
