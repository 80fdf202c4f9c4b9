import { readFileSync } from 'node:fs';

/** The version that is installed, not the one that was asked for. */
export function versionOf(name) {
  const file = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
