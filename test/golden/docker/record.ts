// Records the goldens from a real docker with an empty store, which is emptied again after every scenario:
//   DOCKER=/path/to/docker node test/golden/docker/record.ts [images|stages|containers]
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Answer, play } from './scenario.ts';
import { sets } from './sets.ts';

const command = process.env['DOCKER'] ?? 'docker';
const env = { DOCKER_CLI_HINTS: 'false', BUILDKIT_PROGRESS: 'plain' };
const docker = (...args: readonly string[]): string => execFileSync(command, args, { encoding: 'utf8' }).trim();

function empty(): void {
  const containers = docker('ps', '-aq');
  if (containers !== '') docker('rm', '-f', ...containers.split('\n'));
  docker('system', 'prune', '-a', '-f', '--volumes');
  docker('builder', 'prune', '-a', '-f');
}

if (docker('ps', '-aq') + docker('images', '-aq') !== '') throw new Error(`the store of ${command} is not empty`);
const wanted = process.argv[2];
for (const { name, scenarios } of sets) {
  if (wanted !== undefined && wanted !== name) continue;
  const golden: Record<string, readonly Answer[]> = {};
  for (const scenario of scenarios) {
    golden[scenario.name] = await play(scenario, { command, env });
    empty();
  }
  const path = join(import.meta.dirname, `${name}.json`);
  writeFileSync(path, `${JSON.stringify(golden, undefined, 1)}\n`);
  console.log(`${path}: ${Object.values(golden).flat().length} command lines`);
}
