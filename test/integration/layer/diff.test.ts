// Layers made of changes: their entries, their lists, and the programs that read them.
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  ftruncateSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type TarEntry, TarParser } from '../../../src/archive/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { archiveTree } from '../../../src/layer/diff/archive-tree.ts';
import { type AppliedLayer, applyChain, type ChangedTree, diffLayer, listChanges } from '../../../src/layer/index.ts';
import { concatBytes, displayBytes } from '../../../src/lib/bytes.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { mknodAt } from '../../../src/sys/fs-at.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { needs, output } from '../../helpers/needs.ts';
import { dir, file, hardlink, symlink, tar } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

interface Made {
  readonly layer: AppliedLayer;
  readonly bytes: Uint8Array;
  readonly entries: readonly TarEntry[];
}

async function make(trees: LayerTrees, tree: ChangedTree): Promise<Made> {
  const chunks: Uint8Array[] = [];
  const indexFolder = trees.directory('indexes');
  const layer = await diffLayer({
    tree,
    indexFolder,
    indexPath: (diffId) => join(indexFolder, `${diffId}.idx`),
    sink: (chunk) => void chunks.push(chunk),
  });
  assert.deepEqual(readdirSync(indexFolder), [`${layer.diffId}.idx`]);
  const bytes = concatBytes(chunks);
  return { layer, bytes, entries: entriesOf(bytes) };
}

function entriesOf(bytes: Uint8Array): TarEntry[] {
  const entries: TarEntry[] = [];
  const parser = new TarParser({
    entry: (entry) => void entries.push(entry),
    data: () => {},
    endEntry: () => {},
    trailer: () => {},
  });
  parser.write(bytes);
  parser.finish();
  return entries;
}

const line = ({ path, type, linkPath }: TarEntry): string =>
  `${displayBytes(path)}${type === 'hardlink' || type === 'symlink' ? ` -> ${displayBytes(linkPath)} (${type})` : ''}`;

const letters = { added: 'A', changed: 'C', deleted: 'D' } as const;

async function listTree(tree: ChangedTree): Promise<string[]> {
  return await Array.fromAsync(listChanges(tree), ({ kind, path }) => `${letters[kind]} /${displayBytes(path)}`);
}

const base = tar(
  dir('etc', { mtime: 1 }),
  file('etc/a', 'a', { mtime: 2 }),
  file('etc/b', 'b', { mtime: 3 }),
  dir('lib', { mtime: 4 }),
  dir('lib/deep', { mtime: 5 }),
  file('lib/deep/x', 'x', { mtime: 6 }),
  file('lib/y', 'y', { mtime: 7 }),
  file('one', 'same', { mtime: 8 }),
  hardlink('two', 'one'),
  symlink('link', 'etc', { mtime: 9 }),
  file('p1', 'twin', { mtime: 10 }),
  file('p2', 'twin', { mtime: 10 }),
);

interface Case {
  readonly title: string;
  readonly change: (root: string) => unknown;
  /** Paths of the archive made from an overlay directory; between trees the same by default. */
  readonly tar: readonly string[];
  readonly treeTar?: readonly string[];
  readonly list: readonly string[];
  /** Between trees the changed names of a file are listed; overlayfs has copied up all of its names. */
  readonly treeList?: readonly string[];
}

