// A layer's tar comes back byte for byte from its index and its tree, whichever program made it and however odd it is.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { applyOnto, LayerIndex, remakeLayer, verifyLayer } from '../../../src/layer/index.ts';
import { concatBytes, equalBytes, utf8 } from '../../../src/lib/bytes.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { needs } from '../../helpers/needs.ts';
import {
  binary,
  characterDevice,
  dir,
  entry,
  fifo,
  file,
  globalPax,
  gnuLongLink,
  gnuLongName,
  hardlink,
  header,
  opaque,
  openTar,
  padToBlock,
  paxBody,
  raw,
  symlink,
  tar,
  whiteout,
  zeros,
} from '../../helpers/tar-builder.ts';

async function remake(indexPath: string, tree: string): Promise<Uint8Array> {
  using index = LayerIndex.open(indexPath);
  const chunks: Uint8Array[] = [];
  for await (const chunk of remakeLayer(index, tree)) chunks.push(chunk);
  return concatBytes(chunks);
}

function same(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (equalBytes(actual, expected)) return;
  const at = expected.findIndex((byte, index) => actual[index] !== byte);
  assert.fail(`${what}: ${actual.length} bytes, not ${expected.length}; they differ at ${at}`);
}

/** Checks that an archive comes back from an overlay directory, from one tree, and packed. */
async function checkComesBack(
  trees: LayerTrees,
  archive: Uint8Array,
  lowers: readonly Uint8Array[] = [],
): Promise<void> {
  const { applied, dirs, indexes } = await trees.chain([...lowers, gzipSync(archive, { level: 1 })]);
  const layer = applied.at(-1)!;
  assert.equal(layer.diffId, `sha256:${createHash('sha256').update(archive).digest('hex')}`);
  assert.equal(layer.tarSizeBytes, archive.length);
  assert.equal(layer.remakeable, true);
  same(await remake(indexes.at(-1)!, dirs.at(-1)!), archive, 'from an overlay directory');
  assert.equal(await verifyLayer(indexes.at(-1)!, dirs.at(-1)!), true);
  const tree = await trees.onto(lowers);
  const indexPath = `${tree}.last.idx`;
  const source = trees.blob(archive);
  const onto = await applyOnto({ source, rootDir: tree, indexPath, isBase: lowers.length === 0 });
  same(await remake(indexPath, tree), archive, 'from one tree');
  const { digest: _, compression: __, ...rest } = layer;
  const { digest: ___, compression: ____, ...ontoRest } = onto;
  assert.deepEqual(ontoRest, rest, 'both ways tell the same of the layer');
}

const base = tar(dir('a'), file('a/f', 'below'), symlink('s', 'a'));
const old = 'x'.repeat(3000);

