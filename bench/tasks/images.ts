import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Arena, Contender, ContestEntry } from '../contest.ts';
import { type Engine, engines, environmentOf } from '../engines.ts';
import { makeDockerArchive, makeImage, scaleShapes, sixLayers } from '../inputs.ts';
import { removeTree, setUp } from '../peers.ts';

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

/**
 * Makes a docker-archive of `count` images that differ in a label. All have one layer in common, other archives too.
 */
function manyImages(folder: string, name: string, count: number): string {
  const layer = Buffer.alloc(10_240);
  const parts = join(folder, 'parts');
  mkdirSync(parts);
  writeFileSync(join(parts, 'layer.tar'), layer);
  const manifest = Array.from({ length: count }, (_, at) => {
    const config = JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      created: new Date(Date.UTC(2026, 0, 1) + at * 1000).toISOString(),
      config: { Labels: { number: `${name} ${at}` } },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
      history: [{ created_by: 'bench' }],
    });
    const path = `${sha256(config)}.json`;
    writeFileSync(join(parts, path), config);
    return { Config: path, RepoTags: [`${name}/app${at}:1`], Layers: ['layer.tar'] };
  });
  writeFileSync(join(parts, 'manifest.json'), JSON.stringify(manifest));
  const file = join(folder, `${name}.tar`);
  setUp(['tar', '-C', parts, '-cf', file, '.', '--transform=s,^\\./,,']);
  removeTree(parts);
  return file;
}

// Podman's time grows with the square of the number: 2.3 s for 100 images, minutes for 1,000.
const podmanImages = 100;

const leftOut = (count: number): string =>
  count > podmanImages ? ' Podman 4.3 is left out: one listing takes minutes of CPU.' : '';

/** Returns the engines that can handle so many images, with these images in their stores. */
async function withImages(arena: Arena, count: number): Promise<Engine[]> {
  const file = manyImages(arena.folder, 'many', Math.max(1, Math.ceil(count * arena.scale)));
  const found = (await engines(arena)).filter(({ name }) => count <= podmanImages || name !== 'podman');
  for (const engine of found) setUp([...engine.command, 'load', '--quiet', '--input', file], environmentOf(engine));
  return found;
}

const listing = (count: number): ContestEntry => ({
  name: `images-${count}`,
  prepare: async (arena) => ({
    title: `\`images\` with ${count} images in the store`,
    rules: `One name each; all came by \`load\`.${leftOut(count)}`,
    goal: '≤ 1.2× podman (CPU)',
    contenders: (await withImages(arena, count)).map(
      ({ command, name, options, group }) => ({ name, options, group, command: [...command, 'images'] }) as Contender,
    ),
  }),
});

const removal = (count: number): ContestEntry => ({
  name: `image-rm-${count}`,
  prepare: async (arena) => {
    const file = manyImages(arena.folder, 'another', 1);
    const contenders = (await withImages(arena, count)).map((engine): Contender => {
      const { command, prefix, clean: _clean, remove: _remove, ...rest } = engine;
      return {
        ...rest,
        command: [...command, 'rmi', `${prefix}another/app0:1`],
        before: () => setUp([...command, 'load', '--quiet', '--input', file], environmentOf(engine)),
      };
    });
    return {
      title: `\`rmi\` of an image with ${count} others in the store`,
      rules: `All have their one layer in common.${leftOut(count)}`,
      goal: '≤ 0.3× both (wall)',
      contenders,
    };
  },
});

/** Makes a build context with static busybox for the container that is committed. */
function makeContext(arena: Arena): string {
  const context = join(arena.folder, 'context');
  mkdirSync(join(context, 'bin'), { recursive: true });
  copyFileSync('/bin/busybox', join(context, 'bin/busybox'));
  for (const tool of ['sh', 'mkdir', 'seq']) symlinkSync('busybox', join(context, 'bin', tool));
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY bin /bin\n');
  return context;
}

export const contests: readonly ContestEntry[] = [
  listing(10),
  listing(100),
  listing(1000),
  removal(10),
  removal(100),
  removal(1000),
  {
    name: 'image-rm',
    prepare: async (arena) => {
      const image = makeImage(arena.folder, 'image', scaleShapes(sixLayers, arena.scale));
      const file = join(arena.folder, 'image.tar');
      makeDockerArchive(file, image, 'bench:latest');
      removeTree(image.layout);
      const contenders = (await engines(arena)).map((engine): Contender => {
        const { command, clean, prefix, remove: _remove, ...rest } = engine;
        return {
          ...rest,
          command: [...command, 'rmi', `${prefix}bench`],
          before: () => setUp([...command, 'load', '--quiet', '--input', file], environmentOf(engine)),
          after: () => clean && setUp(clean, environmentOf(engine)),
        };
      });
      return {
        title: '`rmi` of an image of 6 layers, 700 MB, 58,000 files',
        rules:
          'Until the command returns; Strata deletes most of the files behind it, which counts as CPU and memory only.',
        goal: '≤ 0.3× both (wall)',
        contenders,
      };
    },
  },
  {
    name: 'commit',
    prepare: async (arena) => {
      const context = makeContext(arena);
      const count = Math.ceil(10_000 * arena.scale);
      const script = `mkdir /d; for i in $(seq ${count}); do echo $i > /d/$i; done`;
      const contenders = (await engines(arena)).map((engine): Contender => {
        const { command, clean, prefix, remove: _remove, ...rest } = engine;
        const run = (...args: string[]): string => setUp([...command, ...args], environmentOf(engine));
        run('build', '--quiet', '--tag', 'box', context);
        run('run', '--name', 'changed', '--network', 'none', `${prefix}box`, 'sh', '-c', script);
        return {
          ...rest,
          command: [...command, 'commit', 'changed', 'made'],
          after: () => {
            run('rmi', `${prefix}made`);
            if (clean) setUp(clean, environmentOf(engine));
          },
        };
      });
      return {
        title: '`commit` of 10,000 new files',
        rules:
          'Of a stopped container; Strata hashes the layer, flushes it and keeps it as a tree, podman keeps a tar as well.',
        goal: '≤ 1.0× docker',
        contenders,
      };
    },
  },
];
