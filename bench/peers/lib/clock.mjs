import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';

export const now = () => performance.now();
export { sleep };

/** Waits for the promise, but no longer than this; says whether it came. */
export async function within(promise, milliseconds) {
  const giveUp = new AbortController();
  const late = sleep(milliseconds, false, { signal: giveUp.signal }).catch(() => false);
  const came = await Promise.race([promise.then(() => true), late]);
  giveUp.abort();
  return came;
}