const odd: readonly {
  readonly title: string;
  readonly archive: Uint8Array;
  readonly lowers?: readonly Uint8Array[];
}[] = [
  { title: 'an empty archive', archive: tar() },
  { title: 'no bytes at all', archive: new Uint8Array(0) },
  { title: 'missing end blocks', archive: openTar(file('a', 'text'), dir('d')) },
  { title: 'a missing last fill', archive: openTar(file('a', 'text')).subarray(0, 512 + 4) },
  { title: 'one end block', archive: openTar(file('a', 'text'), zeros(512)) },
  { title: 'a record of 10 KiB', archive: openTar(file('a', 'text'), zeros(10240 - 1024)) },
  { title: 'a mebibyte of zeros behind the end', archive: openTar(file('a', 'text'), zeros((1 << 20) + 512)) },
  { title: 'another archive behind the end', archive: concatBytes([tar(file('a', '1')), tar(file('../b', '2'))]) },
  { title: 'text behind the end', archive: concatBytes([tar(file('a', '1')), utf8('signature: none\n')]) },
  {
    title: 'junk for fill',
    archive: tar(
      file('a', 'text', { padding: utf8('j'.repeat(508)) }),
      file('b', 'b', { padding: new Uint8Array(511).fill(7) }),
    ),
  },
  { title: 'a file twice', archive: tar(file('f', old), file('f', 'new')) },
  {
    title: 'a file five times, the first content again',
    archive: tar(...['1', '22', '', '1', '1'].map((text) => file('./f', text))),
  },
  {
    title: 'a directory, then a file, then a directory of one name',
    archive: tar(dir('d'), file('d/x', old), file('d/y/z', old), file('d', 'flat'), dir('d'), file('d/x', 'again')),
  },
  {
    title: 'files below a directory that becomes a symlink',
    archive: tar(dir('d'), file('d/x', old), file('other', ''), symlink('d', 'other')),
  },
  { title: 'a file over a symlink over a file', archive: tar(file('f', old), symlink('f', 'x'), file('f', 'last')) },
  {
    title: 'a hardlink to a file that is replaced',
    archive: tar(file('f', old), hardlink('h', 'f'), file('f', 'new')),
  },
  { title: 'a hardlink that is replaced', archive: tar(file('f', old), hardlink('h', 'f'), file('h', 'new')) },
  {
    title: 'a hardlink with data',
    archive: tar(file('f', old), hardlink('h', 'f', { size: 5 }), padToBlock(utf8('hello'))),
  },
  {
    title: 'a hardlink with data and junk fill',
    archive: openTar(
      file('f', old),
      header('h', { typeflag: '1', link: 'f', size: 600 }),
      padToBlock(utf8('y'.repeat(600)), utf8('z'.repeat(424))),
      zeros(1024),
    ),
  },
  {
    title: 'a hardlink with a size and no data',
    archive: tar(file('f', old), header('h', { typeflag: '1', link: 'f', size: 3000 }), file('g', 'g')),
  },
  {
    title: 'whiteouts with data',
    archive: tar(
      entry('.wh.f', 'why not', { typeflag: '0' }),
      entry('d/.wh..wh..opq', 'opaque data', { typeflag: '0' }),
    ),
  },
  {
    title: 'book-keeping of aufs with data',
    archive: tar(dir('.wh..wh.plnk'), file('.wh..wh.plnk/1.2', old), file('x', '')),
  },
  {
    title: 'raw whiteouts and overlay attributes',
    archive: tar(
      characterDevice('w', 0, 0),
      file('o', 'o', { xattrs: { 'trusted.overlay.metacopy': '', 'user.x': 'x' } }),
    ),
  },
  {
    title: 'paths that need cleaning',
    archive: tar(
      dir('.///'),
      dir('/abs//'),
      file('./abs/./x', '1'),
      file('abs/../top', '2'),
      file('/top//', '3', { typeflag: '0' }),
    ),
  },
  {
    title: 'names and links that are not text',
    archive: tar(file(binary('\xff\n\t'), '1'), symlink('l', binary('\x80/\xff')), file('long/'.repeat(50) + 'f', '2')),
  },
  {
    title: "GNU's long names, a global header, a header for nothing",
    archive: tar(
      gnuLongName(`${'n'.repeat(150)}/${'m'.repeat(150)}`),
      file('n'.repeat(100), '1'),
      gnuLongLink('t'.repeat(300)),
      symlink('l', 't'.repeat(100)),
      globalPax({ comment: 'hi' }),
      file('g', 'g'),
    ),
  },
  { title: 'a global header at the end', archive: tar(file('g', 'g'), globalPax({ comment: 'bye' })) },
  {
    title: 'devices, fifos, contiguous files, labels, directories with lists, entries without a name',
    archive: tar(
      characterDevice('c', 1, 3),
      fifo('p'),
      entry('7', 'cc', { typeflag: '7' }),
      entry('label', '', { typeflag: 'V' }),
      entry('d', 'Yx\0', { typeflag: 'D' }),
      entry('d/x', 'x'),
      entry('./', 'Dd\0', { typeflag: 'D' }),
      entry('', 'nothing', { typeflag: '0' }),
      symlink('', '/'),
      header('x', { typeflag: 'X', size: paxBody({ mtime: '1.5' }).length }),
      padToBlock(paxBody({ mtime: '1.5' })),
      entry('y', 'y'),
    ),
  },
  {
    title: 'attributes, large and binary',
    archive: tar(file('f', 'f', { xattrs: { 'user.big': 'b'.repeat(2000), 'user.bin': binary('\0\xff\n') } })),
  },
  {
    title: 'v7 headers',
    archive: openTar(
      header('old/', { magic: 'v7', typeflag: 0 }),
      header('old/f', { magic: 'v7', typeflag: 0, size: 3 }),
      padToBlock(utf8('abc')),
      zeros(1024),
    ),
  },
  {
    title: 'sparse files of all forms',
    archive: tar(
      entry('old', 'datamore', {
        typeflag: 'S',
        magic: 'gnu',
        size: 8,
        at: { 386: '00000001000\0' + '00000000004\0' + '00000010000\0' + '00000000004\0', 483: '00000020000\0' },
      }),
      entry('p00', 'ab', {
        pax: [
          ['GNU.sparse.size', '9000'],
          ['GNU.sparse.numblocks', '1'],
          ['GNU.sparse.offset', '4096'],
          ['GNU.sparse.numbytes', '2'],
        ],
      }),
      entry('p01', 'ab', {
        pax: {
          'GNU.sparse.major': '0',
          'GNU.sparse.minor': '1',
          'GNU.sparse.size': '9000',
          'GNU.sparse.numblocks': '1',
          'GNU.sparse.map': '4096,2',
        },
      }),
      entry('p10', concatBytes([raw('1\n4096\n2\n'), zeros(503), raw('ab')]), {
        pax: {
          'GNU.sparse.major': '1',
          'GNU.sparse.minor': '0',
          'GNU.sparse.name': 'named',
          'GNU.sparse.realsize': '9000',
        },
      }),
      entry('named', 'replaces a sparse one', {}),
    ),
  },
  {
    title: 'files elsewhere because of a symlink below',
    lowers: [base],
    archive: tar(file('s/new', old), file('s/f', 'over'), whiteout('s/none')),
  },
  { title: 'a hardlink to a file below', lowers: [base], archive: tar(hardlink('h', 'a/f'), file('a/f', 'new')) },
  {
    title: 'whiteouts of files below and above',
    lowers: [base],
    archive: tar(file('a/x', old), whiteout('a'), opaque('a'), whiteout('a/x'), file('a/x', 'y')),
  },
];

