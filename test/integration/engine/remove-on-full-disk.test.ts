// A full disk is when things have to be removable (moby#10613, containerd#10548).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { loopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs, output } from '../../helpers/needs.ts';
import { unmount } from '../../helpers/unmount.ts';

const skip = needs('root', 'mount', 'overlay');
const mega = 1 << 20;

/** Writes until not one byte is free. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (let size = mega; size >= 1; ) {
      try {
        writeSync(fd, Buffer.alloc(size));
      } catch {
        size = size >> 1;
      }
    }
  } finally {
    closeSync(fd);
  }
}

const freeBytes = (path: string): number => {
  const { bfree, bsize } = statfsSync(path);
  return bfree * bsize;
};

async function removesAll(context: TestContext, mounted: string): Promise<void> {
  const root = join(mounted, 'store');
  {
    await using engine = await Engine.open({ root });
    for (const tag of ['one', 'two', 'three']) {
      const folder = buildContext(context, ['FROM scratch', 'COPY data /'], { data: randomBytes(4 * mega) });
      await engine.builder.build({ context: folder, tags: [tag] }).result;
    }
  }
  fill(join(mounted, 'ballast'));
  fill(join(mounted, 'more ballast'));
  const before = freeBytes(mounted);
  await using engine = await Engine.open({ root });
  assert.equal((await engine.images.list()).length, 3, 'what is there can be looked at');
  assert.deepEqual((await engine.images.remove('one')).untagged, ['one:latest']);
  assert.equal((await engine.builder.prune()).deleted.length, 1);
  fill(join(mounted, 'yet more ballast'));
  assert.deepEqual((await engine.images.prune({ all: true })).untagged.length, 2);
  assert.equal((await engine.builder.prune()).deleted.length, 2);
  await engine.system.collectGarbage().result;
  const grown = freeBytes(mounted) - before;
  assert.ok(grown > 7 * mega, `only ${grown} bytes are free again`);
  assert.deepEqual((await engine.system.check().result).damages, []);
}

test('on a full tmpfs images and cache can be removed', { skip }, async (context) => {
  const mounted = mkdtempSync(join(tmpdir(), 'strata-full-'));
  output('mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', mounted);
  context.after(() => {
    unmount(mounted);
    rmSync(mounted, { recursive: true });
  });
  await removesAll(context, mounted);
});

test('on a full ext4 images and cache can be removed', {
  skip: skip || needs('loop', 'mkfs.ext4'),
}, async (context) => {
  using disk = loopFilesystem(['mkfs.ext4', '-q', '-m', '0']);
  await removesAll(context, disk.path);
});
