// Escapes that an archive can try, each applied entry by entry through a rooted tree beside a canary. Names that the
// layer code refuses (whiteout names, `..` in a name) are contained here: the last line of defence must hold alone. In
// the table `@` is the canary's absolute path: an absolute path that escapes hits the canary, and inside the root the
// same path is like any other.
import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } from '../../../src/sys/constants.ts';
import { type Errno, errnoOf } from '../../../src/sys/errno.ts';
import { writeFully } from '../../../src/sys/fd-io.ts';
import { chmodAt, chownAt, utimensAt } from '../../../src/sys/file-attributes.ts';
import { closeFd, linkAt, mkdirAt, openAt, symlinkAt } from '../../../src/sys/fs-at.ts';
import { hasSyscall } from '../../../src/sys/has-syscall.ts';
import { RootedTree } from '../../../src/sys/rooted-tree.ts';
import { statAtIfThere } from '../../../src/sys/stat.ts';
import { setXattrAt } from '../../../src/sys/xattr.ts';
import { makeHostReadOnly } from '../../helpers/make-host-read-only.ts';
import { needs } from '../../helpers/needs.ts';
import { outsideOf, rootBesideCanary } from './canary.ts';
import { openDescriptors } from './scratch-directory.ts';

makeHostReadOnly();

type Refusal = Errno | ErrorCode;
type Entry =
  | readonly ['file' | 'directory' | 'remove' | 'chmod' | 'chown' | 'utimes' | 'xattr' | 'read', path: string]
  | readonly ['symlink' | 'hardlink', path: string, target: string];

interface Case {
  readonly id: string;
  readonly title: string;
  /** Files in the root before: names ending in a slash are directories, pairs are symlinks, others files. */
  readonly before?: readonly (string | readonly [link: string, target: string])[];
  /** Entries to apply, some with the error that must refuse them. */
  readonly entries: readonly (Entry | { readonly entry: Entry; readonly refused: Refusal })[];
  /** Paths below the root that must exist afterwards: a file written has the content `new`. */
  readonly expected?: Readonly<
    Record<string, 'file' | 'directory' | `-> ${string}` | 'gone' | { readonly sameAs: string }>
  >;
}

const create = { mode: 0o755 };

function apply(tree: RootedTree, entry: Entry): void {
  const [kind, path] = entry;
  if (kind === 'read') return closeFd(tree.openFile(path));
  const { fd, name } = tree.parent(path, create);
  switch (kind) {
    case 'directory':
      if (statAtIfThere(fd, name)?.type !== 'directory') mkdirAt(fd, name, 0o755);
      return;
    case 'remove':
      return tree.remove({ fd, name });
    case 'chmod':
      return chmodAt(fd, name, 0o777);
    case 'chown':
      return chownAt(fd, name, 1234, 1234);
    case 'utimes':
      return utimensAt(fd, name, { seconds: 1, nanoseconds: 1 }, { seconds: 1, nanoseconds: 1 });
    case 'xattr':
      return setXattrAt(fd, name, 'trusted.strata', Buffer.from('x'));
    case 'file':
    case 'symlink':
    case 'hardlink':
  }
  const standing = statAtIfThere(fd, name);
  if (standing && standing.type !== 'directory' && kind !== 'hardlink') tree.remove({ fd, name });
  if (kind === 'symlink') return symlinkAt(entry[2], fd, name);
  if (kind === 'hardlink') {
    const target = tree.parent(entry[2]);
    return linkAt(target.fd, target.name, fd, name);
  }
  const file = openAt(fd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o644);
  writeFully(file, Buffer.from('new'));
  closeFd(file);
}

const file = (path: string): Entry => ['file', path];
const refused = (refusal: Refusal, entry: Entry): { entry: Entry; refused: Refusal } => ({ entry, refused: refusal });

