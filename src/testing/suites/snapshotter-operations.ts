import {
  append,
  chmod,
  chown,
  directory,
  dropXattr,
  expectRefusal,
  hardlink,
  node,
  overwrite,
  remove,
  removeDirectory,
  rename,
  symlink,
  type TreeChange,
  touch,
  truncate,
  write,
  xattr,
} from '../tree-changes.ts';
import type { LayerCase } from './layer-case.ts';

const longAgo = 1_000_000_000;
// struct vfs_cap_data, revision 2: cap_net_raw permitted and effective.
const netRaw = '\u0001\0\0\u0002\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0';

/** A tree with one file of each type, which the layers above change. */
const base: readonly TreeChange[] = [
  directory('d', 0o750),
  chown('d', 5, 6),
  write('d/f', 'lower'),
  write('d/g', 'kept', 0o600),
  chown('d/g', 7, 8),
  directory('d/sub'),
  write('d/sub/x', 'deep'),
  symlink('f', 'd/l'),
  directory('empty'),
];
const withoutChanges = [
  './',
  'd/ 0750 5:6',
  'd/f "lower"',
  'd/g "kept" 0600 7:8',
  'd/l -> f',
  'd/sub/',
  'd/sub/x "deep"',
  'empty/',
];

/** Returns the listing of `base` with some lines replaced, dropped (undefined) or added. */
function listingWith(lines: { readonly [name: string]: string | undefined }): string[] {
  const rest = new Map(Object.entries(lines));
  const kept = withoutChanges.flatMap((line) => {
    const name = line.split(' ', 1)[0] ?? line;
    if (!rest.has(name)) return [line];
    const replacement = rest.get(name);
    rest.delete(name);
    return replacement === undefined ? [] : [replacement];
  });
  return [...kept, ...[...rest.values()].filter((line) => line !== undefined)].sort(byPath);
}

// The order of `listTree`: a directory before its entries, names as bytes.
const byPath = (a: string, b: string): number => (pathOf(a) < pathOf(b) ? -1 : 1);
const pathOf = (line: string): string =>
  (line.split(' ', 1)[0] ?? '').replaceAll('/', '\u0001').replace(/^\.\u0001$/, '');