const cases: readonly Case[] = [
  { title: 'nothing', change: () => {}, tar: [], list: [] },
  {
    title: 'a new file',
    change: (root) => writeFileSync(join(root, 'etc/new'), ''),
    tar: ['etc/', 'etc/new'],
    list: ['C /etc', 'A /etc/new'],
  },
  {
    title: 'a new file whose folder gets its old time back',
    change: (root) => {
      writeFileSync(join(root, 'etc/new'), '');
      utimesSync(join(root, 'etc'), 1, 1);
    },
    tar: ['etc/', 'etc/new'],
    treeTar: ['etc/new'],
    list: ['C /etc', 'A /etc/new'],
  },
  {
    title: 'a changed file',
    change: (root) => appendFileSync(join(root, 'etc/a'), 'more'),
    tar: ['etc/', 'etc/a'],
    treeTar: ['etc/a'],
    list: ['C /etc/a'],
  },
  {
    title: 'a change of the same length that puts the time back',
    change: (root) => {
      writeFileSync(join(root, 'etc/a'), 'A');
      utimesSync(join(root, 'etc/a'), 2, 2);
    },
    tar: ['etc/', 'etc/a'],
    treeTar: ['etc/a'],
    list: ['C /etc/a'],
  },
  {
    title: 'another mode, owner, attribute',
    change: (root) => {
      chmodSync(join(root, 'etc/a'), 0o600);
      chownSync(join(root, 'etc/b'), 5, 6);
      setXattrAt(AT_FDCWD, join(root, 'lib/y'), 'user.x', Buffer.from('1'));
    },
    tar: ['etc/', 'etc/a', 'etc/b', 'lib/', 'lib/y'],
    treeTar: ['etc/a', 'etc/b', 'lib/y'],
    list: ['C /etc/a', 'C /etc/b', 'C /lib/y'],
  },
  {
    title: 'a deleted file',
    change: (root) => rmSync(join(root, 'etc/a')),
    tar: ['etc/', 'etc/.wh.a'],
    list: ['C /etc', 'D /etc/a'],
  },
  {
    title: 'a deleted directory',
    change: (root) => rmSync(join(root, 'lib'), { recursive: true }),
    tar: ['.wh.lib'],
    list: ['D /lib'],
  },
  {
    title: 'a directory deleted and made again',
    change: (root) => {
      rmSync(join(root, 'lib'), { recursive: true });
      mkdirSync(join(root, 'lib/deep'), { recursive: true });
      writeFileSync(join(root, 'lib/new'), '');
    },
    tar: ['lib/', 'lib/.wh..wh..opq', 'lib/deep/', 'lib/new'],
    treeTar: ['lib/', 'lib/deep/', 'lib/deep/.wh.x', 'lib/new', 'lib/.wh.y'],
    list: ['C /lib', 'C /lib/deep', 'D /lib/deep/x', 'A /lib/new', 'D /lib/y'],
  },
  {
    title: 'a file that becomes a directory',
    change: (root) => {
      rmSync(join(root, 'etc/a'));
      mkdirSync(join(root, 'etc/a'));
      writeFileSync(join(root, 'etc/a/in'), '');
    },
    tar: ['etc/', 'etc/a/', 'etc/a/.wh..wh..opq', 'etc/a/in'],
    treeTar: ['etc/', 'etc/a/', 'etc/a/in'],
    list: ['C /etc', 'C /etc/a', 'A /etc/a/in'],
  },
  {
    title: 'a directory that becomes a symlink',
    change: (root) => {
      rmSync(join(root, 'lib'), { recursive: true });
      symlinkSync('etc', join(root, 'lib'));
    },
    tar: ['lib -> etc (symlink)'],
    list: ['C /lib'],
  },
  {
    title: 'another target of a symlink with the same time',
    change: (root) => {
      rmSync(join(root, 'link'));
      symlinkSync('lib', join(root, 'link'));
      lutimesSync(join(root, 'link'), 9, 9);
    },
    tar: ['link -> lib (symlink)'],
    list: ['C /link'],
  },
  {
    title: 'new hardlinks',
    change: (root) => {
      writeFileSync(join(root, 'lib/z'), 'z');
      linkSync(join(root, 'lib/z'), join(root, 'etc/z'));
      linkSync(join(root, 'lib/z'), join(root, 'zz'));
    },
    tar: ['etc/', 'etc/z', 'lib/', 'lib/z -> etc/z (hardlink)', 'zz -> etc/z (hardlink)'],
    list: ['C /etc', 'A /etc/z', 'C /lib', 'A /lib/z', 'A /zz'],
  },
  {
    title: 'another name for an old file repeats the file',
    change: (root) => linkSync(join(root, 'etc/a'), join(root, 'etc/c')),
    tar: ['etc/', 'etc/a', 'etc/c -> etc/a (hardlink)'],
    list: ['C /etc', 'C /etc/a', 'A /etc/c'],
    treeList: ['C /etc', 'A /etc/c'],
  },
  {
    title: 'two names of a file become two files of the same content and time',
    change: (root) => {
      rmSync(join(root, 'two'));
      writeFileSync(join(root, 'two'), 'same', { mode: 0o644 });
      utimesSync(join(root, 'two'), 8, 8);
    },
    tar: ['two'],
    list: ['C /two'],
  },
  {
    title: 'two files of the same content and time become one',
    change: (root) => {
      rmSync(join(root, 'p2'));
      linkSync(join(root, 'p1'), join(root, 'p2'));
    },
    tar: ['p1', 'p2 -> p1 (hardlink)'],
    list: ['C /p1', 'C /p2'],
    treeList: ['C /p2'],
  },
  {
    title: 'a file renamed',
    change: (root) => renameSync(join(root, 'etc/a'), join(root, 'etc/c')),
    tar: ['etc/', 'etc/.wh.a', 'etc/c'],
    list: ['C /etc', 'D /etc/a', 'A /etc/c'],
  },
  {
    title: 'names in the order of bytes, directories before what sorts behind a slash',
    change: (root) => {
      for (const name of ['s', 'S', 's-', 's.d', '\u00e9']) writeFileSync(join(root, name), '');
      mkdirSync(join(root, 's+'));
      writeFileSync(join(root, 's+/in'), '');
    },
    tar: ['S', 's', 's+/', 's+/in', 's-', 's.d', '\u00e9'],
    list: ['A /S', 'A /s', 'A /s+', 'A /s+/in', 'A /s-', 'A /s.d', 'A /\u00e9'],
  },
  {
    title: "the root's own mode",
    change: (root) => chmodSync(root, 0o1777),
    tar: ['./'],
    list: [],
  },
];