const cases: readonly Case[] = [
  { id: 'A1', title: '../x', entries: [file('../x')], expected: { x: 'file' } },
  { id: 'A1', title: '/../x', entries: [file('/../x')], expected: { x: 'file' } },
  { id: 'A1', title: 'a/../../x', before: ['a/'], entries: [file('a/../../x')], expected: { x: 'file' } },
  { id: 'A1', title: 'a/../../x without a', entries: [file('a/../../x')], expected: { x: 'file', a: 'directory' } },
  { id: 'A1', title: '../victim/file', entries: [file('../victim/file')], expected: { 'victim/file': 'file' } },
  {
    id: 'A1',
    title: '../root-evil/secret',
    entries: [file('../root-evil/secret')],
    expected: { 'root-evil/secret': 'file' },
  },
  ...['..', '../', '../..', 'a/..', '/..'].map(
    (path): Case => ({
      id: 'A1',
      title: `bare ${path}`,
      before: ['a/'],
      entries: (['file', 'directory', 'remove', 'chmod', 'chown', 'utimes', 'xattr'] as const).map((kind) =>
        refused('ERR_PATH_HAS_NO_NAME', [kind, path]),
      ),
    }),
  ),
  { id: 'A2', title: 'absolute', entries: [file('@/etc/x')], expected: { '@/etc/x': 'file' } },
  { id: 'A2', title: 'absolute with doubled slashes', entries: [file('/@//etc//x')], expected: { '@/etc/x': 'file' } },
  ...['../victim', './../victim', '/../victim', 'a/../../victim', '../outside/../victim'].map(
    (target): Case => ({
      id: 'A3',
      title: `symlink to ${target}, then through it`,
      before: ['victim/', 'a/', 'outside/'],
      entries: [['symlink', 'l', target], file('l/f'), ['directory', 'l/d/e'], ['chmod', 'l/f'], ['utimes', 'l/f']],
      expected: { 'victim/f': 'file', 'victim/d/e': 'directory' },
    }),
  ),
  ...['@/victim', '../../../../../../..@/victim', '@/root/../victim', '/..//@/victim/'].map(
    (target): Case => ({
      id: 'A3',
      title: `symlink to ${target}, then through it`,
      before: ['@/victim/', '@/root/'],
      entries: [['symlink', 'l', target], file('l/f'), ['directory', 'l/d/e'], ['chmod', 'l/f'], ['utimes', 'l/f']],
      expected: { '@/victim/f': 'file', '@/victim/d/e': 'directory' },
    }),
  ),
  {
    id: 'A3',
    title: 'the same while the target is missing',
    entries: [['symlink', 'l', '../victim'], file('l/file'), refused('ENOENT', ['read', '../victim/passwd'])],
    expected: { 'victim/file': 'file' },
  },
  {
    id: 'A4',
    title: 'two hops',
    entries: [
      ['directory', 'inner'],
      ['symlink', 'inner/go_up', '..'],
      ['symlink', 'inner/go_up/escape', '../victim'],
      file('inner/go_up/escape/f'),
    ],
    expected: { escape: '-> ../victim', 'victim/f': 'file' },
  },
  {
    id: 'A4',
    title: 'a ladder of ..',
    entries: [['symlink', 'a', '..'], ['symlink', 'b', 'a/..'], ['symlink', 'c', 'b/../../..'], file('c@/victim/f')],
    expected: { '@/victim/f': 'file' },
  },
  {
    id: 'A5',
    title: 'absolute symlinks to directories, as /var/run -> /run',
    before: ['@/run/', '@/etc/', ['host', '@/etc']],
    entries: [['directory', 'var'], ['symlink', 'var/run', '@/run'], file('var/run/lock/x'), file('host/passwd')],
    expected: { '@/run/lock/x': 'file', '@/etc/passwd': 'file' },
  },
  {
    id: 'A5',
    title: 'the symlink to a host file is not written through',
    before: [
      ['passwd', '@/etc/passwd'],
      ['relative', '../victim/file'],
    ],
    entries: [file('passwd'), refused('ENOENT', ['read', 'relative']), file('relative')],
    expected: { passwd: 'file', relative: 'file' },
  },
  ...['../victim/file', '/../victim/file', '../root-evil/secret', 'x/../../victim/file', '../file'].map(
    (target): Case => ({
      id: 'A6',
      title: `hardlink to ${target}`,
      before: ['x/'],
      entries: [refused('ENOENT', ['hardlink', 'h', target])],
      expected: { h: 'gone' },
    }),
  ),
  {
    id: 'A7',
    title: 'hardlink through a symlinked directory',
    before: ['etc/', 'etc/passwd', ['d1', '../../etc']],
    entries: [['hardlink', 'h', 'd1/passwd']],
    expected: { h: { sameAs: 'etc/passwd' } },
  },
  {
    id: 'A7',
    title: 'the same when only the host has the file',
    before: ['etc/', ['d1', '../../etc']],
    entries: [refused('ENOENT', ['hardlink', 'h', 'd1/passwd'])],
    expected: { h: 'gone' },
  },
  {
    id: 'A8',
    title: 'hardlink to a symlink, then the name written, chmodded and read',
    before: [['s', '../victim/file']],
    entries: [
      ['hardlink', 'h', 's'],
      refused('EOPNOTSUPP', ['chmod', 'h']),
      ['chown', 'h'],
      refused('ENOENT', ['read', 'h']),
      file('h'),
    ],
    expected: { s: '-> ../victim/file', h: 'file' },
  },
  {
    id: 'A9',
    title: 'hardlink with an absolute target',
    before: ['@/etc/', '@/etc/passwd'],
    entries: [['hardlink', 'p', '@/etc/passwd'], refused('ENOENT', ['hardlink', 'q', '@/victim/file'])],
    expected: { p: { sameAs: '@/etc/passwd' }, q: 'gone' },
  },
  {
    id: 'A10',
    title: 'hardlink to nothing, to itself, to a directory, to the root',
    before: ['d/', 'f'],
    entries: [
      refused('ENOENT', ['hardlink', 'h', 'missing']),
      refused('ENOENT', ['hardlink', 'h', 'h']),
      refused('EEXIST', ['hardlink', 'f', 'f']),
      refused('EPERM', ['hardlink', 'h', 'd']),
      refused('ERR_PATH_HAS_NO_NAME', ['hardlink', 'h', '/']),
      refused('ERR_PATH_HAS_NO_NAME', ['hardlink', 'h', '..']),
    ],
    expected: { h: 'gone' },
  },
  {
    id: 'A11',
    title: 'attributes through symlinks to the host',
    before: [['f', '../victim/file'], ['d', '../victim'], ['abs', '@/victim'], '@/victim/'],
    entries: [
      ...['f', 'd', 'abs'].flatMap((name) => [
        refused('EOPNOTSUPP', ['chmod', name]),
        ['chown', name] as const,
        ['utimes', name] as const,
        ['xattr', name] as const,
      ]),
      refused('ENOENT', ['chmod', 'd/file']),
      refused('ENOENT', ['chown', 'abs/file']),
      refused('ENOENT', ['xattr', 'abs/passwd']),
    ],
  },
  ...['.', './', '', '/', '//', './/.'].map(
    (path): Case => ({
      id: 'A12',
      title: `the root itself as ${JSON.stringify(path)}`,
      entries: [
        refused('ERR_PATH_HAS_NO_NAME', ['symlink', path, '../victim']),
        refused('ERR_PATH_HAS_NO_NAME', file(path)),
        refused('ERR_PATH_HAS_NO_NAME', ['hardlink', path, 'x']),
        refused('ERR_PATH_HAS_NO_NAME', ['remove', path]),
      ],
      expected: { '': 'directory' },
    }),
  ),
  {
    id: 'A13',
    title: 'removal never takes the root or what is above',
    before: ['etc/'],
    entries: ['.', '..', 'etc/.', 'etc/..', 'etc/../..', '...'].map((path) =>
      path === '...' ? refused('ENOENT', ['remove', path]) : refused('ERR_PATH_HAS_NO_NAME', ['remove', path]),
    ),
    expected: { etc: 'directory' },
  },
  {
    id: 'A14',
    title: 'removal through a symlinked directory',
    before: ['etc/', 'etc/passwd', ['localetc', '../etc']],
    entries: [['remove', 'localetc/passwd'], refused('ENOENT', ['remove', 'localetc/passwd'])],
    expected: { 'etc/passwd': 'gone', localetc: '-> ../etc' },
  },
  {
    id: 'A14',
    title: 'removal of a symlink, of a tree with symlinks inside, and where only the host has the name',
    before: [['v', '../victim'], 't/', 't/u/', ['t/u/out', '../../../victim'], ['t/abs', '@/victim']],
    entries: [['remove', 't'], refused('ENOENT', ['remove', 'v/file']), ['remove', 'v']],
    expected: { v: 'gone', t: 'gone' },
  },
  {
    id: 'A21',
    title: 'a directory used, replaced by a symlink, used again',
    entries: [
      file('d/one'),
      ['remove', 'd'],
      ['symlink', 'd', '../victim'],
      file('d/two'),
      ['remove', 'd'],
      file('d/three'),
    ],
    expected: { 'victim/two': 'file', 'd/three': 'file', 'd/one': 'gone' },
  },
  {
    id: 'A21',
    title: 'the parent of a used directory replaced by a symlink',
    before: ['other/', 'other/d/'],
    entries: [file('p/d/one'), ['remove', 'p'], ['symlink', 'p', 'other'], file('p/d/two')],
    expected: { 'other/d/two': 'file', 'other/d/one': 'gone' },
  },
  {
    id: 'A22',
    title: 'a file as parent',
    before: ['a', ['l', 'a']],
    entries: [refused('ENOTDIR', file('a/b')), refused('ENOTDIR', file('l/b')), refused('ENOTDIR', ['read', 'a/b'])],
  },
  {
    id: 'A23',
    title: 'parents implied, also through dangling symlinks',
    before: [
      ['run', '../../var/run'],
      ['loop', 'loop/x'],
    ],
    entries: [file('a/b/c'), file('run/x'), refused('ELOOP', file('loop/y'))],
    expected: { 'a/b/c': 'file', 'var/run/x': 'file' },
  },
  {
    id: 'A28',
    title: 'long and odd names',
    entries: [
      file('n'.repeat(255)),
      refused('ENAMETOOLONG', file('n'.repeat(256))),
      refused('ENAMETOOLONG', file('d/'.repeat(3000))),
      refused('ERR_PATH_HAS_NUL', file('a\0b')),
      refused('ERR_PATH_HAS_NUL', file('a\0/b')),
      file('new\nline'),
    ],
    expected: { ['n'.repeat(255)]: 'file', 'new\nline': 'file' },
  },
  {
    id: 'magic',
    title: 'links like those of /proc are text',
    before: [
      ['self', '/proc/self/root'],
      ['fd', '/proc/self/fd/0'],
      ['cwd', '/proc/self/cwd'],
    ],
    entries: [file('self/x'), file('cwd/x'), file('fd/x'), refused('ENOENT', ['read', 'self/etc/passwd'])],
    expected: { 'proc/self/root/x': 'file', 'proc/self/cwd/x': 'file', 'proc/self/fd/0/x': 'file' },
  },
];

