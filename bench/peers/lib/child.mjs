import { spawn } from 'node:child_process';

/** Runs a program and returns the JSON objects it printed, one a line; it may fail only with exit code 1 (not verified). */
export async function jsonOf(program, args, env = {}) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...env } });
  const stop = () => child.kill('SIGTERM');
  process.once('exit', stop);
  const output = [];
  child.stdout.on('data', (data) => output.push(data));
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  process.off('exit', stop);
  const lines = Buffer.concat(output).toString('utf8').split('\n').filter(Boolean);
  if ((code !== 0 && code !== 1) || lines.length === 0) throw new Error(`${program} ${args.join(' ')} ended with exit code ${code}.`);
  return lines.map((line) => JSON.parse(line));
}