for (const { title, change, tar: expected, treeTar = expected, list, treeList = list } of cases) {
  test(`${title}`, { skip: needs('root', 'overlay') }, async (context) => {
    const trees = new LayerTrees(context);
    const { dirs } = await trees.chain([base]);
    const before = await trees.onto([base]);
    const upperDir = trees.directory('upper');
    const mount = trees.mountWritable(dirs, upperDir);
    change(mount);
    trees.unmount(mount);
    const overlay: ChangedTree = { kind: 'overlay', upperDir, lowerDirs: dirs };
    assert.deepEqual((await make(trees, overlay)).entries.map(line), expected);
    assert.deepEqual(await listTree(overlay), list);

    const after = await trees.onto([base]);
    change(after);
    const compared: ChangedTree = { kind: 'trees', upperDir: after, lowerDir: before };
    assert.deepEqual((await make(trees, compared)).entries.map(line), treeTar);
    assert.deepEqual(await listTree(compared), treeList);
  });
}

const alone = (upperDir: string): ChangedTree => ({ kind: 'trees', upperDir, lowerDir: undefined });

/** Creates a file of every kind that a layer can hold. */
function furnish(root: string): void {
  mkdirSync(join(root, 'd'), { mode: 0o750 });
  writeFileSync(join(root, 'd/suid'), 'content', { mode: 0o755 });
  chownSync(join(root, 'd/suid'), 1000, 70_000);
  chmodSync(join(root, 'd/suid'), 0o4755);
  setXattrAt(
    AT_FDCWD,
    join(root, 'd/suid'),
    'security.capability',
    Buffer.from('0100000200200000000000000000000000000000', 'hex'),
  );
  setXattrAt(AT_FDCWD, join(root, 'd/suid'), 'user.bin', Buffer.from([0, 255, 61, 10]));
  linkSync(join(root, 'd/suid'), join(root, 'hard'));
  symlinkSync('d/suid', join(root, 'soft'));
  mknodAt(AT_FDCWD, join(root, 'd/null'), 'character-device', 0o666, 1, 3);
  mknodAt(AT_FDCWD, join(root, 'd/sda'), 'block-device', 0o660, 8, 0);
  mknodAt(AT_FDCWD, join(root, 'd/pipe'), 'fifo', 0o600);
  writeFileSync(Buffer.from(`${root}/d/\xff\xfe`, 'latin1'), 'no text');
  writeFileSync(join(root, 'd', 'long'.repeat(50)), 'long name');
  for (const name of readdirSync(join(root, 'd'), { encoding: 'buffer' })) {
    lutimesSync(Buffer.concat([Buffer.from(`${root}/d/`), name]), 1_600_000_000, 1_600_000_000.5);
  }
  lutimesSync(join(root, 'd'), 1_500_000_000, 1_500_000_000.25);
  lutimesSync(join(root, 'soft'), 1_400_000_000, 1_400_000_000);
}

test('the same tree makes the same layer, whatever order it was made in', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const names = Array.from({ length: 200 }, (_, at) => `file-${(at * 37) % 200}`);
  const diffIds = new Set<string>();
  for (const order of [names, names.toReversed(), names.toSorted()]) {
    const root = trees.directory('tree');
    for (const name of order) {
      writeFileSync(join(root, name), name);
      utimesSync(join(root, name), 1, 1);
    }
    diffIds.add((await make(trees, alone(root))).layer.diffId);
  }
  assert.equal(diffIds.size, 1);
});

