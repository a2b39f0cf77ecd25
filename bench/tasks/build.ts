import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { builders, contenderOf, runFor } from '../builders.ts';
import type { Arena, Contest, ContestEntry } from '../contest.ts';
import { makeTree } from '../inputs.ts';

const files = 20_000;
const totalBytes = 100_000_000;
const name = 'bench-copy';

function makeContext({ folder, scale }: Arena): string {
  const context = join(folder, 'context');
  mkdirSync(context);
  const shape = { seed: 7, files: Math.ceil(files * scale), totalBytes: Math.ceil(totalBytes * scale) };
  makeTree(join(context, 'files'), shape);
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY files /files\n');
  return context;
}

const contest = (scale: number): Pick<Contest, 'title' | 'rules'> => ({
  title: `\`build\` with a COPY of ${Math.ceil(files * scale).toLocaleString('en')} files, ${Math.ceil((totalBytes * scale) / 1e6)} MB`,
  rules:
    'One COPY on scratch. Strata and podman flush the image before they say it is there, docker does not; docker’s daemon keeps the context of the build before.',
});

export const contests: readonly ContestEntry[] = [
  {
    name: 'build-copy',
    prepare: async (arena) => {
      const context = makeContext(arena);
      const found = await builders(arena);
      return {
        ...contest(arena.scale),
        goal: '≤ 0.6× BuildKit (wall)',
        contenders: found.map((builder) => ({
          ...contenderOf(builder),
          command: [...builder.build, '-q', '-t', name, context],
          after: () => runFor(builder, builder.forget(name)),
        })),
      };
    },
  },
  {
    name: 'build-copy-changed',
    prepare: async (arena) => {
      const context = makeContext(arena);
      const found = await builders(arena);
      for (const builder of found) runFor(builder, [[...builder.build, '-q', '-t', name, context]]);
      return {
        ...contest(arena.scale),
        title: `${contest(arena.scale).title}, again with one of them changed`,
        goal: '≤ 0.3× BuildKit (wall)',
        contenders: found.map((builder) => ({
          ...contenderOf(builder),
          command: [...builder.build, '-q', '-t', name, context],
          before: () => appendFileSync(join(context, 'files/d0/s0/file-0.dat'), 'x'),
        })),
      };
    },
  },
];