for (const { title, archive, lowers } of odd) {
  test(`${title} comes back`, { skip: needs('root') }, async (context) => {
    await checkComesBack(new LayerTrees(context), archive, lowers);
  });
}

test('a replaced sparse file with more runs than are kept in memory is lost to the archive, any other is not', {
  skip: needs('root'),
}, async (context) => {
  const runs = 40_000;
  const pieces = (name: string): Uint8Array =>
    entry(name, 'x'.repeat(runs), {
      pax: {
        'GNU.sparse.size': String(runs),
        'GNU.sparse.numblocks': String(runs),
        'GNU.sparse.map': Array.from({ length: runs }, (_, at) => `${at},1`).join(','),
      },
    });
  await checkComesBack(new LayerTrees(context), tar(pieces('a'), pieces('b'), file('a', 'new')));
  const { applied, dirs } = await new LayerTrees(context).chain([tar(pieces('a'), pieces('b'), file('b', 'new'))]);
  assert.equal(applied[0]?.remakeable, false);
  assert.equal(readFileSync(join(dirs[0] ?? '', 'a'), 'utf8'), 'x'.repeat(runs));
  assert.equal(readFileSync(join(dirs[0] ?? '', 'b'), 'utf8'), 'new');
});

test("an archive of Go's archive/tar comes back", { skip: needs('root') }, async (context) => {
  const golden = readFileSync(join(import.meta.dirname, '../../golden/layer/go-archive-tar.tar.gz'));
  await checkComesBack(new LayerTrees(context), gunzipSync(golden));
});

