// Measures PgConductor and its peers in turn on one server. Exit code 0: all verified; 1: one was not; 2: it could not run.
import os from 'node:os';
import { compare, summarise } from './lib/comparison.mjs';
import { contestantsOf } from './lib/contestants.mjs';
import { HELP, parseOptions, UsageError } from './lib/options.mjs';
import { versionOf } from './lib/packages.mjs';
import { Server } from './lib/server.mjs';
import { figure, table } from './lib/table.mjs';

process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) process.stdout.write(HELP);
  else process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
  process.stderr.write(`bench/peers: ${error instanceof UsageError ? error.message : (error.stack ?? error)}\n`);
  process.exit(2);
}

async function main(options) {
  const server = await Server.start(options.connection);
  try {
    const facts = {
      ...(await server.facts()),
      embedded: options.connection === null,
      machineCores: os.availableParallelism(),
      node: process.versions.node,
      'graphile-worker': versionOf('graphile-worker'),
      'pg-boss': versionOf('pg-boss'),
      pg: versionOf('pg'),
    };
    const measured = [];
    for (const workload of options.workloads) {
      measured.push({ workload, contestants: await measureInTurn(server, workload, options) });
    }
    print(measured, facts, options);
    return measured.every(({ contestants }) => contestants.every(({ result }) => result.verified));
  } finally {
    await server.stop();
  }
}

/** Every contestant once, then every one again, so that what the machine does besides hits all alike. */
async function measureInTurn(server, workload, options) {
  const contestants = contestantsOf(workload, options).map((contestant) => ({ ...contestant, runs: [] }));
  for (let i = 0; i < workload.repeat; i++) {
    for (let j = 0; j < contestants.length; j++) {
      // Each round starts with another one: nobody is always first after the pause, or always after the same one.
      const contestant = contestants[(i + j) % contestants.length];
      const run = await contestant.measure(server, workload, options);
      contestant.runs.push(run);
      process.stderr.write(`${workload.name} ${i + 1}/${workload.repeat}: ${nameOf(contestant)} ${progressOf(run)}${run.verified ? '' : ' NOT VERIFIED'}\n`);
    }
  }
  return contestants.map((contestant) => ({ ...contestant, result: summarise(contestant.runs) }));
}

function print(measured, facts, options) {
  const comparisons = measured.flatMap(({ workload, contestants }) => compare(workload.name, contestants));
  if (options.json) {
    for (const { contestants } of measured) {
      for (const { result } of contestants) {
        const against = result.system === 'pgconductor' ? { ratiosToBestPeer: ratiosOf(result.workload, comparisons) } : {};
        process.stdout.write(`${JSON.stringify({ ...result, ...against, settings: { ...facts, ...result.settings } })}\n`);
      }
    }
    return;
  }
  process.stdout.write(`\n${Object.entries(facts).map(([name, value]) => `${name} ${value}`).join(', ')}\n`);
  for (const { workload, contestants } of measured) {
    const rows = comparisons
      .filter((row) => row.workload === workload.name)
      .map((row) => [row.workload, row.label, ...row.values.map(figure), figure(row.ratio), row.ratios.map(figure).join(' ')]);
    process.stdout.write(`\n${table(['workload', 'figure', ...contestants.map(nameOf), 'ours/best peer', '(each run)'], rows)}\n\n`);
    process.stdout.write(`${contestants.map(({ result }) => `verified ${result.verified ? 'yes' : 'NO'}: ${nameOf(result)} ${settingsOf(result)}`).join('\n')}\n`);
  }
}

function nameOf({ system, profile }) {
  return system === 'pgconductor' ? system : `${system} ${profile}`;
}

function settingsOf(result) {
  const { concurrency, maxClaim, maxPrefetch, retention, worker, client, constructor, queue, work } = result.settings;
  return JSON.stringify({ version: result.version, jobs: result.details?.jobs ?? result.count, cutOff: result.details?.finished === false ? true : undefined, concurrency, maxClaim, maxPrefetch, retention, worker, client, constructor, queue, work });
}

function ratiosOf(workload, comparisons) {
  return Object.fromEntries(comparisons.filter((row) => row.workload === workload).map((row) => [row.label, row.ratio]));
}

function progressOf(run) {
  return [run.perSecond && `${figure(run.perSecond)}/s`, run.p50Ms && `p50 ${figure(run.p50Ms)} ms, p99 ${figure(run.p99Ms)} ms`].filter(Boolean).join(', ');
}
