// Who is measured, and how one run of each is had.
import { fileURLToPath } from 'node:url';
import { jsonOf } from './child.mjs';

const BENCH = fileURLToPath(new URL('../../../artifacts/bin/PgConductor.Bench/release/PgConductor.Bench.dll', import.meta.url));
const MEASURE = fileURLToPath(new URL('../measure.mjs', import.meta.url));

export function contestantsOf(workload, options) {
  return options.systems.flatMap((system) => (system === 'pgconductor' ? [ours()] : profilesOf(system, workload).map((profile) => peer(system, profile))));
}

/** What is best for the rate and what is best for the start of a job are two settings of pg-boss; the others have one. */
function profilesOf(system, { name, profiles }) {
  const both = system === 'pg-boss' && (name === 'steady' || name === 'held-horizon') && profiles.includes('tuned');
  return both ? ['tuned', 'notify', ...profiles.filter((profile) => profile !== 'tuned')] : profiles;
}

/** The product, measured by its own bench on the same server. */
function ours() {
  return {
    system: 'pgconductor',
    profile: 'default',
    ours: true,
    async measure(server, workload, options) {
      const args = [BENCH, workload.name, '--json', '--repeat', '1', '--warm-up', workload.warmUp, '--clients', options.clients, '--payload', options.payload];
      if (workload.name === 'held-horizon') {
        args.push('--seconds', options.seconds, '--rate', options.rate, '--holder', options.holder);
      } else {
        args.push('--count', workload.count);
      }
      // The connection in the environment: everybody can read an argument list.
      const results = await jsonOf('dotnet', args.map(String), { DATABASE_URL: server.url });
      return { system: 'pgconductor', profile: 'default', version: 'this checkout', ...results[0] };
    },
  };
}

function peer(system, profile) {
  return {
    system,
    profile,
    ours: false,
    measure: (server, workload, options) =>
      server.withDatabase(async (url) => {
        const given = {
          system,
          profile,
          workload: workload.name,
          count: workload.count,
          'warm-up': workload.warmUp,
          clients: options.clients,
          payload: options.payload,
          cap: options.cap,
          seconds: options.seconds,
          rate: options.rate,
          holder: options.holder,
        };
        const args = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
        const [result] = await jsonOf(process.execPath, ['--expose-gc', MEASURE, ...args], { PEERS_DATABASE_URL: url });
        return result;
      }),
  };
}