/** Creates a tree with a file of every kind. */
function makeTree(folder: string): void {
  mkdirSync(join(folder, 'dir/sub'), { recursive: true });
  writeFileSync(join(folder, 'dir/file'), 'content\n'.repeat(500));
  writeFileSync(join(folder, 'dir/empty'), '');
  linkSync(join(folder, 'dir/file'), join(folder, 'dir/sub/hard'));
  symlinkSync('../nowhere', join(folder, 'dir/link'));
  lutimesSync(join(folder, 'dir/link'), 1, 1.5);
  writeFileSync(join(folder, `dir/${'long'.repeat(40)}`), 'long name');
  writeFileSync(Buffer.from(`${folder}/dir/\xff\xfe`, 'latin1'), 'no text');
  chmodSync(join(folder, 'dir/empty'), 0o4751);
  chmodSync(join(folder, 'dir'), 0o2770);
  setXattrAt(AT_FDCWD, join(folder, 'dir/empty'), 'user.test', binary('\0value\xff'));
  execFileSync('mknod', [join(folder, 'dir/null'), 'c', '1', '3']);
  execFileSync('mkfifo', [join(folder, 'dir/pipe')]);
  const sparse = openSync(join(folder, 'dir/sparse'), 'w');
  writeSync(sparse, 'start', 0);
  writeSync(sparse, 'middle', 1 << 20);
  ftruncateSync(sparse, 4 << 20);
  closeSync(sparse);
}

const programs: readonly {
  readonly title: string;
  readonly needs: string;
  readonly make: (tree: string, out: string) => void;
}[] = [
  ...['gnu', 'oldgnu', 'pax', 'ustar', 'v7'].flatMap((format) =>
    [[], ...(format === 'ustar' || format === 'v7' ? [] : [['--sparse'], ['--xattrs', '--acls']])].map((options) => ({
      title: `GNU tar --format=${format} ${options.join(' ')}`,
      needs: 'tar',
      make: (tree: string, out: string): void => {
        const names =
          format === 'v7' || format === 'ustar' ? ['--exclude=long*', '--exclude=pipe', '--exclude=null'] : [];
        const flags = options.includes('--xattrs') && format !== 'pax' ? [] : options;
        execFileSync('tar', [`--format=${format}`, ...flags, ...names, '-cf', out, '-C', tree, '.'], { stdio: 'pipe' });
      },
    })),
  ),
  ...['1.0', '0.1', '0.0'].map((version) => ({
    title: `GNU tar --sparse-version=${version}`,
    needs: 'tar',
    make: (tree: string, out: string): void => {
      execFileSync('tar', ['--format=pax', '--sparse', `--sparse-version=${version}`, '-cf', out, '-C', tree, 'dir']);
    },
  })),
  {
    title: 'GNU tar, files appended again and an own blocking factor',
    needs: 'tar',
    make: (tree, out): void => {
      execFileSync('tar', ['-b', '1', '-cf', out, '-C', tree, '.']);
      appendFileSync(join(tree, 'dir/file'), 'more');
      execFileSync('tar', ['-b', '3', '-rf', out, '-C', tree, './dir/file', './dir/empty']);
    },
  },
  ...['pax', 'paxr', 'gnutar', 'ustar', 'v7tar'].map((format) => ({
    title: `bsdtar --format=${format}`,
    needs: 'bsdtar',
    make: (tree: string, out: string): void => {
      const names = format === 'v7tar' || format === 'ustar' ? ['--exclude', 'long*'] : [];
      const flags = format === 'pax' || format === 'paxr' ? ['--xattrs', '--acls'] : [];
      execFileSync('bsdtar', ['--format', format, ...flags, ...names, '-cf', out, '-C', tree, '.'], { stdio: 'pipe' });
    },
  })),
];

for (const { title, needs: program, make } of programs) {
  test(`an archive by ${title} comes back`, { skip: needs('root', program) }, async (context) => {
    const trees = new LayerTrees(context);
    const tree = trees.directory('source');
    makeTree(tree);
    const out = join(trees.folder, 'made.tar');
    make(tree, out);
    await checkComesBack(trees, readFileSync(out));
  });
}

