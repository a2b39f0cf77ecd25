import assert from 'node:assert/strict';
import { appendFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { BuildContext } from '../../../src/builder/context/build-context.ts';
import { ContextStamps } from '../../../src/builder/context/context-stamps.ts';
import { DigestCache } from '../../../src/builder/context/digest-cache.ts';
import { readContent } from '../../../src/builder/context/read-content.ts';
import { TreeWriter } from '../../../src/builder/ops/tree-writer.ts';
import { parseChmod } from '../../../src/dockerfile/chmod.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';
import { type FolderItem, fill, folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { needs } from '../../helpers/needs.ts';
import { openFiles } from '../../helpers/open-files.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

// Above a thousand files a second thread reads them.
const skip = needs('root');
const count = 3000;
const nameOf = (at: number): string => `d${at % 41}/s${at % 3}/file-${at}`;

function manyFiles(t: TestContext): string {
  const items = Object.fromEntries(
    Array.from({ length: count }, (_, at): [string, FolderItem] => [nameOf(at), `content ${at}`.repeat(at % 50)]),
  );
  return folderWith(t, {
    ...items,
    'z/large': 'l'.repeat(3 << 20),
    'z/one': 'linked',
    'z/two': { sameAs: 'z/one' },
    'y/three': { sameAs: 'z/one' },
    'z/suid': { mode: 0o4751, content: 's' },
    'z/private': { mode: 0o600, content: 'p' },
    'z/link': { link: '/etc/passwd' },
    'z/empty': '',
    'z/zz/deep/er/file': 'x',
  });
}

const never = new AbortController().signal;

interface CopyOptions {
  readonly chown?: string;
  readonly chmod?: string;
  readonly signal?: AbortSignal;
  /** Runs between the digest and the copy. */
  readonly meanwhile?: () => void;
}

async function copy(folder: string, target: string, options: CopyOptions = {}): Promise<string> {
  const { chown = '', chmod = '', signal = never } = options;
  using context = BuildContext.open(folder);
  const [source] = context.find('.');
  assert.ok(source);
  const stamps = new ContextStamps();
  const { digest } = await readContent(context, [source], { stamps, keepsOwner: false, signal: never });
  options.meanwhile?.();
  const change = chmod === '' ? undefined : parseChmod(chmod);
  using writer = new TreeWriter(target, {
    chown,
    keepsOwner: false,
    chmod: change,
    chmodText: chmod,
    time: undefined,
    signal,
  });
  await writer.copy(context, source, '/to', stamps);
  stamps.checkAll();
  writer.finish();
  return digest;
}

const listing = (folder: string): string[] => treeListing(`${folder}/.`, { withBlocks: false }).slice(1);

test('thousands of files with everything that files may have are copied as they are, and no file stays open', {
  skip,
}, async (t) => {
  const folder = manyFiles(t);
  setXattrAt(-100, join(folder, 'z/private'), 'user.note', Buffer.of(0, 255));
  writeFileSync(join(folder, 'z/sparse'), 'x');
  truncateSync(join(folder, 'z/sparse'), 1 << 20);
  await copy(folder, temporaryFolder(t));
  const before = openFiles();
  const target = temporaryFolder(t);
  await copy(folder, target);
  assert.deepEqual(listing(join(target, 'to')), listing(folder));
  assert.equal(openFiles(), before);
});

test('thousands of folders with a file each take few descriptors', { skip }, async (t) => {
  const items = Array.from({ length: 3000 }, (_, at): [string, FolderItem] => [`d${at}/file`, `${at}`]);
  const folder = folderWith(t, Object.fromEntries(items));
  const before = openFiles();
  let most = 0;
  const over = new AbortController();
  const watching = (async () => {
    for (; !over.signal.aborted; await turn()) most = Math.max(most, openFiles());
  })();
  const target = temporaryFolder(t);
  await copy(folder, target);
  over.abort();
  await watching;
  assert.deepEqual(listing(join(target, 'to')), listing(folder));
  assert.ok(most - before < 600, `${most - before} more`);
});

test('thousands of files are copied over existing ones, with --chown and --chmod', { skip }, async (t) => {
  const folder = manyFiles(t);
  const target = temporaryFolder(t);
  const items = Array.from({ length: count }, (_, at): [string, FolderItem] => [
    `to/${nameOf(at)}`,
    at % 3 === 0 ? { link: '/etc/passwd' } : 'older and longer than what comes'.repeat(at % 60),
  ]);
  fill(target, Object.fromEntries(items.filter((_, at) => at % 2 === 0)));
  await copy(folder, target, { chown: '5:6', chmod: 'u=rwX,go=' });
  const fresh = temporaryFolder(t);
  await copy(folder, fresh, { chown: '5:6', chmod: 'u=rwX,go=' });
  assert.deepEqual(listing(join(target, 'to')), listing(join(fresh, 'to')));
  assert.ok(listing(join(target, 'to')).some((line) => line.includes(nameOf(2999)) && line.includes('600')));
});

test('the digest of thousands of files is that of their bytes, however it is computed', { skip }, async (t) => {
  const folder = manyFiles(t);
  const cachePath = join(temporaryFolder(t), 'cache');
  const digest = async (digests?: DigestCache): Promise<string> => {
    using context = BuildContext.open(folder, undefined, { digests });
    const options = { stamps: new ContextStamps(), keepsOwner: false, signal: never };
    return (await readContent(context, context.find('.'), options)).digest;
  };
  const plain = await digest();
  assert.equal(await digest(), plain);
  assert.equal(await digest(DigestCache.open(cachePath)), plain);
  assert.equal(await digest(DigestCache.open(cachePath)), plain);
  for (const at of [0, 1500, 2999]) {
    appendFileSync(join(folder, nameOf(at)), 'x');
    const changed = await digest(DigestCache.open(cachePath));
    assert.equal(await digest(), changed);
    assert.notEqual(changed, plain, String(at));
    truncateSync(join(folder, nameOf(at)), `content ${at}`.repeat(at % 50).length);
    assert.equal(await digest(DigestCache.open(cachePath)), plain, `${at} as it was`);
  }
});

const changes: Readonly<Record<string, (folder: string) => void>> = {
  'is written to': (folder) => appendFileSync(join(folder, nameOf(2500)), 'x'),
  'is removed': (folder) => rmSync(join(folder, nameOf(2500))),
  'becomes a symlink to one of the host': (folder) => {
    rmSync(join(folder, nameOf(2500)));
    symlinkSync('/etc/passwd', join(folder, nameOf(2500)));
  },
  'lies in a folder that becomes a symlink': (folder) => {
    renameSync(join(folder, 'd7'), join(folder, '../moved'));
    symlinkSync('/etc', join(folder, 'd7'));
  },
  'is added': (folder) => writeFileSync(join(folder, 'd7/s1/new'), ''),
};

for (const [what, change] of Object.entries(changes)) {
  test(`one of thousands of files ${what} between key and copy`, { skip }, async (t) => {
    const folder = join(temporaryFolder(t), 'context');
    renameSync(manyFiles(t), folder);
    const before = openFiles();
    await assert.rejects(copy(folder, temporaryFolder(t), { meanwhile: () => change(folder) }), (error) =>
      isStrataError(error, 'ERR_CONTEXT_CHANGED'),
    );
    assert.equal(openFiles(), before);
  });
}

test('a conflict among thousands of files is reported, and an abort ends the copy; no file stays open', {
  skip,
}, async (t) => {
  const folder = manyFiles(t);
  const before = openFiles();
  const target = temporaryFolder(t);
  fill(target, { [`to/${nameOf(2000)}/x`]: '' });
  await assert.rejects(copy(folder, target), (error) => isStrataError(error, 'ERR_COPY_DESTINATION'));
  const controller = new AbortController();
  const meanwhile = (): void => void setImmediate(() => controller.abort(new Error('enough')));
  await assert.rejects(copy(folder, temporaryFolder(t), { signal: controller.signal, meanwhile }), /enough/);
  assert.equal(openFiles(), before);
});