/** Copy-on-write, one operation at a time: a layer changes files of a lower one, and no other file changes. */
export const snapshotterOperations: readonly LayerCase[] = [
  { title: 'read through the layers', layers: [base, [], []], expected: withoutChanges },
  {
    title: 'add a file and a directory',
    layers: [base, [write('d/sub/new', 'added'), directory('made', 0o700), write('made/f', '')]],
    expected: listingWith({ 'd/sub/new': 'd/sub/new "added"', 'made/': 'made/ 0700', 'made/f': 'made/f ""' }),
  },
  {
    title: 'change a file',
    layers: [base, [write('d/f', 'upper')]],
    expected: listingWith({ 'd/f': 'd/f "upper"' }),
  },
  {
    title: 'change a file in three layers',
    layers: [base, [write('d/f', 'second')], [write('d/f', 'third')]],
    expected: listingWith({ 'd/f': 'd/f "third"' }),
  },
  {
    title: 'append to a file',
    layers: [base, [append('d/g', ', and more')]],
    expected: listingWith({ 'd/g': 'd/g "kept, and more" 0600 7:8' }),
  },
  {
    title: 'overwrite bytes inside a file',
    layers: [base, [overwrite('d/f', 2, 'XY')]],
    expected: listingWith({ 'd/f': 'd/f "loXYr"' }),
  },
  {
    title: 'truncate a file to nothing',
    layers: [base, [truncate('d/f', 0)]],
    expected: listingWith({ 'd/f': 'd/f ""' }),
  },
  {
    title: 'truncate a file to a shorter and a longer size',
    layers: [base, [truncate('d/f', 3), truncate('d/g', 6)]],
    expected: listingWith({ 'd/f': 'd/f "low"', 'd/g': 'd/g "kept\\u0000\\u0000" 0600 7:8' }),
  },
  {
    title: 'replace a file by renaming another over it',
    layers: [base, [write('d/tmp', 'replaced', 0o640), rename('d/tmp', 'd/f')]],
    expected: listingWith({ 'd/f': 'd/f "replaced" 0640' }),
  },
  { title: 'delete a file', layers: [base, [remove('d/f')]], expected: listingWith({ 'd/f': undefined }) },
  {
    title: 'delete a directory with all it holds',
    layers: [base, [remove('d')]],
    expected: ['./', 'empty/'],
  },
  {
    title: 'delete an empty directory',
    layers: [base, [remove('empty')]],
    expected: listingWith({ 'empty/': undefined }),
  },
  {
    title: 'delete everything',
    layers: [base, [remove('d'), remove('empty')]],
    expected: ['./'],
  },
  {
    title: 'delete in one layer and add again in the next',
    layers: [base, [remove('d/f')], [write('d/f', 'again')]],
    expected: listingWith({ 'd/f': 'd/f "again"' }),
  },
  {
    title: 'add a file and delete it in the next layer',
    layers: [base, [write('d/n', '')], [remove('d/n')]],
    expected: withoutChanges,
  },
  {
    title: 'add a file and delete it in the same layer',
    layers: [base, [write('d/n', ''), remove('d/n')]],
    expected: withoutChanges,
  },
  {
    title: 'make a deleted directory again: nothing of the old one shows (opaque)',
    layers: [base, [remove('d'), directory('d', 0o700), write('d/new', '')]],
    expected: ['./', 'd/ 0700', 'd/new ""', 'empty/'],
  },
  {
    title: 'make a deleted directory again in the next layer',
    layers: [base, [remove('d')], [directory('d'), write('d/g', 'other')]],
    expected: ['./', 'd/', 'd/g "other"', 'empty/'],
  },
  {
    title: 'an opaque directory hides all layers below, and layers above add to it',
    layers: [base, [write('d/h', 'second')], [remove('d'), directory('d')], [write('d/f', 'fourth')]],
    expected: ['./', 'd/', 'd/f "fourth"', 'empty/'],
  },
  {
    title: 'an opaque directory inside a directory that stays',
    layers: [base, [remove('d/sub'), directory('d/sub'), write('d/sub/y', '')]],
    expected: listingWith({ 'd/sub/x': undefined, 'd/sub/y': 'd/sub/y ""' }),
  },
  {
    title: 'delete and make nested directories again',
    layers: [base, [remove('d'), directory('d'), directory('d/sub')], [write('d/sub/z', '')]],
    expected: ['./', 'd/', 'd/sub/', 'd/sub/z ""', 'empty/'],
  },
  {
    title: 'a file becomes a directory',
    layers: [base, [remove('d/f'), directory('d/f'), write('d/f/in', '')]],
    expected: listingWith({ 'd/f': undefined, 'd/f/': 'd/f/', 'd/f/in': 'd/f/in ""' }),
  },
  {
    title: 'a directory becomes a file',
    layers: [base, [remove('d/sub'), write('d/sub', 'now a file')]],
    expected: listingWith({ 'd/sub/': undefined, 'd/sub/x': undefined, 'd/sub': 'd/sub "now a file"' }),
  },
  {
    title: 'a directory becomes a symlink to another, then a directory again',
    layers: [base, [remove('d/sub'), symlink('../empty', 'd/sub')], [remove('d/sub'), directory('d/sub')]],
    expected: listingWith({ 'd/sub/x': undefined }),
  },
  {
    title: 'a file becomes a symlink, a fifo, a device',
    layers: [
      [write('a', ''), write('b', ''), write('c', '')],
      [
        remove('a'),
        symlink('b', 'a'),
        remove('b'),
        node('b', 'fifo'),
        remove('c'),
        node('c', 'character-device', 1, 3),
      ],
    ],
    expected: ['./', 'a -> b', 'b fifo', 'c character-device 1:3'],
  },
  {
    title: 'replace a symlink',
    layers: [base, [remove('d/l'), symlink('sub/x', 'd/l')]],
    expected: listingWith({ 'd/l': 'd/l -> sub/x' }),
  },
  {
    title: 'replace a symlink by renaming another over it',
    layers: [base, [symlink('/dangling', 'd/t'), rename('d/t', 'd/l')]],
    expected: listingWith({ 'd/l': 'd/l -> /dangling' }),
  },
  {
    title: 'write through a symlink changes its target alone',
    layers: [base, [append('d/l', '+')]],
    expected: listingWith({ 'd/f': 'd/f "lower+"' }),
  },
  {
    title: 'rename a file within its directory',
    layers: [base, [rename('d/f', 'd/renamed')]],
    expected: listingWith({ 'd/f': undefined, 'd/renamed': 'd/renamed "lower"' }),
  },
  {
    title: 'rename a file into a new directory',
    layers: [base, [directory('made'), rename('d/g', 'made/g')]],
    expected: listingWith({ 'd/g': undefined, 'made/': 'made/', 'made/g': 'made/g "kept" 0600 7:8' }),
  },
  {
    title: 'rename a file over another lower file',
    layers: [base, [rename('d/f', 'd/g')]],
    expected: listingWith({ 'd/f': undefined, 'd/g': 'd/g "lower"' }),
  },
  {
    title: 'rename a file away and put another in its place',
    layers: [base, [rename('d/f', 'd/old'), write('d/f', 'new')]],
    expected: listingWith({ 'd/f': 'd/f "new"', 'd/old': 'd/old "lower"' }),
  },
  {
    title: 'rename a symlink and a fifo',
    layers: [
      [symlink('x', 'l'), node('p', 'fifo')],
      [rename('l', 'l2'), rename('p', 'p2')],
    ],
    expected: ['./', 'l2 -> x', 'p2 fifo'],
  },
  {
    title: 'rename a directory made in the same layer',
    layers: [base, [directory('n1'), write('n1/f', ''), rename('n1', 'n2')]],
    expected: listingWith({ 'n2/': 'n2/', 'n2/f': 'n2/f ""' }),
  },
  {
    title: 'rename a directory of a lower layer',
    layers: [base, [rename('d/sub', 'd/moved'), write('d/moved/y', '')]],
    expected: listingWith({
      'd/sub/': undefined,
      'd/sub/x': undefined,
      'd/moved/': 'd/moved/',
      'd/moved/x': 'd/moved/x "deep"',
      'd/moved/y': 'd/moved/y ""',
    }),
  },
  {
    title: 'hard link to a file of the same layer',
    layers: [base, [write('d/a', 'two names'), hardlink('d/a', 'd/b')]],
    expected: listingWith({ 'd/a': 'd/a "two names"', 'd/b': 'd/b = d/a' }),
  },
  {
    title: 'hard link to a file of a lower layer',
    layers: [base, [hardlink('d/f', 'd/second')]],
    expected: listingWith({ 'd/second': 'd/second = d/f' }),
  },
  {
    title: 'hard links read through the layers share one inode',
    layers: [[write('a', '1'), hardlink('a', 'b')], [write('c', '')], []],
    expected: ['./', 'a "1"', 'b = a', 'c ""'],
  },
  {
    title: 'write through one of two hard links made in the same layer',
    layers: [base, [write('d/a', 'one'), hardlink('d/a', 'd/b'), append('d/b', '+two')]],
    expected: listingWith({ 'd/a': 'd/a "one+two"', 'd/b': 'd/b = d/a' }),
  },
  {
    title: 'write through one of two hard links of a lower layer changes both',
    layers: [[write('a', 'one'), hardlink('a', 'b')], [append('a', '+two')]],
    expected: ['./', 'a "one+two"', 'b = a'],
  },
  {
    title: 'delete one of two hard links',
    layers: [[write('a', 'stays'), hardlink('a', 'b')], [remove('a')]],
    expected: ['./', 'b "stays"'],
  },
  {
    title: 'hard link to a symlink and to a device',
    layers: [
      [symlink('t', 'l'), hardlink('l', 'l2'), node('n', 'character-device', 1, 5), hardlink('n', 'n2')],
      [write('f', '')],
    ],
    expected: ['./', 'f ""', 'l -> t', 'l2 = l', 'n character-device 1:5', 'n2 = n'],
  },
  {
    title: 'chmod a file and a directory',
    layers: [base, [chmod('d/f', 0o4711), chmod('d', 0o1777)]],
    expected: listingWith({ 'd/': 'd/ 01777 5:6', 'd/f': 'd/f "lower" 04711' }),
  },
  {
    title: 'chmod a file in a layer that changes nothing else of it',
    layers: [base, [chmod('d/g', 0o644)], [append('d/g', '!')]],
    expected: listingWith({ 'd/g': 'd/g "kept!" 7:8' }),
  },
  {
    title: 'chown a file, a directory and a symlink',
    layers: [base, [chown('d/f', 1, 2), chown('d/sub', 3, 4), chown('d/l', 9, 9)]],
    expected: listingWith({ 'd/f': 'd/f "lower" 1:2', 'd/sub/': 'd/sub/ 3:4', 'd/l': 'd/l -> f 9:9' }),
  },
  {
    title: 'owners beyond 16 bits',
    layers: [[write('a', '')], [chown('a', 3_000_000_000, 4_000_000_000)], [chmod('a', 0o600)]],
    expected: ['./', 'a "" 0600 3000000000:4000000000'],
  },
  {
    title: 'adding to a directory keeps its owner and mode',
    layers: [base, [write('d/n', '')], [write('d/m', '')]],
    expected: listingWith({ 'd/m': 'd/m ""', 'd/n': 'd/n ""' }),
  },
  {
    title: 'set, change and remove an xattr',
    layers: [
      [write('f', ''), xattr('f', 'user.a', '1'), xattr('f', 'user.b', '1'), xattr('f', 'trusted.t', 'x')],
      [xattr('f', 'user.a', '2'), xattr('f', 'user.c', '3'), dropXattr('f', 'user.b')],
    ],
    expected: ['./', 'f "" trusted.t="x" user.a="2" user.c="3"'],
  },
  {
    title: 'binary and empty xattr values, on a directory too',
    layers: [
      [directory('d'), xattr('d', 'user.bin', '\0\xff\n'), write('f', ''), xattr('f', 'user.empty', '')],
      [write('d/in', ''), append('f', 'x')],
    ],
    expected: ['./', 'd/ user.bin="\\u0000ÿ\\n"', 'd/in ""', 'f "x" user.empty=""'],
  },
  {
    title: 'file capabilities stay when a lower file is renamed',
    layers: [[write('ping', 'elf', 0o755), xattr('ping', 'security.capability', netRaw)], [rename('ping', 'ping2')]],
    expected: ['./', `ping2 "elf" 0755 security.capability=${JSON.stringify(netRaw)}`],
  },
  {
    title: 'a lower file keeps its mtime, in nanoseconds, when its mode changes',
    layers: [[write('f', ''), touch('f', longAgo, 123_456_789)], [chmod('f', 0o600)]],
    expected: ['./', 'f "" 0600 @1000000000.123456789'],
  },
  {
    title: 'a lower directory keeps its mtime when a file in it changes in place',
    layers: [[directory('d'), write('d/f', ''), touch('d', longAgo, 7)], [append('d/f', 'x')]],
    expected: ['./', 'd/ @1000000000.000000007', 'd/f "x"'],
  },
  {
    title: 'mtimes of a file, symlink, directory and fifo read through the layers; before 1970, too',
    layers: [
      [
        directory('d'),
        write('d/f', ''),
        symlink('x', 'd/l'),
        node('d/p', 'fifo'),
        touch('d/f', -1, 5),
        touch('d/l', longAgo, 1),
        touch('d/p', longAgo, 2),
        touch('d', longAgo, 3),
      ],
      [write('other', '')],
    ],
    expected: [
      './',
      'd/ @1000000000.000000003',
      'd/f "" @-1.000000005',
      'd/l -> x @1000000000.000000001',
      'd/p fifo @1000000000.000000002',
      'other ""',
    ],
  },
  {
    title: 'touch a lower file',
    layers: [base, [touch('d/f', longAgo)]],
    expected: listingWith({ 'd/f': 'd/f "lower" @1000000000.000000000' }),
  },
  {
    title: 'a directory with files cannot be removed, also when they are in another layer',
    layers: [base, [expectRefusal(removeDirectory('d'), 'ENOTEMPTY')]],
    expected: withoutChanges,
  },
  {
    title: 'names with spaces, colons, commas, backslashes and newlines',
    layers: [
      [directory('a b:c,d\\e'), write('a b:c,d\\e/x\ny', '1')],
      [append('a b:c,d\\e/x\ny', '2')],
      [write('a b:c,d\\e/:', '')],
    ],
    expected: ['./', 'a b:c,d\\e/', 'a b:c,d\\e/: ""', 'a b:c,d\\e/x\ny "12"'],
  },
  {
    title: 'names that mean something to other layer formats',
    layers: [
      [write('.wh.a', 'a'), write('a', ''), directory('d'), write('d/.wh..opq', ''), write('d/f', '')],
      [append('.wh.a', '+'), remove('d/f')],
    ],
    expected: ['./', '.wh.a "a+"', 'a ""', 'd/', 'd/.wh..opq ""'],
  },
  {
    title: 'the root directory itself: owner, mode, xattr and mtime reach every layer above',
    layers: [
      [write('f', ''), chmod('.', 0o555), chown('.', 5, 5), xattr('.', 'user.r', 'x'), touch('.', longAgo, 9)],
      [chmod('f', 0o600)],
      [],
    ],
    expected: ['./ 0555 5:5 user.r="x" @1000000000.000000009', 'f "" 0600'],
  },
  {
    title: 'the root directory changes in an upper layer',
    layers: [base, [chmod('.', 0o700), chown('.', 1, 1)], [write('z', '')]],
    expected: listingWith({ './': './ 0700 1:1', z: 'z ""' }),
  },
];