test('a layer with more than a mebibyte that only the archive has is not remakeable', {
  skip: needs('root'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const body = new Uint8Array((1 << 20) + 1).fill(1);
  const { applied, dirs, indexes } = await trees.chain([tar(entry('f', body), file('f', 'new'))]);
  assert.equal(applied[0]?.remakeable, false);
  await assert.rejects(remake(indexes[0]!, dirs[0]!), (error) => isStrataError(error, 'ERR_LAYER_NOT_REMAKEABLE'));
  assert.equal(await verifyLayer(indexes[0]!, dirs[0]!), false);
});

test('exactly a mebibyte that only the archive has is kept', { skip: needs('root') }, async (context) => {
  await checkComesBack(new LayerTrees(context), tar(entry('f', new Uint8Array(1 << 20).fill(1)), file('f', 'new')));
});

const damages: readonly {
  readonly title: string;
  readonly change: (file: string) => void;
  readonly code?: ErrorCode;
}[] = [
  { title: 'a missing file', change: (path) => rmSync(path), code: 'ERR_LAYER_TREE_CHANGED' },
  { title: 'a longer file', change: (path) => appendFileSync(path, 'x'), code: 'ERR_LAYER_TREE_CHANGED' },
  { title: 'a shorter file', change: (path) => writeFileSync(path, 'x'), code: 'ERR_LAYER_TREE_CHANGED' },
  { title: 'a changed file', change: (path) => writeFileSync(path, 'CONTENT') },
  {
    title: 'a symlink in its place',
    change: (path): void => {
      rmSync(path);
      symlinkSync('/etc/hostname', path);
    },
    code: 'ERR_LAYER_TREE_CHANGED',
  },
  {
    title: 'a fifo in its place does not block',
    change: (path): void => {
      rmSync(path);
      execFileSync('mkfifo', [path]);
    },
    code: 'ERR_LAYER_TREE_CHANGED',
  },
];

for (const { title, change, code } of damages) {
  test(`verification notices ${title}`, { skip: needs('root') }, async (context) => {
    const trees = new LayerTrees(context);
    const { dirs, indexes } = await trees.chain([tar(dir('d'), file('d/f', 'content'), file('z', 'z'))]);
    assert.equal(await verifyLayer(indexes[0]!, dirs[0]!), true);
    change(join(dirs[0]!, 'd/f'));
    assert.equal(await verifyLayer(indexes[0]!, dirs[0]!), false);
    if (code !== undefined) await assert.rejects(remake(indexes[0]!, dirs[0]!), (error) => isStrataError(error, code));
  });
}

test('chunks with reuseBuffer share one buffer, others keep their bytes', {
  skip: needs('root'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const archive = tar(entry('f', Buffer.alloc(600_000, 'f')), entry('g', Buffer.alloc(300_001, 'g')), entry('h', old));
  const { dirs, indexes } = await trees.chain([archive]);
  using index = LayerIndex.open(indexes[0]!);
  const read = async (reuseBuffer: boolean, keep: (chunk: Uint8Array) => Uint8Array): Promise<number> => {
    const chunks: Uint8Array[] = [];
    const pieces = new Set<ArrayBufferLike>();
    for await (const chunk of remakeLayer(index, dirs[0]!, { reuseBuffer })) {
      chunks.push(keep(chunk));
      pieces.add(chunk.buffer);
    }
    same(concatBytes(chunks), archive, reuseBuffer ? 'copied at once' : 'kept');
    return pieces.size;
  };
  assert.equal(await read(true, (chunk) => Uint8Array.from(chunk)), 1);
  assert.ok((await read(false, (chunk) => chunk)) > 3);
});

test('making a tar again ends with the signal', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const { dirs, indexes } = await trees.chain([tar(entry('f', new Uint8Array(3 << 20)))]);
  const controller = new AbortController();
  using index = LayerIndex.open(indexes[0]!);
  await assert.rejects(async () => {
    for await (const chunk of remakeLayer(index, dirs[0]!, { signal: controller.signal })) {
      assert.ok(chunk.length > 0);
      controller.abort(new Error('enough'));
    }
  }, /enough/);
});
