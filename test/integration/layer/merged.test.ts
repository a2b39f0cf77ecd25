// Layers looked into without being unpacked, against the same layers unpacked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MergedLayers } from '../../../src/layer/merged/merged-layers.ts';
import { displayBytes, utf8 } from '../../../src/lib/bytes.ts';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { mergedListing, tablesOfArchives, tablesOfIndexes } from '../../helpers/merged-listing.ts';
import { needs } from '../../helpers/needs.ts';
import { fc } from '../../helpers/properties.ts';
import { isSoak } from '../../helpers/random.ts';
import { characterDevice, dir, file, hardlink, opaque, symlink, tar, whiteout } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';
import { patienceMs } from '../../helpers/until.ts';

const skip = needs('root');

interface Entry {
  readonly kind: 'dir' | 'file' | 'symlink' | 'hardlink' | 'whiteout' | 'opaque' | 'device';
  readonly path: string;
  readonly other: string;
  readonly number: number;
}

// A few names, so that entries meet.
const path = fc
  .array(fc.constantFrom('a', 'b', 'c', 'a-'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const entry: fc.Arbitrary<Entry> = fc.record({
  kind: fc.constantFrom(
    'dir',
    'dir',
    'file',
    'file',
    'file',
    'symlink',
    'hardlink',
    'whiteout',
    'whiteout',
    'opaque',
    'device',
  ),
  path,
  other: path,
  number: fc.nat({ max: 4000 }),
});

function pack({ kind, path, other, number }: Entry): Uint8Array {
  const fields = { uid: number % 3, gid: number % 5, mtime: number };
  switch (kind) {
    case 'dir':
      return dir(path, { ...fields, mode: 0o700 + (number % 0o100) });
    case 'file':
      return file(path, 'x'.repeat(number), { ...fields, mode: 0o600 + (number % 0o100) });
    case 'symlink':
      return symlink(path, number % 2 === 0 ? other : `/${other}`, fields);
    case 'hardlink':
      return hardlink(path, other, fields);
    case 'whiteout':
      return whiteout(path, fields);
    case 'opaque':
      return opaque(path, fields);
    case 'device':
      return characterDevice(path, 1, number % 300, fields);
  }
}

test('the merged view of layers is the tree that they unpack to', { skip }, async (context) => {
  const trees = new LayerTrees(context);
  let made = 0;
  const layers = fc.array(fc.array(entry, { maxLength: 8 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(layers, async (entries) => {
      const archives: Uint8Array[] = [];
      let tree = '';
      // A layer that cannot be unpacked is left out, with those above it.
      for (const layer of entries) {
        const next = [...archives, tar(...layer.map(pack))];
        const root = await trees.onto(next).catch(() => undefined);
        if (root === undefined) break;
        archives.push(next.at(-1)!);
        tree = root;
      }
      if (archives.length === 0) return;
      made++;
      const unpacked = treeListing(tree);
      const paths = archives.map((_, at) => `${tree}.${at}.idx`);
      assert.deepEqual(await mergedListing(tablesOfIndexes(paths), archives), unpacked, 'by indexes');
      assert.deepEqual(await mergedListing(await tablesOfArchives(archives), archives), unpacked, 'by archives');
      const children = unpacked.filter((line) => /^"[^/]*" /.test(line)).map((line) => line.replace(/ same-as=.*/, ''));
      const listed = await mergedListing(tablesOfIndexes(paths), archives, false);
      assert.deepEqual(
        listed.map((line) => line.replace(/ same-as=.*/, '')),
        children,
        'one level',
      );
      using view = new MergedLayers(tablesOfIndexes(paths));
      for (const file of view.list(utf8(''), { recursive: true })) assert.deepEqual(view.at(file.path), file);
      for (const absent of ['a/a/a/a', 'a-/c/b', 'd', 'b']) {
        const stands = unpacked.some((line) => line.startsWith(`${JSON.stringify(absent)} `));
        assert.equal(view.at(utf8(absent)) !== undefined, stands, absent);
      }
    }),
    { numRuns: isSoak ? 2000 : 60 },
  );
  assert.ok(made > 20, `${made} trees were made`);
});

test('paths are followed inside the root, as far as the kernel would', async () => {
  const links = Array.from({ length: 41 }, (_, at) => symlink(`hop/${at}`, at === 0 ? '/usr/lib/a' : `${at - 1}`));
  const layers = [
    tar(file('usr/lib/a', 'a'), symlink('lib', 'usr/lib'), symlink('loop', 'loop'), symlink('up', '../../../etc')),
    tar(symlink('abs', '/lib/../lib/a'), file('etc/name', 'n'), symlink('none', 'nothing'), ...links),
  ];
  using view = new MergedLayers(await tablesOfArchives(layers));
  const resolve = (path: string, followLast = true): string => {
    const found = view.resolve(utf8(path), { followLast });
    return typeof found === 'string' ? found : `${found.kind} ${displayBytes(found.path)}`;
  };
  for (const [path, expected] of [
    ['/', 'directory '],
    ['', 'directory '],
    ['/lib/a', 'file usr/lib/a'],
    ['lib/.././lib//a', 'file usr/lib/a'],
    ['/abs', 'file usr/lib/a'],
    ['/../../abs', 'file usr/lib/a'],
    ['/up/name', 'file etc/name'],
    ['/lib/', 'directory usr/lib'],
    ['/lib/a/', 'not a directory'],
    ['/lib/a/b', 'not a directory'],
    ['/lib/a/..', 'not a directory'],
    ['/nothing/..', 'missing'],
    ['/none', 'missing'],
    ['/loop', 'too many symlinks'],
    ['/hop/39', 'file usr/lib/a'],
    ['/hop/40', 'too many symlinks'],
  ] as const) {
    assert.equal(resolve(path), expected, path);
  }
  assert.equal(resolve('/lib', false), 'symlink lib');
  assert.equal(resolve('/lib/', false), 'directory usr/lib');
  assert.equal(resolve('/loop', false), 'symlink loop');
});

test('a hardlink is its target at the time when the link was made', async () => {
  const layers = [
    tar(
      file('a', 'first', { mode: 0o600 }),
      hardlink('b', 'a'),
      file('a', 'second!', { mode: 0o644 }),
      hardlink('c', 'b'),
    ),
    tar(hardlink('d', 'a'), file('a', 'third', { mode: 0o640 }), hardlink('a-', 'd')),
  ];
  const sizes = (await mergedListing(await tablesOfArchives(layers), layers)).map((line) =>
    line.replace(/sha256=\S+ /, '').replace(/ @\d+/, ''),
  );
  assert.deepEqual(sizes, [
    '"" dir 0755 0:0',
    '"a" file 0640 0:0 5b',
    '"a-" file 0644 0:0 7b',
    '"b" file 0600 0:0 5b',
    '"c" file 0600 0:0 5b same-as="b"',
    '"d" file 0644 0:0 7b same-as="a-"',
  ]);
});

test('a hardlink follows the symlinks that existed when it was made', { skip }, async (context) => {
  const layers = [
    tar(file('below/f', 'of below'), symlink('gone', 'below')),
    tar(
      dir('real'),
      file('real/f', 'real'),
      symlink('d', 'real'),
      hardlink('first', 'd/f'),
      dir('d'),
      file('d/f', 'late'),
      hardlink('second', 'd/f'),
      hardlink('third', 'gone/f'),
      whiteout('gone'),
      whiteout('below/f'),
      file('e/f', 'replaced'),
      symlink('e', 'real'),
      hardlink('fourth', 'e/f'),
    ),
  ];
  const unpacked = treeListing(await new LayerTrees(context).onto(layers));
  assert.deepEqual(await mergedListing(await tablesOfArchives(layers), layers), unpacked);
  assert.ok(unpacked.some((line) => line.startsWith('"third" file') && line.includes(' 8b ')));
});

test('hardlinks that lead through each other end in an error of the layer', async () => {
  const listing = async (...entries: readonly Uint8Array[]): Promise<string[]> =>
    await mergedListing(await tablesOfArchives([tar(...entries)]), [tar(...entries)]);
  await assert.rejects(listing(hardlink('a', 'a/b')), { code: 'ERR_LAYER_LINK_MISSING' });
  await assert.rejects(listing(hardlink('a', 'b/c'), hardlink('b', 'a/c')), { code: 'ERR_LAYER_LINK_MISSING' });
  // The last link created is the first one listed.
  const name = (at: number): string => `link-${99_999 - at}`;
  const chain = (length: number): Uint8Array[] => [
    symlink('d/x', '/d'),
    hardlink(name(0), 'd/x'),
    ...Array.from({ length }, (_, at) => hardlink(name(at + 1), `${name(at)}/x`)),
  ];
  assert.equal((await listing(...chain(50))).length, 54);
  await assert.rejects(listing(...chain(3000)), { code: 'ERR_LAYER_ENTRY_INVALID' });
});

test('the time for a long path does not grow with the square of its length', { timeout: patienceMs }, async () => {
  const deep = (at: number): string => `x${at}/${'d/'.repeat(1900)}`;
  const several = (make: (at: number) => Uint8Array): Uint8Array =>
    tar(...Array.from({ length: 5 }, (_, at) => make(at)));
  const flat = tar(file('f', 'f'));
  const long = tar(file(`${deep(0)}f`, 'f'));
  for (const [layers, count] of [
    [[flat, several((at) => whiteout(`${deep(at)}w`))], 2],
    [[flat, several((at) => file(`${deep(at)}w`))], 2 + 5 * 1902],
    [[long, several((at) => whiteout(`${deep(0)}w${at}`))], 1903],
    [[long, several((at) => file(`${deep(0)}w${at}`))], 1908],
  ] as const) {
    using view = new MergedLayers(await tablesOfArchives(layers));
    assert.equal([...view.list(utf8(''), { recursive: true })].length, count);
  }
});

test('no layers give an empty root', async () => {
  assert.deepEqual(await mergedListing([], []), ['"" dir 0755 0:0 @0']);
});