for (const program of ['tar', 'bsdtar', 'umoci']) {
  test(`${program} reads Strata's layers`, { skip: needs('root', program) }, async (context) => {
    const trees = new LayerTrees(context);
    const root = trees.directory('tree');
    furnish(root);
    const { bytes } = await make(trees, alone(root));
    const target = program === 'umoci' ? trees.umoci([bytes]) : trees.directory('target');
    const { blobPath } = trees.blob(bytes);
    if (program === 'tar')
      output('tar', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-xpf', blobPath, '-C', target);
    if (program === 'bsdtar') output('bsdtar', '--numeric-owner', '-xpf', blobPath, '-C', target);
    const withoutTimes = (path: string): boolean => path === '';
    assert.deepEqual(treeListing(target, { withoutTimes }), treeListing(root, { withoutTimes }));
  });
}

test('holes become a sparse entry when they save a mebibyte', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const root = trees.directory('tree');
  const sparse = (name: string, size: number, writes: readonly number[]): void => {
    const fd = openSync(join(root, name), 'w');
    for (const at of writes) writeSync(fd, 'data', at);
    ftruncateSync(fd, size);
    closeSync(fd);
  };
  sparse('all-hole', 1 << 30, []);
  sparse('islands', 64 << 20, [0, 1 << 20, (64 << 20) - 4]);
  sparse('small-hole', (1 << 20) - 4096, []);
  const { layer, bytes, entries } = await make(trees, alone(root));
  assert.deepEqual(
    entries.map((entry) => [displayBytes(entry.path), entry.sizeBytes, entry.sparse?.length]),
    [
      ['all-hole', 1 << 30, 0],
      ['islands', 64 << 20, 3],
      ['small-hole', (1 << 20) - 4096, undefined],
    ],
  );
  assert.ok(bytes.length < 2 << 20);
  assert.equal(layer.sizeBytes, (1 << 30) + (64 << 20) + (1 << 20) - 4096);
  const { dirs } = await trees.chain([bytes]);
  assert.equal(statSync(join(dirs[0]!, 'all-hole')).blocks, 0);
  output('cmp', join(root, 'islands'), join(dirs[0]!, 'islands'));
  if (needs('tar') !== false) return;
  const target = trees.directory('target');
  output('tar', '-xf', trees.blob(bytes).blobPath, '-C', target);
  output('cmp', join(root, 'islands'), join(target, 'islands'));
});

test('thousands of holes stay within the limits of readers', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const root = trees.directory('tree');
  const fd = openSync(join(root, 'f'), 'w');
  for (let at = 0; at < 10_000; at++) writeSync(fd, 'x', at * 8192);
  closeSync(fd);
  const { bytes, entries } = await make(trees, alone(root));
  assert.ok((entries[0]?.sparse?.length ?? 0) <= 4096);
  const { dirs } = await trees.chain([bytes]);
  output('cmp', join(root, 'f'), join(dirs[0]!, 'f'));
});

