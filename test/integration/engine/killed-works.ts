// Works of the command that may be killed at any moment: how each is prepared, started, and repeated by the next.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Engine } from '../../../src/engine/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { asTar, dockerArchive, image, nameAnnotation, TestLayout } from '../../helpers/image-archives.ts';
import { file, tar } from '../../helpers/tar-builder.ts';

export interface KilledWork {
  readonly name: string;
  /** Brings the store into the state in which the work begins. */
  readonly prepare?: (engine: Engine) => Promise<unknown>;
  /** Arguments of the command. */
  readonly args: readonly string[];
  /** Repeats the work as the next command, which finds the remains of the killed one. */
  readonly again: (engine: Engine) => Promise<unknown>;
  /** Image that exists when the work is done, and can run if it has `true`. */
  readonly makes?: { readonly name: string; readonly runs: boolean };
}

const megabytes = (count: number): Uint8Array => randomBytes(count << 20);

/**
 * Fills a store with an image `base`, a container `one` of it with changed files, and creates inputs of every kind of
 * work.
 */
export async function killedWorks(context: TestContext, engine: Engine): Promise<readonly KilledWork[]> {
  await engine.builder.build({ context: busyboxContext(context), tags: ['base'] }).result;
  const script =
    'mkdir /many; for i in 1 2 3 4 5 6 7 8; do dd if=/dev/urandom of=/many/$i bs=200k count=1; done 2>/dev/null';
  await engine.containers.run({ image: 'base', name: 'one', command: ['sh', '-c', script] }).result;
  await engine.builder.prune({ all: true });

  const folder = temporaryFolder(context, 'inputs');
  const write = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  };
  const files = buildContext(
    context,
    [
      'FROM base',
      'COPY data /data',
      'RUN dd if=/data of=/copy 2>/dev/null; echo more > /more',
      'ADD --link more.tar.gz /added/',
      'RUN rm /data',
    ],
    { data: megabytes(1), 'more.tar.gz': gzipSync(tar(file('a', megabytes(1)), file('b', 'b')), { level: 1 }) },
  );
  const layers = [1, 2, 1].map((mib, at) => tar(file(`f${at}`, megabytes(mib))));
  const layout = new TestLayout();
  const zip = (layer: Uint8Array): Uint8Array => gzipSync(layer, { level: 1 });
  const archive = write(
    'in.tar',
    asTar(layout.index(layout.image(image(layers), zip, '+gzip', nameAnnotation('made:1')))),
  );
  const nameless = write('nameless.tar', asTar(dockerArchive([{ image: image(layers, { author: 'nobody' }) }], zip)));
  const tree = write('tree.tar', tar(file('data', megabytes(3)), file('small', 'x')));
  const load = async (engine: Engine): Promise<unknown> => await engine.images.load({ input: archive }).result;
  const buildMade = async (engine: Engine): Promise<unknown> =>
    await engine.builder.build({ context: files, tags: ['made:1'], noCache: true }).result;

  return [
    {
      name: 'build',
      args: ['build', '-q', '--no-cache', '-t', 'made:1', files],
      again: buildMade,
      makes: { name: 'made:1', runs: true },
    },
    { name: 'load', args: ['load', '-q', '-i', archive], again: load, makes: { name: 'made:1', runs: false } },
    {
      name: 'import',
      args: ['import', tree, 'made:1'],
      again: async (engine) => await engine.images.import({ input: tree, reference: 'made:1' }).result,
      makes: { name: 'made:1', runs: false },
    },
    {
      name: 'commit',
      args: ['commit', 'one', 'made:1'],
      again: async (engine) => await engine.containers.commit('one', { reference: 'made:1' }).result,
      makes: { name: 'made:1', runs: true },
    },
    {
      name: 'rmi',
      prepare: load,
      args: ['rmi', 'made:1'],
      again: async (engine) => {
        if ((await engine.images.list()).some(({ repository }) => repository === 'made'))
          await engine.images.remove('made:1');
      },
    },
    {
      name: 'image prune',
      prepare: async (engine) => await engine.images.load({ input: nameless }).result,
      args: ['image', 'prune', '-f'],
      again: async (engine) => await engine.images.prune(),
    },
    {
      name: 'builder prune',
      prepare: async (engine) => {
        await buildMade(engine);
        await engine.images.remove('made:1');
      },
      args: ['builder', 'prune', '-a', '-f'],
      again: async (engine) => await engine.builder.prune({ all: true }),
    },
  ];
}
