// The processor time that server and client have used: unlike rates, it hardly depends on what else the machine does.
// Reads /proc, so on Linux only; elsewhere, and for a server in another namespace, the server's is null.
import { readdirSync, readFileSync } from 'node:fs';

const MICROSECONDS_PER_TICK = 10_000;

export class Processor {
  #main;
  #server;
  #client;

  static async start(client) {
    const { rows } = await client.query('select pg_backend_pid() as pid');
    const backend = stat(rows[0].pid);
    const processor = new Processor();
    processor.#main = backend?.[0].includes('postgres') ? backend[2] : null;
    processor.#server = serverTicks(processor.#main);
    processor.#client = process.cpuUsage();
    return processor;
  }

  /** Microseconds for each of so many jobs, since the start. */
  used(jobs) {
    const { user, system } = process.cpuUsage(this.#client);
    const server = this.#main && (serverTicks(this.#main) - this.#server) * MICROSECONDS_PER_TICK;
    return {
      clientProcessorMicrosecondsEach: Math.round(((user + system) * 100) / jobs) / 100,
      serverProcessorMicrosecondsEach: this.#main ? Math.round((server * 100) / jobs) / 100 : null,
    };
  }
}

/** Of the main process, its children, and the children that have ended. */
function serverTicks(main) {
  if (!main) return 0;
  const own = stat(main);
  let ticks = own ? sum(own, 12, 16) : 0;
  for (const id of readdirSync('/proc')) {
    if (!/^\d+$/.test(id)) continue;
    const child = stat(id);
    if (child?.[2] === main) ticks += sum(child, 12, 14);
  }
  return ticks;
}

const sum = (fields, from, to) => fields.slice(from, to).reduce((total, field) => total + Number(field), 0);

/** Name, state, parent, and so on, without the number in front; the name is in parentheses and may hold anything. */
function stat(id) {
  try {
    const text = readFileSync(`/proc/${id}/stat`, 'utf8');
    const close = text.lastIndexOf(')');
    return [text.slice(text.indexOf('(') + 1, close), ...text.slice(close + 2).split(' ')];
  } catch {
    return null;
  }
}
