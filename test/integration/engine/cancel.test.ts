// Canceled work leaves nothing: no lease, no file, no name; and later work runs as if it had never begun.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine, type Operation } from '../../../src/engine/index.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { asTar, dockerArchive, image } from '../../helpers/image-archives.ts';
import { listImages } from '../../helpers/list-images.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom, isSoak, runSeed } from '../../helpers/random.ts';
import { recordsOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';
import { file, tar } from '../../helpers/tar-builder.ts';
import { patienceMs } from '../../helpers/until.ts';
import { untilSame } from '../../helpers/until-same.ts';

const skip = needs('root', 'runc', 'overlay', 'busybox');

interface Work {
  readonly name: string;
  readonly start: (signal: AbortSignal) => Operation<unknown, unknown>;
}

/** Returns every file of a store by path, without the database, locks and the directory that all builds mount on. */
function filesOf(root: string): string[] {
  return namesBelow(root)
    .filter((name) => !/^(?:strata\.db|locks|mount-points)/.test(name))
    .filter((name) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile() === true)
    .sort();
}

function namesBelow(root: string): string[] {
  for (;;) {
    try {
      return readdirSync(root, { recursive: true, encoding: 'utf8' });
    } catch (error) {
      // A folder of the trash was removed meanwhile.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
}

const isNoTrash = (name: string): boolean => !name.startsWith('trash/');

async function createStore(
  context: TestContext,
): Promise<{ readonly engine: Engine; readonly works: readonly Work[]; readonly out: string }> {
  const engine = await Engine.open({ root: storeRoot(context), storageDriver: 'overlay2' });
  context.after(async () => await engine[Symbol.asyncDispose]());
  const out = temporaryFolder(context);
  await engine.builder.build({ context: busyboxContext(context), tags: ['box'] }).result;
  const script = 'for i in 1 2 3 4; do dd if=/dev/urandom of=/tmp/$i bs=1M count=2; done 2>/dev/null';
  await engine.containers.run({ image: 'box', name: 'one', command: ['sh', '-c', script] }).result;
  const layers = [3, 4].map((mib) => tar(file(`f${mib}`, randomBytes(mib << 20))));
  const archive = join(out, 'in.tar');
  writeFileSync(archive, asTar(dockerArchive([{ image: image(layers), tags: ['loaded:1'] }])));
  const tree = join(out, 'tree.tar');
  writeFileSync(tree, tar(file('data', randomBytes(5 << 20))));
  const output = join(out, 'out.tar');
  const works: readonly Work[] = [
    {
      name: 'build',
      start: (signal) =>
        engine.builder.build({ context: busyboxContext(context, ['RUN true']), noCache: true, signal }),
    },
    { name: 'load', start: (signal) => engine.images.load({ input: archive, signal }) },
    { name: 'import', start: (signal) => engine.images.import({ input: tree, reference: 'imported', signal }) },
    { name: 'commit', start: (signal) => engine.containers.commit('one', { reference: 'made', signal }) },
    { name: 'export', start: (signal) => engine.containers.export('one', { output, signal }) },
    { name: 'save', start: (signal) => engine.images.save({ images: ['box'], output, signal }) },
    { name: 'check', start: (signal) => engine.system.check({ signal }) },
    { name: 'collectGarbage', start: (signal) => engine.system.collectGarbage({ signal }) },
  ];
  return { engine, works, out };
}

function leases(engine: Engine): number {
  using metadata = recordsOf(engine);
  return metadata.leases.list().length;
}

const seed = runSeed();
const rounds = isSoak ? 40 : 3;

/** Runs the operation and cancels it that many milliseconds after its start; returns whether it was done, and when. */
async function runAndCancel(
  { name, start }: Work,
  afterMs: number,
): Promise<{ readonly isDone: boolean; readonly ms: number }> {
  const controller = new AbortController();
  if (afterMs === 0) controller.abort();
  const began = performance.now();
  const timer = setTimeout(() => controller.abort(), afterMs);
  const operation = start(controller.signal);
  const outcome = await operation.result.then(
    () => 'done',
    (error: unknown) => (error instanceof DOMException ? error.name : String(error)),
  );
  clearTimeout(timer);
  assert.ok(outcome === 'AbortError' || (outcome === 'done' && afterMs > 0), `${name}: ${outcome}`);
  return { isDone: outcome === 'done', ms: performance.now() - began };
}

test(`a canceled operation leaves nothing, at any moment (STRATA_SEED=${seed})`, { skip }, async (context) => {
  const { engine, works, out } = await createStore(context);
  const { root } = engine.layout;
  const random = createRandom(seed);
  const undo = async (): Promise<void> => {
    for (const { id, repository } of await engine.images.list()) {
      if (repository !== 'box') await engine.images.remove(id, { force: true });
    }
    await engine.builder.prune();
    await engine.system.collectGarbage().result;
    rmSync(join(out, 'out.tar'), { force: true });
  };
  for (const work of works) {
    const { name } = work;
    let whole = (await runAndCancel(work, patienceMs)).ms;
    await undo();
    const before = {
      files: filesOf(root).filter(isNoTrash),
      names: await listImages(engine),
      out: readdirSync(out).sort(),
    };
    for (let round = 0; round < rounds; round++) {
      const afterMs = round === 0 ? 0 : Math.ceil((random.next(1000) / 1000) * whole);
      const { isDone, ms } = await runAndCancel(work, afterMs);
      if (isSoak) console.log(JSON.stringify({ seed, scenario: `cancel ${name}`, round, afterMs, cancelled: !isDone }));
      if (isDone) {
        whole = ms;
        await undo();
      }
      assert.deepEqual(await listImages(engine), before.names, name);
      assert.deepEqual(readdirSync(out).sort(), before.out, name);
      assert.equal(leases(engine), 0, name);
      // Steps of a build that were done by then stay as its cache.
      if (name === 'build') await engine.builder.prune();
      // The trash may be emptied after the operation.
      await untilSame(() => filesOf(root), before.files, `seed ${seed}, ${name}, round ${round}`);
    }
  }
  const { damages, orphans } = await engine.system.check().result;
  assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
});

test('disposal of an operation ends it and releases everything', { skip }, async (context) => {
  const { engine, works } = await createStore(context);
  const before = filesOf(engine.layout.root).filter(isNoTrash);
  for (const { name, start } of works) {
    if (name === 'build') continue;
    {
      await using operation = start(new AbortController().signal);
      void operation;
    }
    assert.equal(leases(engine), 0, name);
    await untilSame(() => filesOf(engine.layout.root), before, name);
  }
});
