// Every work on a disk that gets full, of bytes or of inodes, at any moment of it: a clear error, nothing half-done,
// existing data stays and can be removed; and with space the same work succeeds.
import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { isDiskFull } from '../../../src/content/disk-failure.ts';
import { Engine } from '../../../src/engine/index.ts';
import { isKind, isStrataError } from '../../../src/errors/index.ts';
import { leftoversOf, storeFiles } from '../../helpers/leftovers.ts';
import { listImages } from '../../helpers/list-images.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs, output } from '../../helpers/needs.ts';
import { createRandom, isSoak, type Random, runSeed } from '../../helpers/random.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';
import { unmount } from '../../helpers/unmount.ts';
import { untilSame } from '../../helpers/until-same.ts';
import { type KilledWork, killedWorks } from './killed-works.ts';

const seed = runSeed();
const mega = 1 << 20;

interface Shortage {
  readonly name: 'bytes' | 'inodes';
  /** Fills the disk up to `free`, which is a random part of `largest`. */
  fill(folder: string, free: number): void;
  readonly largest: number;
  readonly says: RegExp;
}

const bytes: Shortage = {
  name: 'bytes',
  largest: 9 * mega,
  says: /: no space left on device$/,
  fill(folder, free) {
    const fd = openSync(join(folder, 'ballast'), 'w');
    try {
      for (let size = mega; size >= 4096; ) {
        const { bavail, bsize } = statfsSync(folder);
        if (bavail * bsize - size < free || !tryWrite(fd, size)) size >>= 1;
      }
    } finally {
      closeSync(fd);
    }
  },
};

/**
 * Writes and returns true, or false when the space was taken meanwhile: the database's log is written back after its
 * transactions.
 */
function tryWrite(fd: number, size: number): boolean {
  try {
    return writeSync(fd, Buffer.alloc(size)) === size;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return false;
  }
}

const inodes: Shortage = {
  name: 'inodes',
  largest: 60,
  says: /: no inodes left on device$/,
  fill(folder, free) {
    mkdirSync(join(folder, 'ballast'));
    for (let at = statfsSync(folder).ffree - free; at > 0; at--) writeFileSync(join(folder, 'ballast', `${at}`), '');
  },
};

/** Returns the works that make something, and the two that only write it out. */
async function worksOf(context: TestContext, engine: Engine, folder: string): Promise<readonly KilledWork[]> {
  const works = (await killedWorks(context, engine)).filter(({ makes }) => makes !== undefined);
  const out = join(folder, 'out.tar');
  return [
    ...works,
    { name: 'save', args: [], again: async () => await engine.images.save({ images: ['base'], output: out }).result },
    { name: 'export', args: [], again: async () => await engine.containers.export('one', { output: out }).result },
  ];
}

/** Checks the error; a command of RUN has its own words for it. */
function assertClear(error: unknown, says: RegExp): void {
  if (isStrataError(error, 'ERR_RUN_FAILED')) return;
  assert.ok(isKind(error, 'exhausted'), inspect(error));
  assert.match(error.message, says);
  assert.ok(error.hint !== undefined);
}

async function undo(engine: Engine, { makes }: KilledWork, folder: string): Promise<void> {
  if (makes !== undefined) await engine.images.remove(makes.name);
  await engine.builder.prune({ all: true });
  await engine.system.collectGarbage().result;
  rmSync(join(folder, 'out.tar'), { force: true });
}

async function sweep(context: TestContext, folder: string, shortage: Shortage, rounds: number): Promise<void> {
  const root = join(folder, 'store');
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  removeRunStateAfter(context, engine.layout.root);
  const works = await worksOf(context, engine, folder);
  await engine.system.collectGarbage().result;
  // Another process may still empty the trash of an earlier command.
  await untilSame(() => readdirSync(engine.layout.trash), []);
  const state = async (): Promise<unknown> => [
    await listImages(engine),
    storeFiles(engine),
    await leftoversOf(engine),
    readdirSync(folder).sort(),
  ];
  const before = await state();
  let refused = 0;
  for (const work of works) {
    for (let round = 0; round < rounds; round++) {
      // The first round has next to nothing.
      const free = round === 0 ? 0 : partOf(createRandom(seed + round), shortage.largest);
      const what = `seed ${seed}, ${work.name} with ${free} ${shortage.name} free`;
      shortage.fill(folder, free);
      const error = await work.again(engine).then(
        () => undefined,
        (failure: unknown) => failure,
      );
      try {
        if (error !== undefined) {
          refused++;
          assertClear(error, shortage.says);
        }
        // The removal happens on the full disk.
        if (error === undefined) await undo(engine, work, folder);
        else {
          await engine.builder.prune({ all: true });
          await engine.images.prune();
          await engine.system.collectGarbage().result;
        }
        rmSync(join(folder, 'ballast'), { recursive: true });
        await untilSame(state, before);
        if (isSoak) console.log(JSON.stringify({ seed, scenario: what, refused: error !== undefined }));
      } catch (failure) {
        throw new Error(what, { cause: failure });
      }
    }
    await work.again(engine);
    await undo(engine, work, folder);
    await untilSame(state, before);
  }
  const { damages, orphans } = await engine.system.check().result;
  assert.deepEqual({ damages, orphans }, { damages: [], orphans: [] });
  assert.ok(refused >= works.length, `only ${refused} were refused`);
}

/** Returns a random part of `largest`, small ones more often. */
const partOf = (random: Random, largest: number): number => Math.round((random.next(1000) / 1000) ** 2 * largest);

const skip = needs('root', 'mount', 'overlay', 'runc', 'busybox');

test(`works survive an ext4 without bytes (STRATA_SEED=${seed})`, {
  skip: skip || needs('loop', 'mkfs.ext4'),
}, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q', '-m', '0'], { megabytes: 96 });
  await sweep(context, disk.path, bytes, isSoak ? 40 : 3);
});

test(`works survive a tmpfs without inodes (STRATA_SEED=${seed})`, { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'strata-inodes-'));
  output('mount', '-t', 'tmpfs', '-o', 'size=128m,nr_inodes=1000', 'tmpfs', folder);
  try {
    await sweep(context, folder, inodes, isSoak ? 40 : 3);
  } finally {
    unmount(folder);
    rmSync(folder, { recursive: true });
  }
});
