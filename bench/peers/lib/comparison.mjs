// From single runs to medians, and from medians to ours against the best peer.
import { median, round } from './statistics.mjs';

/** What a workload is judged by; a ratio over 1 says that ours is better. */
const FIGURES = {
  drain: [rate('jobs/s', 'perSecond'), time('processor µs/job, client', 'clientProcessorMicrosecondsEach'), time('processor µs/job, server', 'serverProcessorMicrosecondsEach')],
  'enqueue-one': [rate('jobs/s', 'perSecond')],
  'enqueue-many': [rate('jobs/s', 'perSecond')],
  latency: [time('p50 ms', 'p50Ms'), time('p99 ms', 'p99Ms')],
  steady: [rate('jobs/s', 'perSecond'), time('p50 ms', 'p50Ms'), time('p99 ms', 'p99Ms')],
  'held-horizon': [
    rate('jobs/s free', 'limit'),
    rate('jobs/s held', 'perSecond'),
    rate('held/free', 'ratio'),
    rate('last/first slice', 'lastToFirst'),
    time('steady p99 ms', 'p99Ms'),
    time('dead rows', 'deadRows'),
  ],
};

function rate(label, field) {
  return { label, field, higherIsBetter: true };
}

/** A time, or whatever else is better the smaller it is. */
function time(label, field) {
  return { label, field, higherIsBetter: false };
}

/** Runs of one contestant as one result, in the form of the bench's own. */
export function summarise(runs) {
  const last = runs.at(-1);
  const of = (field) => round(median(runs.map((run) => run[field] ?? run.details?.[field])));
  return {
    workload: last.workload,
    system: last.system,
    profile: last.profile,
    version: last.version,
    perSecond: of('perSecond'),
    p50Ms: of('p50Ms'),
    p95Ms: of('p95Ms'),
    p99Ms: of('p99Ms'),
    limit: of('limit'),
    ratio: of('ratio'),
    lastToFirst: of('lastToFirst'),
    deadRows: of('deadRows'),
    count: last.count,
    verified: runs.every((run) => run.verified),
    settings: last.settings,
    details: last.details,
    clientProcessorMicrosecondsEach: of('clientProcessorMicrosecondsEach'),
    serverProcessorMicrosecondsEach: of('serverProcessorMicrosecondsEach'),
    runs: runs.map(({ perSecond, p50Ms, p99Ms, limit, ratio }) => ({ perSecond, p50Ms, p99Ms, limit, ratio })),
  };
}

/** The rows of the table: for each figure of the workload a value a contestant, and how ours compares, run by run. */
export function compare(workload, contestants) {
  return FIGURES[workload].map(({ label, field, higherIsBetter }) => {
    const valueOf = (run) => run[field] ?? run.details?.[field] ?? null;
    const peers = contestants.filter((contestant) => !contestant.ours);
    const own = contestants.find((contestant) => contestant.ours);
    const ratios = [];
    for (let i = 0; own && peers.length > 0 && i < own.runs.length; i++) {
      const theirs = peers.map((peer) => valueOf(peer.runs[i])).filter((value) => value > 0);
      const mine = valueOf(own.runs[i]);
      // Nothing measured, or less than the clock can show, says nothing.
      if (theirs.length === 0 || !(mine > 0)) continue;
      const ratio = higherIsBetter ? mine / Math.max(...theirs) : Math.min(...theirs) / mine;
      if (Number.isFinite(ratio)) ratios.push(ratio);
    }
    return {
      workload,
      label,
      values: contestants.map((contestant) => median(contestant.runs.map(valueOf))),
      ratio: median(ratios),
      ratios: ratios.sort((a, b) => a - b),
    };
  });
}