/** Replaces `@` everywhere in a row of the table. */
const replaceCanary = <Value>(value: Value, canary: string): Value =>
  JSON.parse(JSON.stringify(value).replaceAll('@', canary)) as Value;

function prepare(root: string, before: Case['before']): void {
  for (const item of before ?? []) {
    if (typeof item !== 'string') symlinkSync(item[1], join(root, item[0]));
    else if (item.endsWith('/')) mkdirSync(join(root, item), { recursive: true });
    else writeFileSync(join(root, item), 'old');
  }
}

function check(root: string, path: string, expected: NonNullable<Case['expected']>[string]): void {
  const stat = lstatSync(join(root, path), { throwIfNoEntry: false });
  if (expected === 'gone') return assert.equal(stat, undefined, `${path} is still there`);
  assert.ok(stat, `${path} is not there`);
  if (expected === 'directory') assert.ok(stat.isDirectory(), path);
  else if (expected === 'file') assert.equal(readFileSync(join(root, path), 'latin1'), 'new', path);
  else if (typeof expected === 'string') assert.equal(`-> ${readlinkSync(join(root, path))}`, expected);
  else assert.equal(stat.ino, statSync(join(root, expected.sameAs)).ino);
}

for (const openat2 of [true, false]) {
  const skip = (openat2 && !hasSyscall('openat2') && 'Linux before 5.6') || needs('root');
  describe(openat2 ? 'breakouts by openat2' : 'breakouts by single steps', { skip }, () => {
    for (const written of cases) {
      test(`${written.id}: ${written.title}`, (context) => {
        const { root, outside, before } = rootBesideCanary(context);
        const { before: given, entries, expected } = replaceCanary(written, outside);
        prepare(root, given);
        const descriptors = openDescriptors();
        const tree = RootedTree.open(root, { openat2 });
        for (const item of entries) {
          if (!('refused' in item)) apply(tree, item);
          else {
            assert.throws(
              () => apply(tree, item.entry),
              (error) => errnoOf(error) === item.refused || (isStrataError(error) && error.code === item.refused),
              `${item.entry.join(' ')}: not refused with ${item.refused}`,
            );
          }
        }
        tree.close();
        for (const [path, what] of Object.entries(expected ?? {})) check(root, path, what);
        assert.deepEqual(outsideOf(outside), before);
        assert.equal(openDescriptors(), descriptors);
      });
    }
  });
}

test('the canary notices an escape', { skip: needs('root') }, (context) => {
  for (const escape of [
    (outside: string) => writeFileSync(join(outside, 'victim/new'), ''),
    (outside: string) => writeFileSync(join(outside, 'victim/file'), "the host's victim/file"),
    (outside: string) => symlinkSync('x', join(outside, 'new')),
  ]) {
    const { outside, before } = rootBesideCanary(context);
    escape(outside);
    assert.notDeepEqual(outsideOf(outside), before);
  }
});
