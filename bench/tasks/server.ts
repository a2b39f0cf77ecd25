import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ContestEntry } from '../contest.ts';
import { bundleDriver } from '../drivers/bundle-driver.ts';
import { makeDockerArchive, makeImage, scaleShapes, sixLayers } from '../inputs.ts';

/** Stall in milliseconds, as printed by `drivers/server.ts`. */
interface Stall {
  readonly wall: number;
  readonly own: number;
}

const goalMs = 20;
const rounds = 3;
const tag = 'bench/six:1';

/** Makes a build context for an image of busybox. */
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
      makeDockerArchive(archive, makeImage(folder, 'six', scaleShapes(sixLayers, scale)), tag);
      const command = await bundleDriver('server', folder);
      const context = busyboxContext(folder);
      return {
        title: 'Longest stall of the event loop',
        rules: `An engine in one process, as a server has it: an image of six layers is loaded, containers and images are listed 20 times a second, the logs of ten containers are followed (20,000 lines each). The longest of ${rounds} rounds; goal ${goalMs} ms on a quiet machine. The last column leaves out the time in which the kernel had no core for the main thread, which is what others on the machine take.`,
        look: async ({ signal }) => {
          const longest = new Map<string, Stall>();
          for (let round = 0; round < rounds; round++) {
            const [node, ...words] = [...command, join(folder, `store-${round}`), context, archive, tag];
            const { stdout } = await promisify(execFile)(node ?? '', words, { signal });
            const stalls = JSON.parse(stdout) as Readonly<Record<string, Stall>>;
            for (const [name, { wall, own }] of Object.entries(stalls)) {
              const before = longest.get(name) ?? { wall: 0, own: 0 };
              longest.set(name, { wall: Math.max(before.wall, wall), own: Math.max(before.own, own) });
            }
          }
          const rows = [...longest].map(
            ([name, { wall, own }]) => `| ${name} | ${wall.toFixed(1)} ms | ${own.toFixed(1)} ms |`,
          );
          return ['| work | longest stall | with a core |', '|---|---|---|', ...rows].join('\n');
        },
      };
    },
  },
];
