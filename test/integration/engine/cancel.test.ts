// Work that is given up leaves nothing: no lease, no file, no name; and what follows works as if it had never begun.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Engine, type Operation } from '../../../src/engine/index.ts';
import { Metadata } from '../../../src/metadata/metadata.ts';
import { storeRoot, temporaryFolder } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { asTar, dockerArchive, image } from '../../helpers/image-archives.ts';
import { needs } from '../../helpers/needs.ts';
import { seeded } from '../../helpers/seeded.ts';
import { file, tar } from '../../helpers/tar-builder.ts';

const skip = needs('root', 'runc', 'overlay', 'busybox');

interface Work {
  readonly name: string;
  readonly start: (signal: AbortSignal) => Operation<unknown, unknown>;
}

/** Every file of a store by path; the database, locks and what all builds mount on stay anyway. */
function filesOf(root: string): string[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => !/^(?:strata\.db|locks|mount-points)/.test(name))
    .filter((name) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile() === true)
    .sort();
}

async function store(
  context: TestContext,
): Promise<{ readonly engine: Engine; readonly works: readonly Work[]; readonly out: string }> {
  const engine = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
  context.after(async () => await engine[Symbol.asyncDispose]());
  const out = temporaryFolder(context);
  await engine.build({ context: busyboxContext(context), tags: ['box'] }).result;
  const script = 'for i in 1 2 3 4; do dd if=/dev/urandom of=/tmp/$i bs=1M count=2; done 2>/dev/null';
  await engine.run({ image: 'box', name: 'one', command: ['sh', '-c', script] }).result;
  const layers = [3, 4].map((mib) => tar(file(`f${mib}`, randomBytes(mib << 20))));
  const archive = join(out, 'in.tar');
  writeFileSync(archive, asTar(dockerArchive([{ image: image(layers), tags: ['loaded:1'] }])));
  const tree = join(out, 'tree.tar');
  writeFileSync(tree, tar(file('data', randomBytes(5 << 20))));
  const output = join(out, 'out.tar');
  const works: readonly Work[] = [
    {
      name: 'build',
      start: (signal) => engine.build({ context: busyboxContext(context, ['RUN true']), noCache: true, signal }),
    },
    { name: 'load', start: (signal) => engine.load({ input: archive, signal }) },
    { name: 'import', start: (signal) => engine.importImage({ input: tree, reference: 'imported', signal }) },
    { name: 'commit', start: (signal) => engine.commit({ container: 'one', reference: 'made', signal }) },
    { name: 'export', start: (signal) => engine.export({ container: 'one', output, signal }) },
    { name: 'save', start: (signal) => engine.save({ images: ['box'], output, signal }) },
    { name: 'check', start: (signal) => engine.check({ signal }) },
    { name: 'collectGarbage', start: (signal) => engine.collectGarbage({ signal }) },
  ];
  return { engine, works, out };
}

function leases({ layout }: Engine): number {
  using metadata = Metadata.open({ database: layout.database, locksDirectory: layout.locks });
  return metadata.leases.list().length;
}

test('what is cancelled leaves nothing, whenever that is', { skip }, async (context) => {
  const { engine, works, out } = await store(context);
  const { root } = engine.layout;
  const random = seeded(23);
  const rounds = process.env['STRATA_SOAK'] === undefined ? 3 : 40;
  for (const { name, start } of works) {
    const before = { files: filesOf(root), names: namesOf(engine), out: readdirSync(out).sort() };
    for (let round = 0; round <= rounds; round++) {
      const controller = new AbortController();
      if (round === 0) controller.abort();
      const operation = start(controller.signal);
      if (round > 0) await Promise.race([sleep(random.next(120)), operation.result.catch(() => undefined)]);
      controller.abort();
      const outcome = await operation.result.then(
        () => 'done',
        (error: unknown) => (error instanceof DOMException ? error.name : String(error)),
      );
      // It may have been quicker; then it is taken back by hand.
      if (round === 0) assert.equal(outcome, 'AbortError', name);
      if (outcome === 'done') break;
      assert.equal(outcome, 'AbortError', name);
      assert.deepEqual(namesOf(engine), before.names, name);
      assert.deepEqual(readdirSync(out).sort(), before.out, name);
      assert.equal(leases(engine), 0, name);
      // Steps of a build that were done by then stay, as its cache.
      if (name === 'build') await engine.pruneBuildCache();
      assert.deepEqual(filesOf(root), before.files, `${name}, round ${round}`);
    }
    for (const { id, repository } of engine.images.list()) {
      if (repository !== 'box') await engine.removeImage({ image: id, force: true });
    }
    await engine.pruneBuildCache();
    await engine.collectGarbage().result;
  }
  const { damages, orphans } = await engine.check().result;
  assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
});

const namesOf = ({ images }: Engine): string[] =>
  images.list().map(({ repository, tag, id }) => `${repository}:${tag} ${id}`);

test('an operation that is disposed of ends, and lets go of everything', { skip }, async (context) => {
  const { engine, works } = await store(context);
  const before = filesOf(engine.layout.root);
  for (const { name, start } of works) {
    if (name === 'build') continue;
    {
      await using operation = start(new AbortController().signal);
      void operation;
    }
    assert.equal(leases(engine), 0, name);
    assert.deepEqual(filesOf(engine.layout.root), before, name);
  }
});
