// One run of one workload on one system, in a process of its own: prints one JSON object. Started by run.mjs; the
// database comes in the environment, because everybody can read an argument list.
import { parseArgs } from 'node:util';
import pg from 'pg';
import { MeasuredRun } from './lib/measured-run.mjs';
import { percentile, round } from './lib/statistics.mjs';
import { drain } from './workloads/drain.mjs';
import { enqueueMany } from './workloads/enqueue-many.mjs';
import { enqueueOne } from './workloads/enqueue-one.mjs';
import { heldHorizon } from './workloads/held-horizon.mjs';
import { latency } from './workloads/latency.mjs';
import { steady } from './workloads/steady.mjs';

const ONE_BY_ONE = new Set(['enqueue-one', 'latency', 'steady']);
const WORKLOADS = { drain, 'enqueue-one': enqueueOne, 'enqueue-many': enqueueMany, latency, steady, 'held-horizon': heldHorizon };

const { values } = parseArgs({
  options: Object.fromEntries(
    ['system', 'profile', 'workload', 'count', 'warm-up', 'clients', 'payload', 'cap', 'seconds', 'rate', 'holder'].map((name) => [name, { type: 'string' }]),
  ),
});
const connectionString = process.env.PEERS_DATABASE_URL;
const { System, name, version, schema } = await import(`./systems/${values.system}.mjs`);
const clients = Number(values.clients);
const system = new System({ connectionString, profile: values.profile, workload: values.workload, clients });
const client = new pg.Client({ connectionString });
await client.connect();
await system.setup();
const run = new MeasuredRun({
  system,
  client,
  clients,
  count: Number(values.count),
  payloadBytes: Number(values.payload),
  capSeconds: Number(values.cap),
});
await run.warmUp(Number(values['warm-up']), ONE_BY_ONE.has(values.workload));
const pressure = { seconds: Number(values.seconds), rate: Number(values.rate), holder: values.holder, schema, connectionString };
const { perSecond = null, limit = null, ratio = null, latencies = [], verified, details = {} } = await WORKLOADS[values.workload](run, pressure);
await system.close();
await client.end();
process.stdout.write(
  `${JSON.stringify({
    workload: values.workload,
    system: name,
    profile: values.profile,
    version,
    perSecond: round(perSecond),
    p50Ms: round(percentile(latencies, 0.5)),
    p95Ms: round(percentile(latencies, 0.95)),
    p99Ms: round(percentile(latencies, 0.99)),
    limit: round(limit),
    ratio: round(ratio),
    count: run.count,
    verified,
    settings: system.settings,
    details,
  })}\n`,
  // A peer's timer must not keep the run waiting.
  () => process.exit(verified ? 0 : 1),
);
