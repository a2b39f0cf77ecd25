// A container that makes files in a loop uses up the inodes of a store's filesystem: removals and listings still work,
// and everything else says why it fails and leaves nothing.
import assert from 'node:assert/strict';
import { mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Engine } from '../../../src/engine/index.ts';
import { isKind } from '../../../src/errors/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { leftoversOf, storeFiles } from '../../helpers/leftovers.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';

/** Creates files with new names until so many inodes are free. */
function leave(path: string, free: number): void {
  const folder = join(path, 'ballast', `${statfsSync(path).ffree}-${free}-${process.hrtime.bigint()}`);
  if (statfsSync(path).ffree > free) mkdirSync(folder, { recursive: true });
  for (let at = 0; statfsSync(path).ffree > free; at++) writeFileSync(join(folder, `${at}`), '');
}

test('without a free inode a store can be listed and cleaned up, and nothing is left half done', {
  skip: needs('root', 'loop', 'mkfs.ext4', 'overlay', 'runc', 'conmon', 'busybox'),
}, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q', '-N', '900']);
  const root = join(disk.path, 'store');
  const out = join(temporaryFolder(context, 'out'), 'out.tar');
  {
    await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
    removeRunStateAfter(context, engine.layout.root);
    await engine.builder.build({ context: busyboxContext(context), tags: ['one', 'two'] }).result;
    for (const name of ['idle', 'busy'])
      await engine.containers.create({ image: 'one', name, command: ['sleep', '1000'] });
    await engine.containers.start('busy');
  }
  // Each work opens the store anew, as a command in a shell does.
  const withEngine = async <T>(work: (engine: Engine) => Promise<T>): Promise<T> => {
    await using engine = await Engine.open({ root });
    return await work(engine);
  };
  const state = async (engine: Engine): Promise<unknown> => {
    const { bundles: _running, ...left } = await leftoversOf(engine);
    return [storeFiles(engine), left];
  };
  const works: Readonly<Record<string, (engine: Engine) => Promise<unknown>>> = {
    run: (engine) => engine.containers.run({ image: 'one', command: ['true'], remove: true }).result,
    create: (engine) => engine.containers.create({ image: 'one', command: ['true'] }),
    start: (engine) => engine.containers.start('idle'),
    commit: (engine) => engine.containers.commit('idle', { reference: 'made' }).result,
    build: (engine) => engine.builder.build({ context: busyboxContext(context), tags: ['made'], noCache: true }).result,
  };
  for (const free of [0, 1, 3, 5]) {
    leave(disk.path, free);
    await withEngine(async (engine) => {
      assert.equal((await engine.images.list()).length, 2);
      assert.equal((await engine.containers.list({ all: true })).length, 2);
      assert.ok((await engine.system.info()).drivers.length > 0);
      await engine.images.inspect('one');
      await engine.images.history('one');
      await engine.system.diskUsage();
      await engine.images.save({ images: ['one'], output: out }).result;
      await using ended = await engine.containers.exec('busy', { command: ['true'], stdio: 'inherit' });
      assert.equal(await ended.exitCode, 0);
    });
    for (const [name, work] of Object.entries(works)) {
      leave(disk.path, free);
      await withEngine(async (engine) => {
        const before = await state(engine);
        const error = await work(engine).then(
          () => undefined,
          (failure: unknown) => failure,
        );
        assert.ok(isKind(error, 'exhausted'), `${name} with ${free}: ${inspect(error)}`);
        assert.match(error.message, /: no inodes left on device$/, `${name} with ${free}`);
        assert.deepEqual(await state(engine), before, `${name} with ${free}`);
      });
    }
  }
  const removals: readonly ((engine: Engine) => Promise<unknown>)[] = [
    (engine) => engine.images.tag('one', 'three'),
    (engine) => engine.images.remove('three'),
    (engine) => engine.containers.stop('busy', { timeoutSeconds: 0 }),
    (engine) => engine.containers.remove('busy', { force: true }),
    (engine) => engine.containers.prune(),
    (engine) => engine.images.remove('two'),
    (engine) => engine.builder.prune({ all: true }),
    (engine) => engine.images.prune({ all: true }),
    (engine) => engine.system.collectGarbage().result,
  ];
  for (const remove of removals) {
    leave(disk.path, 0);
    await withEngine(remove);
  }
  leave(disk.path, 0);
  await withEngine(async (engine) => {
    assert.deepEqual([await engine.images.list(), await engine.containers.list({ all: true })], [[], []]);
    assert.deepEqual((await engine.system.check().result).damages, []);
  });
});
