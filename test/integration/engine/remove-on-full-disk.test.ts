// A full disk is when removals must work (moby#10613, containerd#10548).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
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

/** Returns the free bytes and those in the store's reserve. */
function freeBytesOf(root: string): number {
  const { bfree, bsize } = statfsSync(root);
  return bfree * bsize + (statSync(join(root, 'strata.reserve'), { throwIfNoEntry: false })?.size ?? 0);
}

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
  await using engine = await Engine.open({ root });
  assert.equal((await engine.images.list()).length, 3, 'images can be listed');
  assert.deepEqual((await engine.images.remove('one')).untagged, ['one:latest']);
  assert.equal((await engine.builder.prune()).deleted.length, 1);
  fill(join(mounted, 'yet more ballast'));
  const before = freeBytesOf(root);
  assert.deepEqual((await engine.images.prune({ all: true })).untagged.length, 2);
  assert.equal((await engine.builder.prune()).deleted.length, 2);
  await engine.system.collectGarbage().result;
  const grown = freeBytesOf(root) - before;
  assert.ok(grown > 7 * mega, `only ${grown} bytes are free again`);
  assert.deepEqual((await engine.system.check().result).damages, []);
}

test('images and cache can be removed on a full tmpfs', { skip }, async (context) => {
  const mounted = mkdtempSync(join(tmpdir(), 'strata-full-'));
  output('mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', mounted);
  context.after(() => {
    unmount(mounted);
    rmSync(mounted, { recursive: true });
  });
  await removesAll(context, mounted);
});

test('images and cache can be removed on a full ext4', {
  skip: skip || needs('loop', 'mkfs.ext4'),
}, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q', '-m', '0']);
  await removesAll(context, disk.path);
});

test('containers can be removed on a full tmpfs, and one with --rm is removed at its end', {
  skip: needs('root', 'mount', 'overlay', 'runc', 'conmon', 'busybox'),
}, async (context) => {
  const mounted = mkdtempSync(join(tmpdir(), 'strata-full-'));
  output('mount', '-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', mounted);
  context.after(() => {
    unmount(mounted);
    rmSync(mounted, { recursive: true });
  });
  await using engine = await Engine.open({ root: join(mounted, 'store') });
  const { containers } = engine;
  await engine.builder.build({ context: busyboxContext(context), tags: ['busybox'] }).result;
  for (const name of ['one', 'two']) await containers.create({ image: 'busybox', name });
  for (const name of ['lively', 'brave']) {
    await containers.create({ image: 'busybox', name, command: ['sleep', '1000'] });
    await containers.start(name);
  }
  const wait = 'until test -e /run/on; do sleep 0.01; done; exit 3';
  const host = { Tmpfs: { '/run': '' } };
  const running = containers.run({ image: 'busybox', name: 'brief', command: ['sh', '-c', wait], remove: true, host });
  for await (const { type } of running) {
    if (type !== 'started') continue;
    fill(join(mounted, 'ballast'));
    await using touch = await containers.exec('brief', { command: ['touch', '/run/on'] });
    await touch.exitCode;
  }
  assert.equal((await running.result).exitCode, 3);
  fill(join(mounted, 'more ballast'));
  await containers.kill('brave');
  const listed = (await containers.list({ all: true })).map(({ name, state }) => `${name} ${state}`);
  assert.deepEqual(listed.toSorted(), ['brave exited', 'lively running', 'one created', 'two created']);
  for (const name of ['lively', 'brave', 'one', 'two']) await containers.remove(name, { force: true });
  assert.deepEqual(await containers.list({ all: true }), []);
});
