// The one server of a run, and a new database for each measurement.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

const OWNER = fileURLToPath(new URL('../../../artifacts/bin/PgConductor.PostgresOwner/release/PgConductor.PostgresOwner', import.meta.url));
const FACTS = ['server_version', 'synchronous_commit', 'fsync', 'full_page_writes', 'shared_buffers', 'max_wal_size'];

export class Server {
  #owner;

  constructor(url, owner) {
    this.url = url;
    this.#owner = owner;
  }

  /** The server at the connection, else a temporary local one that ends with this process, however it ends. */
  static async start(connection) {
    if (connection) return new Server(connection, null);
    const owner = spawn(OWNER, ['--url', '--durable'], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise((_, reject) => {
      owner.once('error', reject);
      owner.once('exit', (code) => reject(new Error(`the local server did not start: exit code ${code}.`)));
    });
    ended.catch(() => {});
    const [url] = await Promise.race([firstLine(owner.stdout), ended]);
    return new Server(url, owner);
  }

  async facts() {
    return this.#query(async (client) => {
      const { rows } = await client.query("select name, setting || coalesce(unit, '') as value from pg_settings where name = any ($1)", [FACTS]);
      return Object.fromEntries(rows.map((row) => [row.name, row.value]));
    });
  }

  /** Runs the action with the address of a new database, which is dropped afterwards. */
  async withDatabase(action) {
    const name = `bench_peers_${randomBytes(6).toString('hex')}`;
    await this.#query((client) => client.query(`create database ${name}`));
    try {
      const url = new URL(this.url);
      url.pathname = `/${name}`;
      return await action(url.href);
    } finally {
      await this.#query((client) => client.query(`drop database if exists ${name} with (force)`));
    }
  }

  async stop() {
    if (!this.#owner) return;
    const ended = new Promise((resolve) => this.#owner.once('close', resolve));
    this.#owner.stdin.end();
    await ended;
  }

  async #query(action) {
    const client = new pg.Client({ connectionString: this.url });
    await client.connect();
    try {
      return await action(client);
    } finally {
      await client.end();
    }
  }
}

async function firstLine(stream) {
  const lines = createInterface({ input: stream });
  return new Promise((resolve) => lines.once('line', (line) => resolve([line])));
}
