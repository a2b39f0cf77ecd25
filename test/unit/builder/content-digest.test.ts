import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BuildContext } from '../../../src/builder/context/build-context.ts';
import { ContextStamps } from '../../../src/builder/context/context-stamps.ts';
import { readContent } from '../../../src/builder/context/read-content.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';
import { fill, folderWith, temporaryFolder } from '../../helpers/build-folder.ts';

const never = new AbortController().signal;

async function digestOf(folder: string, ...sources: string[]): Promise<string> {
  using context = BuildContext.open(folder, 'Dockerfile');
  const found = (sources.length > 0 ? sources : ['.']).flatMap((source) => context.find(source));
  return (await readContent(context, found, { stamps: new ContextStamps(), keepsOwner: false, signal: never })).digest;
}

const items = {
  'dir/file': 'content',
  'dir/other': 'more',
  'dir/empty/': '',
  'dir/link': { link: 'file' },
  top: 'x',
};

const setXattr = (folder: string, path: string, name: string, value: string): void =>
  setXattrAt(-100, join(folder, path), name, Buffer.from(value));

test('equal files have one digest, whatever their times, order and location', async (t) => {
  const one = folderWith(t, items);
  const two = temporaryFolder(t);
  fill(two, Object.fromEntries(Object.entries(items).reverse()));
  utimesSync(join(two, 'dir/file'), 1, 1);
  utimesSync(join(two, 'dir'), 1, 1);
  assert.equal(await digestOf(one), await digestOf(two));
  // More names than fit into one block of a directory, so that the filesystem's order differs from the order of
  // creation.
  const names = Array.from({ length: 500 }, (_, at) => `name-${at}`);
  const three = folderWith(t, Object.fromEntries(names.map((name) => [name, name])));
  const four = folderWith(t, Object.fromEntries(names.reverse().map((name) => [name, name])));
  assert.equal(await digestOf(three), await digestOf(four));
});

const changes: Readonly<Record<string, (folder: string) => void>> = {
  'one byte': (folder) => writeFileSync(join(folder, 'dir/file'), 'cantent'),
  'a byte more': (folder) => writeFileSync(join(folder, 'dir/file'), 'content\0'),
  'the mode of a file': (folder) => chmodSync(join(folder, 'dir/file'), 0o755),
  'the setuid bit': (folder) => chmodSync(join(folder, 'dir/file'), 0o4644),
  'the mode of a folder': (folder) => chmodSync(join(folder, 'dir/empty'), 0o700),
  'the mode of the source itself': (folder) => chmodSync(folder, 0o755),
  'a name': (folder) => renameSync(join(folder, 'dir/file'), join(folder, 'dir/file2')),
  'a link target': (folder) => {
    rmSync(join(folder, 'dir/link'));
    symlinkSync('other', join(folder, 'dir/link'));
  },
  'a link that becomes what it points to': (folder) => {
    rmSync(join(folder, 'dir/link'));
    writeFileSync(join(folder, 'dir/link'), 'content');
  },
  'an empty folder less': (folder) => rmSync(join(folder, 'dir/empty'), { recursive: true }),
  'an empty file more': (folder) => writeFileSync(join(folder, 'dir/new'), ''),
  'a file that becomes a folder': (folder) => {
    rmSync(join(folder, 'top'));
    mkdirSync(join(folder, 'top'));
  },
  'a file moved to another folder': (folder) => renameSync(join(folder, 'dir/file'), join(folder, 'file')),
  'two contents exchanged': (folder) => {
    writeFileSync(join(folder, 'dir/file'), 'more');
    writeFileSync(join(folder, 'dir/other'), 'content');
  },
  'an xattr': (folder) => setXattr(folder, 'dir/file', 'user.a', '1'),
  'the xattr of a folder': (folder) => setXattr(folder, 'dir', 'user.a', '1'),
  'a fifo more': (folder) => void execFileSync('mkfifo', [join(folder, 'fifo')]),
};

for (const [what, change] of Object.entries(changes)) {
  test(`another digest: ${what}`, async (t) => {
    const folder = folderWith(t, items);
    chmodSync(folder, 0o700);
    const before = await digestOf(folder);
    change(folder);
    assert.notEqual(await digestOf(folder), before);
  });
}

