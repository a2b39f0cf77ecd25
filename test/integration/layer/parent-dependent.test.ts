// Layers whose tree depends on those below: the same on overlay2, on one tree, as umoci unpacks them, and seen without
// being unpacked.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LayerTrees } from '../../helpers/layer-trees.ts';
import { mergedListing, tablesOfArchives, tablesOfIndexes } from '../../helpers/merged-listing.ts';
import { needs } from '../../helpers/needs.ts';
import { characterDevice, dir, file, hardlink, opaque, symlink, tar, whiteout } from '../../helpers/tar-builder.ts';
import { treeListing } from '../../helpers/tree-listing.ts';

interface Case {
  readonly title: string;
  readonly layers: readonly Uint8Array[];
  /** Lines that the listing must have: the point of the case. */
  readonly has?: readonly RegExp[];
  readonly hasNot?: readonly RegExp[];
  /** Reason why umoci is left out. */
  readonly notUmoci?: string;
  /** Directories whose time umoci takes from the clock: those without an entry, and those it deletes something from. */
  readonly madeUp?: readonly string[];
}

const base = tar(
  dir('./', { mode: 0o755, mtime: 1 }),
  dir('p', { mode: 0o700, uid: 5, gid: 5, mtime: 11, xattrs: { 'user.note': 'kept' } }),
  file('p/old', 'old', { mode: 0o600, uid: 5, mtime: 12 }),
  dir('real', { mode: 0o711, uid: 7, mtime: 13 }),
  file('real/was', 'was', { mtime: 14 }),
  symlink('lnk', 'real', { mtime: 15 }),
  symlink('abs', '/real', { mtime: 15 }),
  dir('x', { mode: 0o750, mtime: 16 }),
  file('x/lower', 'lower', { mtime: 17 }),
  dir('x/sub', { mtime: 18 }),
  file('x/sub/deep', 'deep', { mtime: 19 }),
  file('f', 'target', { mode: 0o4755, uid: 3, gid: 4, mtime: 20, mtimeNanoseconds: 123456789 }),
);

// The kernel's form, version 2: tag, permissions and id of owner, user 1000, group, mask and others.
const defaultAcl = Uint8Array.from(
  [
    '02000000',
    '0100',
    '0700',
    'ffffffff',
    '0200',
    '0700',
    'e8030000',
    '0400',
    '0500',
    'ffffffff',
    '1000',
    '0700',
    'ffffffff',
    '2000',
    '0500',
    'ffffffff',
  ]
    .join('')
    .match(/../g)!
    .map((hex) => Number.parseInt(hex, 16)),
);

