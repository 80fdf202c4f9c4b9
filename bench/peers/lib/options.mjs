import { parseArgs } from 'node:util';

export const WORKLOADS = ['drain', 'enqueue-one', 'enqueue-many', 'latency', 'steady', 'held-horizon'];
export const SYSTEMS = ['pgconductor', 'graphile-worker', 'pg-boss'];
const PROFILES = ['tuned', 'default'];
const HOLDERS = ['reader', 'writer', 'dump'];

export const HELP = `bench/peers/run WORKLOAD... [options]

Workloads: ${WORKLOADS.join(' ')}; all: the first five
(docs/operations/peers.md says what each measures and which settings the peers get)

  --json              one JSON object a line instead of a table
  --connection URL    the server, postgres://...; else DATABASE_URL, else a temporary local server with durable commits
  --count N           jobs of a run (default: as bench/run; samples, for latency)
  --warm-up N         jobs before the measured ones (default: as bench/run)
  --repeat N          runs of each, taken in turn; medians are reported (default 3; 1 for held-horizon)
  --clients N         clients that enqueue at once (default 8)
  --payload BYTES     size of a payload (default 100)
  --cap SECONDS       a peer too slow for the whole count is stopped after this; its rate is what it did (default 30)
  --systems LIST      of ${SYSTEMS.join(',')} (default: all)
  --profiles LIST     of ${PROFILES.join(',')}: the peers' settings (default: both; tuned for held-horizon)
  --seconds N         held-horizon: how long the transaction is left open (default 120)
  --rate N            held-horizon: jobs a second in its steady half (default 500)
  --holder WHICH      held-horizon: ${HOLDERS.join(', ')}: REPEATABLE READ that has read, one that has written, a stalled pg_dump (default reader)
  --smoke             tiny counts: whether all of it works, not how fast
`;

export class UsageError extends Error {}

const DEFAULTS = {
  drain: { count: 200_000, warmUp: 20_000 },
  'enqueue-one': { count: 20_000, warmUp: 2000 },
  'enqueue-many': { count: 200_000, warmUp: 20_000 },
  latency: { count: 300, warmUp: 5000 },
  steady: { count: 30_000, warmUp: 40_000 },
  'held-horizon': { count: 0, warmUp: 20_000, repeat: 1, profiles: ['tuned'] },
};
const SMOKE = { count: 300, warmUp: 100, repeat: 1, cap: 4, seconds: 4, rate: 100 };

export function parseOptions(args) {
  const text = { type: 'string' };
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        help: { type: 'boolean', short: 'h' },
        json: { type: 'boolean' },
        smoke: { type: 'boolean' },
        ...Object.fromEntries(
          ['connection', 'count', 'warm-up', 'repeat', 'clients', 'payload', 'cap', 'systems', 'profiles', 'seconds', 'rate', 'holder'].map((name) => [name, text]),
        ),
      },
    });
  } catch (error) {
    throw new UsageError(`${error.message}\n\n${HELP}`);
  }
  const { values, positionals } = parsed;
  if (values.help) return { help: true };
  const named = positionals.length === 0 && values.smoke ? WORKLOADS : positionals.flatMap((name) => (name === 'all' ? WORKLOADS.slice(0, 5) : [name]));
  const workloads = named.map((name) => oneOf('workload', name, WORKLOADS));
  if (workloads.length === 0) throw new UsageError(`name at least one workload.\n\n${HELP}`);
  const smoke = values.smoke ? SMOKE : {};
  const number = (name, min, max) => wholeNumber(`--${name}`, values[name], min, max);
  const options = {
    json: values.json === true,
    connection: connectionOf(values.connection ?? process.env.DATABASE_URL),
    clients: number('clients', 1, 100) ?? 8,
    payload: number('payload', 24, 10_000_000) ?? 100,
    cap: number('cap', 1, 3600) ?? smoke.cap ?? 30,
    seconds: number('seconds', 2, 86_400) ?? smoke.seconds ?? 120,
    rate: number('rate', 1, 100_000) ?? smoke.rate ?? 500,
    holder: oneOf('--holder', values.holder ?? 'reader', HOLDERS),
    systems: listOf('--systems', values.systems, SYSTEMS) ?? SYSTEMS,
  };
  const count = number('count', 1, 100_000_000);
  const warmUp = number('warm-up', 0, 10_000_000);
  const repeat = number('repeat', 1, 1000);
  const profiles = listOf('--profiles', values.profiles, PROFILES);
  options.workloads = workloads.map((name) => {
    const own = DEFAULTS[name];
    return {
      name,
      count: name === 'held-horizon' ? 0 : (count ?? smoke.count ?? own.count),
      warmUp: warmUp ?? smoke.warmUp ?? Math.min(own.warmUp, count ?? own.warmUp),
      repeat: repeat ?? smoke.repeat ?? own.repeat ?? 3,
      profiles: profiles ?? own.profiles ?? PROFILES,
    };
  });
  return options;
}

function connectionOf(text) {
  if (!text?.trim()) return null;
  if (!/^postgres(ql)?:\/\//.test(text)) {
    throw new UsageError('--connection (or DATABASE_URL) must be a postgres://user:password@host:port/database URL here: the peers read no other form.');
  }
  return text;
}

function wholeNumber(name, text, min, max) {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(number >= min && number <= max)) throw new UsageError(`${name} "${text}" must be a whole number from ${min} to ${max}.`);
  return number;
}

function oneOf(name, text, known) {
  if (!known.includes(text)) throw new UsageError(`${name} "${text}" is none of ${known.join(', ')}.`);
  return text;
}

function listOf(name, text, known) {
  return text?.split(',').map((part) => oneOf(name, part.trim(), known));
}
