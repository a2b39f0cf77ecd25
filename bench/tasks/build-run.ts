import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Builder, builders, contenderOf, runFor } from '../builders.ts';
import type { Arena, ContestEntry } from '../contest.ts';

const image = 'bench-run';

/** Makes a context whose Dockerfile copies a static shell and then has these steps. */
function makeContext({ folder }: Arena, steps: readonly string[]): string {
  const context = join(folder, 'context');
  mkdirSync(join(context, 'app'), { recursive: true });
  copyFileSync('/bin/busybox', join(context, 'busybox'));
  for (let at = 0; at < 50; at++) writeFileSync(join(context, `app/file-${at}`), `${at}\n`.repeat(500));
  const base = ['FROM scratch', 'COPY busybox /bin/sh', 'COPY busybox /bin/true', 'COPY busybox /bin/cp'];
  writeFileSync(join(context, 'Dockerfile'), `${[...base, ...steps].join('\n')}\n`);
  return context;
}

const command = ({ build }: Builder, context: string, ...flags: readonly string[]): string[] => [
  ...build,
  ...flags,
  '--network',
  'none',
  '-q',
  '-t',
  image,
  context,
];

const count = 20;

/** Steps of a usual Dockerfile: twelve with those of the base. */
const twelve = [
  'ENV A=1',
  'WORKDIR /app',
  'COPY app /app',
  'RUN cp /app/file-1 /app/made-1',
  'RUN cp -r /app /copy',
  'LABEL a=b',
  'RUN cp /copy/file-2 /made-2',
  'COPY app/file-3 /made-3',
  'CMD ["/bin/true"]',
];

export const contests: readonly ContestEntry[] = [
  {
    name: 'build-run-true',
    prepare: async (arena) => {
      const context = makeContext(
        arena,
        Array.from({ length: count }, () => 'RUN true'),
      );
      const found = await builders(arena);
      for (const builder of found) runFor(builder, [command(builder, context)]);
      return {
        title: `\`build --no-cache --network none\` of ${count} × \`RUN true\``,
        rules:
          'All by runc. Three small files are copied before. Strata and podman flush the image at the end, docker does not.',
        goal: '≤ 1.0× BuildKit (wall)',
        contenders: found.map((builder) => ({
          ...contenderOf(builder),
          command: command(builder, context, '--no-cache'),
        })),
      };
    },
  },
  {
    name: 'build-cached',
    prepare: async (arena) => {
      const context = makeContext(arena, twelve);
      const found = await builders(arena);
      for (const builder of found) runFor(builder, [command(builder, context)]);
      return {
        title: '`build` of 12 steps that are all in the cache',
        rules: 'The context is 51 small files and a shell; docker sends it to its daemon each time.',
        goal: '≤ 3× the legacy builder, ≤ 0.5× BuildKit, ≤ 0.2× buildah (wall)',
        contenders: found.map((builder) => ({ ...contenderOf(builder), command: command(builder, context) })),
      };
    },
  },
  {
    name: 'build-cold',
    prepare: async (arena) => {
      const context = makeContext(arena, twelve);
      const found = await builders(arena);
      return {
        title: '`build` of 12 steps, nothing of them in the cache',
        rules: 'Three of them run a command, by runc. Strata and podman flush the image at the end, docker does not.',
        goal: '≤ 1.0× BuildKit (wall)',
        contenders: found.map((builder) => ({
          ...contenderOf(builder),
          command: command(builder, context),
          after: () => runFor(builder, builder.forget(image)),
        })),
      };
    },
  },
];
