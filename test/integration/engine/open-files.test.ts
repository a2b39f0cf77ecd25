// Every work with a few open files left, one more each time: a clear error, nothing half-done; and with enough of them
// the same work succeeds.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { openLibrary } from '../../../src/sys/ffi.ts';
import { temporaryFolder } from '../../helpers/build-folder.ts';
import { leftoversOf, storeFiles } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';
import { killedWorks } from './killed-works.ts';

const RLIMIT_NOFILE = 7;
const enough = 60;

/** Returns the limit below which so many descriptors are free. */
function limitFor(free: number): number {
  const listed = readdirSync('/proc/self/fd');
  // The listing took one descriptor itself.
  const used = new Set(listed.filter((fd) => existsSync(`/proc/self/fd/${fd}`)).map(Number));
  let limit = 0;
  for (let left = free; left > 0 || used.has(limit); limit++) if (!used.has(limit)) left--;
  return limit;
}

/** Runs the work with a limit on open files that leaves so many of them. */
async function withFreeFiles<T>(free: number, work: () => Promise<T>): Promise<T> {
  const library = openLibrary(null);
  const getrlimit = library.declare('getrlimit', 'int32', ['int32', 'pointer']);
  const setrlimit = library.declare('setrlimit', 'int32', ['int32', 'pointer']);
  const limits = new BigUint64Array(2);
  assert.equal(getrlimit(RLIMIT_NOFILE, limits), 0);
  assert.equal(setrlimit(RLIMIT_NOFILE, new BigUint64Array([BigInt(limitFor(free)), limits[1] ?? 0n])), 0);
  try {
    return await work();
  } finally {
    assert.equal(setrlimit(RLIMIT_NOFILE, limits), 0);
  }
}

/** The error must be about open files, not about closing, missing libraries or later effects of the first failure. */
function assertClear(error: unknown): void {
  assert.ok(isStrataError(error), inspect(error));
  assert.match(error.message, /EMFILE|too many open files/i);
}

test('works that run out of open files fail with a clear error and leave nothing', {
  skip: needs('root', 'overlay', 'runc', 'busybox'),
}, async (context) => {
  const root = join(temporaryFolder(context, 'open-files'), 'store');
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  removeRunStateAfter(context, engine.layout.root);
  const works = (await killedWorks(context, engine)).filter(({ name }) =>
    ['build', 'load', 'import', 'commit'].includes(name),
  );
  const out = join(root, '..', 'out.tar');
  const all = [
    ...works,
    { name: 'save', again: async () => await engine.images.save({ images: ['base'], output: out }).result },
    { name: 'export', again: async () => await engine.containers.export('one', { output: out }).result },
    { name: 'inspect', again: async () => await engine.images.inspect('base') },
  ];
  const state = async (): Promise<unknown> => [
    await engine.images.list(),
    storeFiles(engine),
    await leftoversOf(engine),
  ];
  await engine.system.collectGarbage().result;
  const before = await state();
  for (const work of all) {
    let refused = 0;
    for (let free = 0; free <= enough; free++) {
      const error = await withFreeFiles(free, () =>
        work.again(engine).then(
          () => undefined,
          (failure: unknown) => failure,
        ),
      );
      if (error === undefined) break;
      refused++;
      try {
        assertClear(error);
      } catch (failure) {
        throw new Error(`${work.name} with ${free} files free`, { cause: failure });
      }
      await engine.builder.prune({ all: true });
      await engine.system.collectGarbage().result;
      assert.deepEqual(await state(), before, `${work.name} with ${free} files free`);
    }
    assert.ok(refused > 0 && refused < enough, `${work.name}: ${refused}`);
    if ('makes' in work && work.makes !== undefined) await engine.images.remove(work.makes.name);
    await engine.builder.prune({ all: true });
    await engine.system.collectGarbage().result;
  }
});