test('the same size and times with other bytes is another digest (D11)', async (t) => {
  const folder = folderWith(t, { f: 'aaaa' });
  utimesSync(join(folder, 'f'), 1000, 1000);
  const before = await digestOf(folder);
  writeFileSync(join(folder, 'f'), 'bbbb');
  utimesSync(join(folder, 'f'), 1000, 1000);
  assert.notEqual(await digestOf(folder), before);
});

test('the value of an xattr counts; those of the machine and of overlayfs do not', async (t) => {
  const folder = folderWith(t, items);
  const digests = new Set([await digestOf(folder)]);
  for (const [name, value] of [
    ['user.a', '1'],
    ['user.a', '2'],
    ['user.a', ''],
    ['user.b', 'user.a'],
  ] as const) {
    setXattr(folder, 'dir/file', name, value);
    digests.add(await digestOf(folder));
  }
  assert.equal(digests.size, 5);
  const before = await digestOf(folder);
  setXattr(folder, 'dir', 'user.overlay.opaque', 'y');
  assert.equal(await digestOf(folder), before);
});

test('the name of a source counts, its location does not', async (t) => {
  const folder = folderWith(t, { 'a/f': 'x', 'b/f': 'x', 'b/g': 'x' });
  assert.equal(await digestOf(folder, 'a/f'), await digestOf(folder, 'b/f'));
  assert.notEqual(await digestOf(folder, 'b/f'), await digestOf(folder, 'b/g'));
  assert.notEqual(await digestOf(folder, 'a/f', 'b/g'), await digestOf(folder, 'b/g', 'a/f'));
  assert.notEqual(await digestOf(folder, 'a'), await digestOf(folder, 'a/f'));
});

test('ignored files do not count', async (t) => {
  const folder = folderWith(t, { ...items, '.dockerignore': '.dockerignore\nlog\n' });
  const before = await digestOf(folder);
  writeFileSync(join(folder, 'log'), 'changes all the time');
  assert.equal(await digestOf(folder), before);
});

test('two names of one file are not two files: they are copied as such, and a RUN that writes to one would tell', async (t) => {
  const linked = folderWith(t, { a: 'x', b: { sameAs: 'a' } });
  const apart = folderWith(t, { a: 'x', b: 'x' });
  assert.notEqual(await digestOf(linked), await digestOf(apart));
  assert.equal(await digestOf(linked, 'a', 'b'), await digestOf(apart, 'a', 'b'), 'each copied by itself');
  assert.equal(await digestOf(linked), await digestOf(folderWith(t, { a: 'x', b: { sameAs: 'a' } })), 'elsewhere');
});

test('names that are no text are kept apart', async (t) => {
  const named = (byte: number): string => {
    const folder = temporaryFolder(t);
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/x`), Buffer.of(byte)]), '');
    return folder;
  };
  assert.notEqual(await digestOf(named(0xfe)), await digestOf(named(0xff)));
});

test('sockets are left out; devices are refused', async (t) => {
  const folder = folderWith(t, { f: '' });
  const before = await digestOf(folder);
  const { createServer } = await import('node:net');
  const server = createServer().listen(join(folder, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  assert.equal(await digestOf(folder), before);
  if (process.getuid?.() !== 0) return;
  execFileSync('mknod', [join(folder, 'null'), 'c', '1', '3']);
  await assert.rejects(digestOf(folder), (error) => isStrataError(error, 'ERR_CONTEXT_SPECIAL_FILE'));
});

test('an abort ends the reading of many files and of a large one', async (t: TestContext) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'large'), Buffer.alloc(160 << 20));
  fill(folder, Object.fromEntries(Array.from({ length: 200 }, (_, at) => [`f${at}`, ''])));
  for (const source of ['large', 'f*']) {
    using context = BuildContext.open(folder, 'Dockerfile');
    const controller = new AbortController();
    const found = context.find(source);
    const reading = readContent(context, found, {
      stamps: new ContextStamps(),
      keepsOwner: false,
      signal: controller.signal,
    });
    controller.abort();
    await assert.rejects(reading, { name: 'AbortError' }, source);
  }
});