const cases: readonly Case[] = [
  {
    title: 'a directory without an entry keeps the owner, mode, time and attributes it has below',
    layers: [base, tar(file('p/new', 'new', { mtime: 30 }))],
    has: [/^"p" dir 0700 5:5 user.note=6b657074 @11000000000$/, /^"p\/new" file/, /^"p\/old" file/],
  },
  {
    title: 'a directory without an entry several levels and layers down keeps them, too',
    layers: [
      base,
      tar(dir('p/q', { mode: 0o770, uid: 9, mtime: 31 }), file('p/q/1', '')),
      tar(file('unrelated', '')),
      tar(file('p/q/r/s', 's', { mtime: 32 })),
    ],
    has: [/^"p" dir 0700 5:5 .*@11000000000$/, /^"p\/q" dir 0770 9:0 @31000000000$/],
    madeUp: ['p/q', 'p/q/r'],
  },
  {
    title: 'a setgid directory below passes nothing on to new files in it',
    layers: [
      tar(dir('g', { mode: 0o2770, uid: 9, gid: 33, mtime: 31 })),
      tar(file('g/new', '', { mtime: 32 }), dir('g/dir', { mtime: 33 }), file('g/made/x', '', { mtime: 34 })),
    ],
    has: [/^"g" dir 2770 9:33 @31/, /^"g\/new" file 0644 0:0/, /^"g\/dir" dir 0755 0:0/, /^"g\/made" dir 0755 0:0/],
    notUmoci: 'lets what it makes inherit the group',
  },
  {
    title: 'a default access control list below passes nothing on, either',
    layers: [
      tar(dir('g', { mode: 0o755, mtime: 31, xattrs: { 'system.posix_acl_default': defaultAcl } })),
      tar(file('g/new', '', { mtime: 32 }), dir('g/dir', { mtime: 33 }), file('g/made/x', '', { mtime: 34 })),
    ],
    has: [
      /^"g" dir 0755 0:0 system.posix_acl_default=0200.* @31/,
      /^"g\/new" file 0644 0:0 0b sha256=\w+ @32/,
      /^"g\/dir" dir 0755 0:0 @33/,
      /^"g\/made" dir 0755 0:0 @34/,
    ],
    notUmoci: 'lets what it makes inherit the list',
  },
  {
    title: 'a directory named after its content has its own owner and mode',
    layers: [base, tar(file('p/new', 'new', { mtime: 30 }), dir('p', { mode: 0o755, uid: 8, mtime: 33 }))],
    has: [/^"p" dir 0755 8:0 @33000000000$/, /^"p\/old" file/],
  },
  {
    title: 'a parent that is a symlink below is followed',
    layers: [base, tar(file('lnk/new', 'new', { mtime: 30 }))],
    has: [/^"lnk" link .*-> "real"/, /^"real\/new" file/, /^"real" dir 0711 7:0 @13000000000$/],
    hasNot: [/^"lnk\/new"/],
  },
  {
    title: 'an absolute symlink below is followed inside the root',
    layers: [base, tar(file('abs/new', 'new', { mtime: 30 }), dir('abs/deeper', { mode: 0o700, mtime: 31 }))],
    has: [/^"real\/new" file/, /^"real\/deeper" dir 0700/],
  },
  {
    title: 'a chain of symlinks through three layers is followed',
    layers: [
      base,
      tar(symlink('one', 'two', { mtime: 1 })),
      tar(symlink('two', '/p/../lnk', { mtime: 2 })),
      tar(file('one/new', 'new', { mtime: 30 })),
    ],
    has: [/^"real\/new" file/],
  },
  {
    title: 'a symlink below replaced by a directory is not followed any more',
    layers: [base, tar(dir('lnk', { mtime: 40 }), file('lnk/new', 'new', { mtime: 30 }))],
    has: [/^"lnk" dir 0755 0:0 @40000000000$/, /^"lnk\/new" file/, /^"real\/was" file/],
    hasNot: [/^"real\/new"/, /^"lnk\/was"/],
  },
  {
    title: 'a path through a symlink goes to its target even when a directory takes its name later',
    layers: [base, tar(file('lnk/new', 'new', { mtime: 30 }), dir('lnk', { mtime: 40 }))],
    has: [/^"lnk" dir 0755 0:0 @40000000000$/, /^"real\/new" file/],
    hasNot: [/^"lnk\/new"/],
  },
  {
    title: 'a whiteout through a symlink hides at its target',
    layers: [base, tar(whiteout('lnk/was'))],
    has: [/^"lnk" link/, /^"real" dir 0711 7:0 @13000000000$/],
    hasNot: [/^"real\/was"/],
  },
  {
    title: 'a hardlink to a file below brings it up, and both are one',
    layers: [base, tar(hardlink('link', 'f'))],
    has: [/^"f" file 4755 3:4 6b .*@20123456789$/, /^"link" file 4755 3:4 .* same-as="f"$/],
  },
  {
    title: 'a hardlink through symlinks below, to a file without an entry',
    layers: [base, tar(hardlink('p/link', '/abs/was'))],
    has: [/^"real\/was" file .* same-as="p\/link"$/, /^"p" dir 0700 5:5/, /^"real" dir 0711 7:0 @13000000000$/],
  },
  {
    title: 'a hardlink to a file below that is replaced afterwards keeps the old content',
    layers: [base, tar(hardlink('link', 'f'), file('f', 'changed', { mtime: 50 }))],
    has: [/^"link" file 4755 3:4 6b/, /^"f" file 0644 0:0 7b/],
  },
  {
    title: 'a hardlink to a file below that is deleted afterwards outlives it',
    layers: [base, tar(hardlink('link', 'f'), whiteout('f'))],
    has: [/^"link" file 4755 3:4 6b/],
    hasNot: [/^"f" /],
  },
  {
    title: 'a whiteout before a directory of the same name',
    layers: [base, tar(whiteout('x'), dir('x', { mode: 0o711, mtime: 60 }), file('x/upper', 'upper', { mtime: 61 }))],
    has: [/^"x" dir 0711 0:0 @60000000000$/, /^"x\/upper" file/],
    hasNot: [/^"x\/lower"/, /^"x\/sub"/],
  },
  {
    title: 'a whiteout behind a directory of the same name',
    layers: [base, tar(dir('x', { mode: 0o711, mtime: 60 }), file('x/upper', 'upper', { mtime: 61 }), whiteout('x'))],
    has: [/^"x" dir 0711 0:0 @60000000000$/, /^"x\/upper" file/],
    hasNot: [/^"x\/lower"/, /^"x\/sub"/],
    madeUp: ['x'],
  },
  {
    title: 'a whiteout between the directory and its content',
    layers: [
      base,
      tar(dir('x', { mode: 0o711, mtime: 60 }), whiteout('x'), file('x/sub/upper', 'upper', { mtime: 61 })),
    ],
    has: [/^"x" dir 0711/, /^"x\/sub\/upper" file/],
    hasNot: [/^"x\/lower"/, /^"x\/sub\/deep"/],
    madeUp: ['x', 'x/sub'],
  },
  {
    title: 'a whiteout before content whose directory has no entry: the directory is new',
    layers: [base, tar(whiteout('p'), file('p/new', 'new', { mtime: 30 }))],
    has: [/^"p" dir 0755 0:0 @30000000000$/, /^"p\/new" file/],
    hasNot: [/^"p\/old"/],
    madeUp: ['', 'p'],
  },
  {
    title: 'a whiteout behind content whose directory has no entry: the directory stays as it is below',
    layers: [base, tar(file('p/new', 'new', { mtime: 30 }), whiteout('p'))],
    has: [/^"p" dir 0700 5:5 .*@11000000000$/, /^"p\/new" file/],
    hasNot: [/^"p\/old"/],
    madeUp: ['p'],
  },
  {
    title: 'a whiteout beside a file of the same name changes nothing, before it',
    layers: [base, tar(whiteout('f'), file('f', 'new', { mtime: 70 }))],
    has: [/^"f" file 0644 0:0 3b/],
  },
  {
    title: 'a whiteout beside a file of the same name changes nothing, behind it',
    layers: [base, tar(file('f', 'new', { mtime: 70 }), whiteout('f'))],
    has: [/^"f" file 0644 0:0 3b/],
  },
  {
    title: 'a whiteout of nothing, in a directory that does not exist, leaves no trace',
    layers: [base, tar(whiteout('nothing'), whiteout('no/such/thing'), whiteout('p/none'))],
    has: [/^"p" dir 0700 5:5 .*@11000000000$/],
    hasNot: [/^"no"/, /^"nothing"/],
  },
  {
    title: 'a whiteout in a new directory is not listed by it',
    layers: [base, tar(dir('fresh', { mtime: 80 }), whiteout('fresh/ghost'), file('fresh/real', '', { mtime: 81 }))],
    has: [/^"fresh" dir 0755 0:0 @80000000000$/],
    hasNot: [/ghost/],
  },
  {
    title: 'an opaque directory hides the layers below, not its own content, with the marker first',
    layers: [base, tar(dir('x', { mtime: 90 }), opaque('x'), file('x/upper', 'u', { mtime: 91 }))],
    has: [/^"x\/upper" file/, /^"x" dir 0755 0:0 @90000000000$/],
    hasNot: [/^"x\/lower"/, /^"x\/sub"/],
  },
  {
    title:
      'an opaque directory hides the layers below, not its own content, with the marker last or twice (moby#17766)',
    layers: [
      base,
      tar(
        opaque('x'),
        dir('x', { mtime: 90 }),
        file('x/upper', 'u', { mtime: 91 }),
        file('x/sub/2', '2', { mtime: 92 }),
        opaque('x'),
      ),
    ],
    has: [/^"x\/upper" file/, /^"x\/sub\/2" file/],
    hasNot: [/^"x\/lower"/, /^"x\/sub\/deep"/],
    madeUp: ['x', 'x/sub'],
  },
  {
    title: 'a directory below an opaque one is not the one further down',
    layers: [base, tar(opaque('x'), file('x/keep', '')), tar(file('x/sub/new', '', { mtime: 40 }))],
    has: [/^"x\/sub" dir 0755 0:0 @40000000000$/, /^"x\/keep"/],
    hasNot: [/^"x\/lower"/, /^"x\/sub\/deep"/],
    madeUp: ['x', 'x/sub'],
  },
  {
    title: 'an opaque directory without an entry keeps its owner and mode',
    layers: [base, tar(opaque('p'))],
    has: [/^"p" dir 0700 5:5 .*@11000000000$/],
    hasNot: [/^"p\/old"/],
  },
  {
    title: 'a directory emptied, then deleted, is removed',
    layers: [base, tar(opaque('p'), whiteout('x/sub/deep'), whiteout('p'), whiteout('x'))],
    hasNot: [/^"p"/, /^"x/],
    madeUp: [''],
  },
  {
    title: 'a directory deleted, then emptied, is removed, too',
    layers: [base, tar(whiteout('p'), opaque('p'), whiteout('x'), whiteout('x/sub/deep'))],
    hasNot: [/^"p"/, /^"x/],
    madeUp: [''],
  },
  {
    title: 'an opaque root hides everything below',
    layers: [base, tar(dir('real', { mode: 0o777, mtime: 95 }), opaque(''), file('only', 'this', { mtime: 96 }))],
    has: [/^"only" file/, /^"real" dir 0777/, /^"" dir 0755 0:0 @1000000000$/],
    hasNot: [/^"p"/, /^"f"/, /^"real\/was"/, /^"x/],
    madeUp: ['real'],
  },
  {
    title: 'an opaque marker where nothing is below',
    layers: [base, tar(opaque('nowhere/at/all'))],
    hasNot: [/nowhere/],
  },
  {
    title: 'a whiteout inside an opaque directory is not listed by it',
    layers: [base, tar(opaque('x'), whiteout('x/lower'), file('x/new', '', { mtime: 97 }))],
    has: [/^"x\/new"/],
    hasNot: [/^"x\/lower"/],
  },
  {
    title: 'a whiteout before the directory becomes opaque is not listed by it, either',
    layers: [base, tar(whiteout('x/lower'), dir('x/in'), whiteout('x/in/none'), opaque('x'), file('x/new', ''))],
    has: [/^"x\/new"/, /^"x\/in" dir/],
    hasNot: [/^"x\/lower"/, /none/],
    madeUp: ['x'],
  },
  {
    title: 'a file over a directory, then a directory over that file: nothing comes back',
    layers: [base, tar(file('x', 'f', { mtime: 98 })), tar(dir('x', { mtime: 99 }))],
    has: [/^"x" dir 0755 0:0 @99000000000$/],
    hasNot: [/^"x\/lower"/],
  },
  {
    title: 'a file over a directory, then a directory over that file, within one layer: nothing comes back',
    layers: [base, tar(file('x', 'f', { mtime: 98 }), dir('x', { mtime: 99 }))],
    has: [/^"x" dir 0755 0:0 @99000000000$/],
    hasNot: [/^"x\/lower"/],
  },
  {
    title: 'a whiteout behind a file that replaced a directory of its own layer',
    layers: [base, tar(dir('n'), file('n', 'file'), whiteout('n'))],
    has: [/^"n" file/],
  },
  {
    title: "the root's own owner, mode and time",
    layers: [base, tar(dir('./', { mode: 0o1777, uid: 11, gid: 12, mtime: 77, xattrs: { 'user.root': 'r' } }))],
    has: [/^"" dir 1777 11:12 user.root=72 @77000000000$/],
  },
  {
    title: 'a root with an entry in a layer below only',
    layers: [
      tar(dir('./', { mode: 0o711, uid: 2, mtime: 78 })),
      tar(file('a', '', { mtime: 1 })),
      tar(file('b', '', { mtime: 1 })),
    ],
    has: [/^"" dir 0711 2:0 @78000000000$/],
  },
  {
    title: 'a root without an entry is created like any other directory',
    layers: [tar(file('a', '', { mtime: 55 })), tar(file('b', '', { mtime: 56 }))],
    has: [/^"" dir 0755 0:0 @55000000000$/],
    madeUp: [''],
  },
  {
    title: 'a deleted directory that a later layer creates again is new',
    layers: [base, tar(whiteout('p')), tar(dir('p', { mtime: 5 }), file('p/other', '', { mtime: 6 }))],
    has: [/^"p" dir 0755 0:0 @5000000000$/, /^"p\/other"/],
    hasNot: [/^"p\/old"/],
  },
  {
    title: 'a deleted directory that a later layer only adds a file to is new, too',
    layers: [base, tar(whiteout('p')), tar(file('p/other', '', { mtime: 6 }))],
    has: [/^"p" dir 0755 0:0 @6000000000$/],
    hasNot: [/^"p\/old"/],
    madeUp: ['', 'p'],
  },
  {
    title: 'a device, a fifo and a symlink over files below',
    layers: [
      base,
      tar(
        characterDevice('f', 1, 3, { mode: 0o666, mtime: 1 }),
        symlink('x', 'real', { mtime: 2 }),
        file('lnk', 'file now', { mtime: 3 }),
      ),
    ],
    has: [/^"f" char 0666 0:0 rdev=259/, /^"x" link/, /^"lnk" file/],
    hasNot: [/^"x\/lower"/],
  },
];

for (const { title, layers, has = [], hasNot = [], notUmoci, madeUp = [] } of cases) {
  test(title, { skip: needs('root', 'overlay') }, async (context) => {
    const trees = new LayerTrees(context);
    const { dirs, indexes } = await trees.chain(layers);
    const overlay = treeListing(trees.mount(dirs));
    assert.deepEqual(await mergedListing(tablesOfIndexes(indexes), layers), overlay, 'by indexes against overlay');
    assert.deepEqual(
      await mergedListing(await tablesOfArchives(layers), layers),
      overlay,
      'by archives against overlay',
    );
    assert.deepEqual(treeListing(await trees.onto(layers)), overlay, 'one tree against overlay');
    for (const line of has)
      assert.ok(
        overlay.some((found) => line.test(found)),
        `no ${line} in\n${overlay.join('\n')}`,
      );
    for (const line of hasNot)
      assert.ok(!overlay.some((found) => line.test(found)), `${line} in\n${overlay.join('\n')}`);
    if (notUmoci !== undefined || needs('umoci') !== false) return;
    const withoutTimes = (path: string): boolean => madeUp.includes(path);
    assert.deepEqual(
      treeListing(trees.umoci(layers), { withoutTimes }),
      treeListing(await trees.overlay(layers), { withoutTimes }),
      'umoci against overlay',
    );
  });
}