test('sockets, the device 0:0 and names of whiteouts are left out, with a warning', {
  skip: needs('root'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const root = trees.directory('tree');
  const server = createServer().listen(join(root, 'socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  context.after(() => server.close());
  writeFileSync(join(root, '.wh.victim'), '');
  mkdirSync(join(root, '.wh..wh..opq'));
  mknodAt(AT_FDCWD, join(root, 'null'), 'character-device', 0, 0, 0);
  writeFileSync(join(root, 'kept'), '');
  const { layer, entries } = await make(trees, alone(root));
  assert.deepEqual(entries.map(line), ['kept']);
  assert.equal(layer.warnings.length, 4);
  assert.match(layer.warnings.join('\n'), /"socket": .* socket/);
  assert.match(layer.warnings.join('\n'), /"\.wh\.victim": .* deletion/);
});

test("labels of the host's security module and of overlayfs stay on the host", {
  skip: needs('root'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const root = trees.directory('tree');
  mkdirSync(join(root, 'd'));
  for (const name of ['trusted.overlay.origin', 'trusted.overlay.impure', 'trusted.kept', 'security.selinux']) {
    setXattrAt(AT_FDCWD, join(root, 'd'), name, Buffer.from('y'));
  }
  const { entries } = await make(trees, { kind: 'overlay', upperDir: root, lowerDirs: [] });
  assert.deepEqual([...(entries[0]?.xattrs.keys() ?? [])], ['trusted.kept']);
});

for (const [attribute, name] of [
  ['trusted.overlay.redirect', 'd'],
  ['trusted.overlay.metacopy', 'f'],
  ['trusted.overlay.whiteout', 'f'],
] as const) {
  test(`an overlay directory with ${attribute} is refused`, { skip: needs('root') }, async (context) => {
    const trees = new LayerTrees(context);
    const upperDir = trees.directory('upper');
    mkdirSync(join(upperDir, 'd'));
    writeFileSync(join(upperDir, 'f'), '');
    setXattrAt(AT_FDCWD, join(upperDir, name), attribute, Buffer.from('/x'));
    const indexFolder = trees.directory('indexes');
    const request = {
      tree: { kind: 'overlay' as const, upperDir, lowerDirs: [] },
      indexFolder,
      indexPath: () => join(indexFolder, 'x'),
    };
    await assert.rejects(diffLayer(request), (error) => isStrataError(error, 'ERR_LAYER_DIFF_INDIRECT'));
    assert.deepEqual(readdirSync(indexFolder), []);
  });
}

test('a file that becomes shorter meanwhile is noticed; one that grows is read up to its first size', {
  skip: needs('root'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const root = trees.directory('tree');
  const path = join(root, 'log');
  const indexFolder = trees.directory('indexes');
  const request = { tree: alone(root), indexFolder, indexPath: () => join(indexFolder, 'x') };
  writeFileSync(path, new Uint8Array(1 << 20));
  let grown = 0;
  const made = await diffLayer({ ...request, sink: () => appendFileSync(path, `line ${grown++}\n`) });
  assert.equal(made.sizeBytes, 1 << 20);
  assert.ok(grown > 1);
  rmSync(join(indexFolder, 'x'));
  await assert.rejects(diffLayer({ ...request, sink: () => truncateSync(path, 100) }), (error) =>
    isStrataError(error, 'ERR_LAYER_SOURCE_CHANGED'),
  );
  assert.deepEqual(readdirSync(indexFolder), []);
});

test('making a layer ends with the signal, and with a sink that fails', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const root = trees.directory('tree');
  writeFileSync(join(root, 'big'), new Uint8Array(4 << 20));
  const indexFolder = trees.directory('indexes');
  const request = { tree: alone(root), indexFolder, indexPath: () => join(indexFolder, 'x') };
  const fds = readdirSync('/proc/self/fd');
  const controller = new AbortController();
  await assert.rejects(
    diffLayer({ ...request, signal: controller.signal, sink: () => controller.abort(new Error('enough')) }),
    /enough/,
  );
  await assert.rejects(
    diffLayer({
      ...request,
      sink: () => {
        throw new Error('sink is full');
      },
    }),
    /sink is full/,
  );
  await assert.rejects(diffLayer({ ...request, signal: AbortSignal.abort(new Error('never')) }), /never/);
  assert.deepEqual(readdirSync(indexFolder), []);
  assert.deepEqual(readdirSync('/proc/self/fd'), fds);
});

test('a tree archived alone gives the bytes of its layer, and leaves no file open when it ends early', {
  skip: needs('root'),
}, async (context) => {
  const trees = new LayerTrees(context);
  const directory = trees.directory('tree');
  furnish(directory);
  const { bytes } = await make(trees, alone(directory));
  const chunks: Uint8Array[] = [];
  await archiveTree({ directory, sink: (chunk) => void chunks.push(chunk) });
  assert.ok(Buffer.from(concatBytes(chunks)).equals(bytes));

  const fds = readdirSync('/proc/self/fd');
  const controller = new AbortController();
  writeFileSync(join(directory, 'big'), new Uint8Array(4 << 20));
  const stop = (): void => controller.abort(new Error('enough'));
  await assert.rejects(archiveTree({ directory, sink: stop, signal: controller.signal }), /enough/);
  const fail = async (): Promise<void> => Promise.reject(new Error('sink is full'));
  await assert.rejects(archiveTree({ directory, sink: fail }), /sink is full/);
  assert.deepEqual(readdirSync('/proc/self/fd'), fds);
});

test('a layer made of an unpacked layer is that layer', { skip: needs('root') }, async (context) => {
  const trees = new LayerTrees(context);
  const root = trees.directory('tree');
  furnish(root);
  const first = await make(trees, alone(root));
  const ownDir = trees.directory('own');
  await applyChain({
    layers: [{ source: trees.blob(first.bytes), ownDir, indexPath: `${ownDir}.idx` }],
    lowerDirs: [],
  });
  const second = await make(trees, { kind: 'overlay', upperDir: ownDir, lowerDirs: [] });
  assert.equal(second.layer.diffId, first.layer.diffId);
});
