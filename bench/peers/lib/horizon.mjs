import { spawn } from 'node:child_process';
import pg from 'pg';
import { sleep } from './clock.mjs';

const HOLDS_WITHIN_MS = 60_000;

/** Keeps every row that is deleted from now on from being cleaned up; returns what ends it. The same ways as bench/run. */
export async function holdHorizon(connectionString, holder) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  if (holder === 'dump') return stallDump(client, connectionString);
  await client.query('create table if not exists public.horizon_holder (n integer)');
  if (holder === 'writer') await client.query('begin; insert into public.horizon_holder values (1)');
  else await client.query('begin isolation level repeatable read; select count(*) from public.horizon_holder');
  return async () => {
    await client.query('rollback');
    await client.end();
  };
}

/** A real pg_dump whose output nobody reads. */
async function stallDump(client, connectionString) {
  // More than the pipe and the connection take in.
  await client.query('create table if not exists public.horizon_ballast as select repeat(md5(n::text), 100) as text from generate_series(1, 20000) n');
  const dump = spawn('pg_dump', ['--dbname', connectionString], { stdio: ['ignore', 'pipe', 'inherit'] });
  let ended = null;
  dump.once('error', (error) => (ended = error));
  const closed = new Promise((resolve) =>
    dump.once('exit', (code) => {
      ended ??= new Error(`pg_dump ended with exit code ${code}.`);
      resolve();
    }),
  );
  const until = Date.now() + HOLDS_WITHIN_MS;
  for (;;) {
    const { rowCount } = await client.query(
      "select from pg_stat_activity where datname = current_database() and application_name = 'pg_dump' and backend_xmin is not null",
    );
    if (rowCount > 0) break;
    if (ended) throw ended;
    if (Date.now() > until) throw new Error(`pg_dump took no snapshot within ${HOLDS_WITHIN_MS / 1000} s.`);
    await sleep(20);
  }
  return async () => {
    dump.kill('SIGKILL');
    await closed;
    await client.end();
  };
}
