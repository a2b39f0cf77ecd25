import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readdirSync, readSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import {
  append,
  chmod,
  chown,
  directory,
  expectRefusal,
  hardlink,
  remove,
  removeDirectory,
  rename,
  symlink,
  type TreeChange,
  touch,
  write,
  xattr,
} from '../tree-changes.ts';
import type { LayerCase } from './layer-case.ts';

const longAgo = 1_000_000_000;
const netRaw = '\u0001\0\0\u0002\0 \0\0\0\0\0\0\0\0\0\0\0\0\0\0';

const chownAll =
  (paths: readonly string[], uid: number, gid: number): TreeChange =>
  async (root) => {
    for (const path of paths) await chown(path, uid, gid)(root);
  };

/** Moves with mv(1), which copies and deletes where a directory cannot be renamed. */
const move =
  (from: string, to: string): TreeChange =>
  (root) => {
    execFileSync('mv', [join(root, from), join(root, to)]);
  };

/** Checks that a file open for reading shows bytes appended through its name afterwards. */
const readerSeesAppend =
  (path: string): TreeChange =>
  async (root) => {
    const fd = openSync(join(root, path), 'r');
    try {
      await append(path, 'second\n')(root);
      const seen = Buffer.alloc(64);
      assert.equal(seen.toString('utf8', 0, readSync(fd, seen, 0, 64, 0)), 'first\nsecond\n');
      assert.equal(fstatSync(fd).ino, statSync(join(root, path)).ino);
    } finally {
      closeSync(fd);
    }
  };

/** Checks that the change keeps the inode number of `path`. */
const keepsInode =
  (path: string, change: TreeChange): TreeChange =>
  async (root) => {
    const before = statSync(join(root, path)).ino;
    await change(root);
    assert.equal(statSync(join(root, path)).ino, before);
  };

/** Binds a socket under one name, links it to another, and connects to that. */
const linkedSocketResponds =
  (bound: string, linked: string): TreeChange =>
  async (root) => {
    const server = createServer((socket) => socket.end('hello'));
    server.listen(join(root, bound));
    await once(server, 'listening');
    try {
      await hardlink(bound, linked)(root);
      const client = connect(join(root, linked));
      const [data] = await once(client, 'data');
      assert.equal(String(data), 'hello');
      await once(client, 'close');
    } finally {
      server.close();
      await once(server, 'close');
    }
    rmSync(join(root, linked), { force: true });
    rmSync(join(root, bound), { force: true });
  };

const isListed =
  (path: string, names: readonly string[]): TreeChange =>
  (root) =>
    assert.deepEqual(readdirSync(join(root, path)).sort(), [...names]);

/**
 * Faults that real storage drivers had. Each title gives the report, the driver and the symptom; `expected` is the tree
 * of a driver without the fault.
 */
