import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ContestEntry } from '../contest.ts';
import { driver } from '../drivers/driver.ts';
import { makeDockerArchive, makeImage, scaled, sixLayers } from '../inputs.ts';

const goalMs = 20;
const rounds = 3;
const tag = 'bench/six:1';

/** A folder that builds to an image of busybox. */
function busyboxContext(folder: string): string {
  const context = join(folder, 'context');
  mkdirSync(context);
  copyFileSync('/bin/busybox', join(context, 'busybox'));
  writeFileSync(
    join(context, 'Dockerfile'),
    `FROM scratch\n${['sh', 'head', 'sleep'].map((name) => `COPY busybox /bin/${name}\n`).join('')}`,
  );
  return context;
}

export const contests: readonly ContestEntry[] = [
  {
    name: 'stalls',
    prepare: async ({ folder, scale }) => {
      const archive = join(folder, 'six.tar');
      makeDockerArchive(archive, makeImage(folder, 'six', scaled(sixLayers, scale)), tag);
      const command = await driver('server', folder);
      const context = busyboxContext(folder);
      return {
        title: 'Longest stall of the event loop',
        rules: `An engine in one process, as a server has it: an image of six layers is loaded, containers and images are listed 20 times a second, the logs of ten containers are followed (20,000 lines each). The longest of ${rounds} rounds; goal ${goalMs} ms on a quiet machine.`,
        look: async ({ signal }) => {
          const longest = new Map<string, number>();
          for (let round = 0; round < rounds; round++) {
            const [node, ...words] = [...command, join(folder, `store-${round}`), context, archive, tag];
            const { stdout } = await promisify(execFile)(node ?? '', words, { signal });
            const stalls = JSON.parse(stdout) as Readonly<Record<string, number>>;
            for (const [name, ms] of Object.entries(stalls)) longest.set(name, Math.max(longest.get(name) ?? 0, ms));
          }
          const rows = [...longest].map(([name, ms]) => `| ${name} | ${ms.toFixed(1)} ms |`);
          return ['| work | longest stall |', '|---|---|', ...rows].join('\n');
        },
      };
    },
  },
];