export const snapshotterIssues: readonly LayerCase[] = [
  {
    title: 'moby#21555 overlay: a file changed within the same second, to the same size, is missing from the layer',
    layers: [
      [directory('etc', 0o700), write('etc/hosts', 'db 10.0.0.1'), write('etc/profile', 'PATH=/bin')],
      [write('etc/hosts', 'db 10.0.0.2'), write('etc/profile', 'PATH=/bin', 0o666)],
    ],
    expected: ['./', 'etc/ 0700', 'etc/hosts "db 10.0.0.2"', 'etc/profile "PATH=/bin" 0666'],
  },
  {
    title: 'moby#8242 btrfs: other content with the same size, mtime, mode and owner is not committed',
    layers: [
      [write('f', 'AAAA'), touch('f', longAgo)],
      [write('f', 'BBBB'), touch('f', longAgo)],
    ],
    expected: ['./', 'f "BBBB" @1000000000.000000000'],
  },
  {
    title: 'moby#31805 overlay: a symlink with another target of the same length and mtime is not committed',
    layers: [
      [symlink('ld-2.24.so', 'ld.so'), touch('ld.so', longAgo), touch('.', longAgo)],
      [remove('ld.so'), symlink('ld-2.25.so', 'ld.so'), touch('ld.so', longAgo), touch('.', longAgo)],
    ],
    expected: ['./ @1000000000.000000000', 'ld.so -> ld-2.25.so @1000000000.000000000'],
  },
  {
    title: 'moby#15515 btrfs: a file made by one step is gone in the next, which adds to the same directory',
    layers: [[directory('sources')], [write('sources/zfs.list', 'deb')], [write('sources/other.list', '')]],
    expected: ['./', 'sources/', 'sources/other.list ""', 'sources/zfs.list "deb"'],
  },
  {
    title: 'moby#25244 overlay2: files of a removed directory come back when a layer above adds to the new one',
    layers: [
      [directory('lib', 0o700), write('lib/hidden', '')],
      [remove('lib'), directory('lib', 0o700), write('lib/visible', '')],
      [write('lib/added', '')],
    ],
    expected: ['./', 'lib/ 0700', 'lib/added ""', 'lib/visible ""'],
  },
  {
    title: 'moby#25193 overlay2: files deleted in one layer are there again two layers later',
    layers: [
      [directory('cache'), write('cache/a', ''), write('cache/b', '')],
      [remove('cache/a')],
      [write('unrelated', '')],
      [write('cache/c', '')],
    ],
    expected: ['./', 'cache/', 'cache/b ""', 'cache/c ""', 'unrelated ""'],
  },
  {
    title: 'moby#9690 aufs: rm -rf x && mkdir x in one step brings the old files back',
    layers: [[directory('x'), write('x/a', '')], [remove('x'), directory('x')], [write('y', '')]],
    expected: ['./', 'x/', 'y ""'],
  },
  {
    title: 'moby#32354 aufs: a directory removed and made again in each of several layers keeps the first files',
    layers: [
      [directory('bar'), write('bar/foo', '')],
      [remove('bar'), directory('bar')],
      [remove('bar'), directory('bar'), write('bar/last', '')],
    ],
    expected: ['./', 'bar/', 'bar/last ""'],
  },
  {
    title: 'moby#42662 overlay2, rootless: a directory made again is not opaque, so a deleted file shows',
    layers: [
      [directory('tmp'), directory('tmp/dir1'), write('tmp/dir1/deleted', '')],
      [remove('tmp/dir1'), directory('tmp/dir1')],
      [write('tmp/dir1/visible', '')],
    ],
    expected: ['./', 'tmp/', 'tmp/dir1/', 'tmp/dir1/visible ""'],
  },
  {
    title: 'buildkit#2614 overlay: deleted in one layer and made again in a later one, a directory shows the old files',
    layers: [[directory('d'), write('d/old', '')], [remove('d')], [directory('d'), write('d/new', '')], []],
    expected: ['./', 'd/', 'd/new ""'],
  },
  {
    title: 'fuse-overlayfs#425 a new directory under an opaque one shows the files of a lower one of that name',
    layers: [
      [directory('p'), directory('p/s'), directory('p/s/c'), write('p/s/c/lower', '')],
      [remove('p/s'), directory('p/s'), directory('p/s/c'), write('p/s/c/upper', '')],
    ],
    expected: ['./', 'p/', 'p/s/', 'p/s/c/', 'p/s/c/upper ""'],
  },
  {
    title: 'fuse-overlayfs#478 an opaque directory, removed and made again, shows lower files and cannot be removed',
    layers: [
      [directory('t'), directory('t/a'), directory('t/a/b'), write('t/a/b/info', ''), write('t/a/b/page', '')],
      [
        remove('t'),
        directory('t'),
        directory('t/a'),
        remove('t/a'),
        directory('t/a'),
        directory('t/a/b'),
        isListed('t/a/b', []),
        removeDirectory('t/a/b'),
      ],
    ],
    expected: ['./', 't/', 't/a/'],
  },
  {
    title: 'fuse-overlayfs#279 a symlink made where a lower file was removed vanishes with the next mount',
    layers: [[write('a', '')], [rename('a', 'a2'), write('a3', ''), symlink('a3', 'a')], []],
    expected: ['./', 'a -> a3', 'a2 ""', 'a3 ""'],
  },
  {
    title: 'moby#9572 overlay: a file moved to a new directory and deleted there stays as a character device',
    layers: [
      [directory('bin'), write('bin/false', '')],
      [
        directory('foo'),
        rename('bin/false', 'foo/false'),
        remove('foo/false'),
        isListed('foo', []),
        removeDirectory('foo'),
      ],
    ],
    expected: ['./', 'bin/'],
  },
  {
    title: 'moby#13108 overlay: rmdir removes a directory that is not empty, when it was removed and made before',
    layers: [
      [directory('empty')],
      [
        removeDirectory('empty'),
        directory('empty'),
        write('empty/a', ''),
        expectRefusal(removeDirectory('empty'), 'ENOTEMPTY'),
      ],
    ],
    expected: ['./', 'empty/', 'empty/a ""'],
  },
  {
    title: 'moby#19082 overlay: a directory is unusable after an rmdir of it that failed',
    layers: [
      [directory('d'), write('d/f', '')],
      [
        expectRefusal(removeDirectory('d'), 'ENOTEMPTY'),
        isListed('d', ['f']),
        write('d/g', ''),
        isListed('d', ['f', 'g']),
      ],
    ],
    expected: ['./', 'd/', 'd/f ""', 'd/g ""'],
  },
  {
    title: 'moby#27298 overlay2: a directory removed and made again by its user belongs to root after the commit',
    layers: [
      [
        ...['a', 'b', 'c', 'd', 'e'].map((name) => directory(name, 0o700)),
        write('d/f', ''),
        write('e/f', ''),
        chownAll(['a', 'b', 'c', 'e', 'e/f'], 1, 1),
      ],
      [chown('b', 0, 0), remove('c'), chownAll(['d', 'd/f'], 1, 1)],
      [directory('c', 0o700), chown('c', 1, 1), remove('e'), directory('e', 0o750), chown('e', 1, 1)],
    ],
    expected: ['./', 'a/ 0700 1:1', 'b/ 0700', 'c/ 0700 1:1', 'd/ 0700 1:1', 'd/f "" 1:1', 'e/ 0750 1:1'],
  },
  {
    title: 'moby#28134 overlay2: owner of a directory lost when it is deleted and made again in the same layer',
    layers: [
      [directory('home'), chown('home', 100, 100)],
      [directory('home/log'), chown('home/log', 100, 100)],
      [remove('home/log'), directory('home/log'), chown('home/log', 100, 100)],
      [write('home/log/foo', '')],
    ],
    expected: ['./', 'home/ 100:100', 'home/log/ 100:100', 'home/log/foo ""'],
  },
  ...['moby#20240 aufs', 'moby#24913 overlay', 'moby#28391 overlay2'].map(
    (report): LayerCase => ({
      title: `${report}: after a recursive chown in its own layer the new owner has no access`,
      layers: [
        [
          directory('opt', 0o700),
          directory('opt/a', 0o700),
          directory('opt/a/b', 0o700),
          write('opt/a/b/f', 'hello', 0o600),
        ],
        [chownAll(['opt', 'opt/a', 'opt/a/b', 'opt/a/b/f'], 1, 1)],
      ],
      expected: ['./', 'opt/ 0700 1:1', 'opt/a/ 0700 1:1', 'opt/a/b/ 0700 1:1', 'opt/a/b/f "hello" 0600 1:1'],
    }),
  ),
  {
    title: 'moby#783 aufs: a directory that a package made 0750 stays closed to the owner a later layer gives it',
    layers: [[directory('log', 0o750), chown('log', 0, 4)], [chown('log', 9999, 4)], [write('log/test', '')]],
    expected: ['./', 'log/ 0750 9999:4', 'log/test ""'],
  },
  {
    title: 'moby#6047 aufs: chown of a directory in a layer above a chmod gives permission denied',
    layers: [[directory('test')], [chmod('test', 0o700)], [chown('test', 1000, 1000)]],
    expected: ['./', 'test/ 0700 1000:1000'],
  },
  {
    title: 'moby#9879 aufs: a directory copied with 0700 cannot be opened up by chmod -R in a later layer',
    layers: [
      [directory('setup', 0o700), write('setup/db.sh', '', 0o700)],
      [chmod('setup', 0o755), chmod('setup/db.sh', 0o755)],
    ],
    expected: ['./', 'setup/', 'setup/db.sh "" 0755'],
  },
  {
    title: 'moby#13974 aufs: owner and mode changed in two images on a common directory, entries cannot be read',
    layers: [
      [directory('shared'), directory('shared/dir1')],
      [chownAll(['shared', 'shared/dir1'], 500, 500), chmod('shared', 0o770), chmod('shared/dir1', 0o770)],
      [directory('shared/dev', 0o770), chownAll(['shared', 'shared/dir1', 'shared/dev'], 501, 500)],
    ],
    expected: ['./', 'shared/ 0770 501:500', 'shared/dev/ 0770 501:500', 'shared/dir1/ 0770 501:500'],
  },
  {
    title: 'moby#5892 aufs: a directory that a layer does not change gets root and 0755 when only its file is named',
    layers: [
      [directory('srv', 0o750), chown('srv', 33, 33), directory('srv/www', 0o2775), chown('srv/www', 33, 33)],
      [write('srv/www/index', '')],
    ],
    expected: ['./', 'srv/ 0750 33:33', 'srv/www/ 02775 33:33', 'srv/www/index "" 0:33'],
  },
  {
    title: 'containers/storage#120 overlay: an image whose / is 0555 runs with 0755',
    layers: [[chmod('.', 0o555)], [write('f', '')]],
    expected: ['./ 0555', 'f ""'],
  },
  {
    title: 'moby#45363 overlay2 on btrfs: /tmp loses its 1777',
    layers: [[directory('tmp', 0o1777)], [write('tmp/build', ''), remove('tmp/build')], []],
    expected: ['./', 'tmp/ 01777'],
  },
  {
    title: 'moby#25409 overlay: a directory of a lower layer cannot be moved',
    layers: [
      [
        directory('dir1', 0o700),
        write('dir1/f', ''),
        directory('some'),
        write('some/f1', 'was first'),
        write('some/f2', 'second'),
      ],
      [
        move('dir1', 'dir2'),
        write('some/new', 'overwritten'),
        rename('some/new', 'some/f1'),
        rename('some/f2', 'some/f3'),
      ],
    ],
    expected: ['./', 'dir2/ 0700', 'dir2/f ""', 'some/', 'some/f1 "overwritten"', 'some/f3 "second"'],
  },
  {
    title: 'moby#12080 overlay: a unix socket bound under one name and linked to another refuses connections',
    layers: [[directory('run')], [linkedSocketResponds('run/s.123', 'run/s')]],
    expected: ['./', 'run/'],
  },
  {
    title: 'moby#16813 overlay: files that were never linked show up as hard links of one another',
    layers: [[write('a', 'same'), write('b', 'same')], [write('c', 'same')]],
    expected: ['./', 'a "same"', 'b "same"', 'c "same"'],
  },
  {
    title: 'moby#19647 overlay: tar finds a directory renamed, because its inode number changes when it is written to',
    layers: [
      [directory('d'), directory('d/sub'), write('d/f', '')],
      [
        keepsInode('d', write('d/new', '')),
        keepsInode('d/sub', chmod('d/sub', 0o700)),
        keepsInode('d/f', append('d/f', 'x')),
      ],
    ],
    expected: ['./', 'd/', 'd/f "x"', 'd/new ""', 'd/sub/ 0700'],
  },
  {
    title: 'moby#31587 overlay2: a reader of a lower file (tail -f) never sees what is appended',
    layers: [[write('log', 'first\n')], [readerSeesAppend('log')]],
    expected: ['./', 'log "first\\nsecond\\n"'],
  },
  {
    title: 'moby#42655 vfs: file capabilities are dropped when a container is created',
    layers: [[write('apk', 'elf', 0o755), xattr('apk', 'security.capability', netRaw)], [write('other', '')]],
    expected: ['./', `apk "elf" 0755 security.capability=${JSON.stringify(netRaw)}`, 'other ""'],
  },
];
