import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { BuildContext } from '../../../src/builder/context/build-context.ts';
import { type ErrorCode, isStrataError } from '../../../src/errors/index.ts';
import { closeFd, mkdirAt, openAt } from '../../../src/sys/fs-at.ts';
import { type FolderItem, fill, folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { patienceMs } from '../../helpers/until.ts';

interface Opened {
  readonly folder: string;
  readonly context: BuildContext;
}

function open(test: TestContext, items: Readonly<Record<string, FolderItem>>, dockerfile = 'Dockerfile'): Opened {
  const folder = folderWith(test, items);
  const context = BuildContext.open(folder, dockerfile);
  test.after(() => context.close());
  return { folder, context };
}

/** Returns the paths below each file or folder that the source names: `name/path`, or the name of a file. */
function taken(context: BuildContext, source: string): string[] {
  return context.find(source).flatMap((found) =>
    [...context.walk(found)].flatMap(({ path }) => {
      const name = Buffer.from(found.name).toString();
      if (!found.isDirectory) return [name];
      return path.length === 0 ? [] : [`${name}/${Buffer.from(path).toString()}`];
    }),
  );
}

const code = (expected: ErrorCode) => (error: unknown) => isStrataError(error, expected);
const refused = (message: RegExp) => (error: unknown) =>
  isStrataError(error, 'ERR_COPY_SOURCE_NOT_FOUND') && message.test(error.message);

test('a folder is taken whole, in byte order, folders before what they hold', (t) => {
  const { context } = open(t, { 'b/z': '', 'b/a': '', 'a.x': '', 'a/y': '', B: '', é: '' });
  assert.deepEqual(taken(context, '.'), ['/B', '/a', '/a/y', '/a.x', '/b', '/b/a', '/b/z', '/é']);
  assert.deepEqual(taken(context, 'b'), ['b/a', 'b/z']);
  assert.deepEqual(taken(context, '/b/'), ['b/a', 'b/z']);
  assert.deepEqual(taken(context, 'b/../a.x'), ['a.x']);
});

test('.dockerignore: patterns, exceptions, and what a Dockerfile has of its own', (t) => {
  const items = { 'a/keep': '', 'a/drop': '', 'b/c/keep': '', 'b/c/drop': '', 'b/d/drop': '', top: '', Dockerfile: '' };
  const with_ = (ignore: string): string[] => taken(open(t, { ...items, '.dockerignore': ignore }).context, '.');
  assert.deepEqual(with_('# all\n**\n!**/keep\n'), ['/a', '/a/keep', '/b', '/b/c', '/b/c/keep']);
  assert.deepEqual(with_('*\n!b/c/keep'), ['/b', '/b/c', '/b/c/keep']);
  assert.deepEqual(with_('b\n.dockerignore\nDockerfile\r\n'), ['/a', '/a/drop', '/a/keep', '/top']);
  assert.deepEqual(
    with_('\ufeffa\nb\n.dockerignore\nDockerfile').includes('/a'),
    false,
    'a byte order mark is no name',
  );
  assert.deepEqual(with_('**/drop\nb/*/keep\n.dockerignore\nDockerfile'), [
    '/a',
    '/a/keep',
    '/b',
    '/b/c',
    '/b/d',
    '/top',
  ]);
  const own = { ...items, 'x.Dockerfile': '', '.dockerignore': '*', 'x.Dockerfile.dockerignore': '*\n!top' };
  assert.deepEqual(taken(open(t, own, 'x.Dockerfile').context, '.'), ['/top']);
});

test('.dockerignore: exceptions add nothing from outside', (t) => {
  const outside = folderWith(t, { x: 'secret' });
  const { context } = open(t, { in: '', '.dockerignore': `*\n!../x\n!${outside}/x\n!in\n` });
  assert.deepEqual(taken(context, '.'), ['/in']);
});

test('an excluded file cannot be reached through a symlink', (t) => {
  const { context } = open(t, {
    'secret/key': '',
    key: '',
    'dir/x': '',
    link: { link: 'secret/key' },
    folder: { link: 'secret' },
    top: { link: 'key' },
    fine: { link: 'dir' },
    '.dockerignore': 'secret\nkey\nDockerfile\n.dockerignore\n',
  });
  for (const source of ['link', 'folder', 'top', 'folder/key', 'secret', 'key']) {
    assert.throws(() => context.find(source), code('ERR_COPY_SOURCE_NOT_FOUND'), source);
  }
  assert.throws(
    () => context.find('l*'),
    refused(/^COPY l\*: link is a symlink that leads to what the \.dockerignore/),
  );
  assert.deepEqual(taken(context, 'fine'), ['fine/x']);
});

test('symlinks on the way are there or ignored by their own paths', (t) => {
  const { context } = open(t, {
    'd/f': '',
    first: { link: 'second' },
    second: { link: 'd/f' },
    'in/first': { link: '../second' },
    l: { link: 'd' },
    m: { link: 'd' },
    '.dockerignore': 'second\nl/f\nm\n',
  });
  assert.throws(() => context.find('first'), refused(/^COPY first: not found/));
  assert.throws(() => context.find('fi*'), refused(/first is a symlink that leads to what/));
  assert.throws(() => context.find('in/*'), refused(/in\/first is a symlink that leads to what/));
  assert.throws(() => context.find('m/f'), refused(/m\/f: not found/));
  assert.deepEqual(taken(context, 'm/*'), []);
  assert.deepEqual(taken(context, 'l/f'), ['f'], 'no file of the context has the path that is ignored');
});

test('a wildcard drops no symlink that leads nowhere, out of the context or in a circle', (t) => {
  const outside = folderWith(t, { host: '' });
  const { context } = open(t, {
    lf: 'x',
    'gone/lb': { link: 'nothing' },
    'absolute/lb': { link: '/etc/hostname' },
    'out/lb': { link: `../../../..${outside}/host` },
    'file/lb': { link: 'f/below' },
    'file/f': '',
    'loop/lb': { link: 'lb' },
    'loops/lb': { link: 'lc' },
    'loops/lc': { link: 'lb' },
    'ignored/lb': { link: 'nothing' },
    'ignored/lf': '',
    'good/lb': { link: '../lf' },
    '.dockerignore': 'ignored/lb',
  });
  for (const folder of ['gone', 'absolute', 'out', 'file']) {
    for (const pattern of ['l*', 'l[b]', '?b', '*']) {
      assert.throws(
        () => context.find(`${folder}/${pattern}`, { verb: 'ADD' }),
        refused(new RegExp(`^ADD ${folder}/.*: ${folder}/lb is a symlink that leads to nothing inside`)),
        `${folder}/${pattern}`,
      );
    }
  }
  assert.throws(() => context.find('loop/l*'), refused(/loop\/lb is a symlink that leads in a circle/));
  assert.throws(() => context.find('loops/l*'), refused(/loops\/lb is a symlink that leads in a circle/));
  assert.throws(() => context.find('?o?e/l*'), refused(/gone\/lb is a symlink/));
  assert.deepEqual(taken(context, 'ignored/l*'), ['lf'], 'what is ignored is not there');
  assert.deepEqual(taken(context, 'good/l*'), ['lb']);
  assert.deepEqual(context.find('gone/l*', { exclude: ['lb'] }), [], 'what is excluded is not followed');
});

test('a folder is in the context only with a file of it; an exception for a missing file adds none', (t) => {
  const items = { 'a/file1': '', 'a/sub/x': '', 'b/c/': '', l: { link: 'a' } };
  const with_ = (ignore: string): BuildContext => open(t, { ...items, '.dockerignore': ignore }).context;
  const phantom = with_('**\n!a/file\n!a/sub/y\n');
  for (const source of ['a', 'a/', 'a/sub', 'l']) {
    assert.throws(() => phantom.find(source), code('ERR_COPY_SOURCE_NOT_FOUND'), source);
  }
  for (const source of ['a*', '*/sub', '*', 'a/*']) assert.deepEqual(phantom.find(source), [], source);
  assert.deepEqual(taken(phantom, '.'), []);
  assert.throws(() => phantom.findWithParents('a/sub'), code('ERR_COPY_SOURCE_NOT_FOUND'));
  assert.deepEqual(taken(with_('**\n!a/sub/x'), 'a'), ['a/sub', 'a/sub/x']);
  assert.deepEqual(taken(with_('**\n!a/sub/x'), 'a*'), ['a/sub', 'a/sub/x']);
  assert.deepEqual(taken(with_('**\n!b/c'), 'b'), ['b/c'], 'an empty folder is something');
});

test('symlinks stay inside the context, whatever their target (D1)', (t) => {
  const outside = folderWith(t, { passwd: 'host' });
  const { context } = open(t, {
    'etc/passwd': 'inside',
    'etc/hosts': '',
    'etc/back': { link: '../../up/hosts' },
    absolute: { link: '/etc' },
    up: { link: '../../../../../../etc' },
    chain: { link: 'chain2' },
    chain2: { link: `${outside}` },
    deep: { link: 'up/../absolute/passwd' },
    loop: { link: 'loop' },
    proc: { link: '/proc/self/root/etc' },
  });
  assert.deepEqual(taken(context, 'absolute/passwd'), ['passwd']);
  assert.deepEqual(taken(context, 'up'), ['up/back', 'up/hosts', 'up/passwd'], 'the root of all is the context');
  assert.deepEqual(taken(context, 'absolute/back'), ['back'], 'what .. leaves is the folder that a symlink led to');
  assert.deepEqual(taken(context, 'deep'), ['deep']);
  for (const source of [
    'chain',
    'chain/passwd',
    'loop',
    'loop/x',
    'proc',
    '../outside',
    'etc/passwd/x',
    '../../proc/self',
  ]) {
    assert.throws(() => context.find(source), code('ERR_COPY_SOURCE_NOT_FOUND'), source);
  }
  assert.deepEqual(taken(context, '../../../etc/passwd'), ['passwd'], 'like docker: .. stops at the context');
});

test('wildcards match names, files that begin with a dot too, and nothing when there is nothing', (t) => {
  const { context } = open(t, {
    'a.js': '',
    'b.js': '',
    '.c.js': '',
    'd/e.js': '',
    'd/f/g.js': '',
    'x*y': '',
    x1y: '',
  });
  assert.deepEqual(taken(context, '*.js'), ['.c.js', 'a.js', 'b.js']);
  assert.deepEqual(taken(context, '?.js'), ['a.js', 'b.js']);
  assert.deepEqual(taken(context, '[ab].js'), ['a.js', 'b.js']);
  assert.deepEqual(taken(context, '*/*.js'), ['e.js']);
  assert.deepEqual(taken(context, '*/f/*'), ['g.js']);
  assert.deepEqual(taken(context, 'd*'), ['d/e.js', 'd/f', 'd/f/g.js']);
  assert.deepEqual(taken(context, 'x\\*[y]'), ['x*y']);
  assert.deepEqual(taken(context, 'nothing*'), []);
  assert.deepEqual(taken(context, 'a.js/*'), []);
  assert.throws(() => context.find('[a'), code('ERR_PATTERN_SYNTAX'));
});

test('behind a wildcard no symlink is followed, so that links to . cannot multiply', { timeout: patienceMs }, (t) => {
  const links = Object.fromEntries(Array.from({ length: 12 }, (_, at) => [`l${at}`, { link: '.' }]));
  const { context } = open(t, { ...links, up: { link: '..' }, 'd/up': { link: '..' }, 'd/x': '' });
  assert.deepEqual(taken(context, '*/*/*/*/*/*/*/*/*/*/x'), []);
  assert.deepEqual(taken(context, '*/up/d/*/up/d/*/up/d/x'), []);
  assert.deepEqual(taken(context, 'l*/d/x'), []);
  assert.deepEqual(
    taken(context, 'l0/d/*').sort(),
    ['up/d', 'up/d/up', 'up/d/x', 'x', ...Object.keys(links).map((l) => `up/${l}`), 'up/up'].sort(),
  );
});

test('a Dockerfile is read inside the context only (D3)', (t) => {
  const outside = folderWith(t, { Dockerfile: 'FROM host' });
  const { context, folder } = open(t, {
    Dockerfile: 'FROM inside',
    'sub/Dockerfile': 'FROM sub',
    link: { link: 'sub/Dockerfile' },
    out: { link: `${outside}/Dockerfile` },
    loop: { link: 'loop' },
    'folder/': '',
    '.dockerignore': 'Dockerfile',
  });
  const read = (path: string): string => Buffer.from(context.readDockerfile(path)).toString();
  assert.equal(read('Dockerfile'), 'FROM inside', 'also when it is ignored');
  assert.equal(read('link'), 'FROM sub');
  assert.equal(read('../../../../Dockerfile'), 'FROM inside');
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  writeFileSync(join(folder, 'huge'), '');
  truncateSync(join(folder, 'huge'), 2 ** 40);
  for (const path of ['out', 'loop', 'folder', 'fifo', 'huge']) {
    assert.throws(() => context.readDockerfile(path), code('ERR_CONTEXT_FILE'), path);
  }
  for (const path of ['nothing', `${outside}/Dockerfile`, 'Dockerfile/x']) {
    assert.throws(() => context.readDockerfile(path), code('ERR_DOCKERFILE_NOT_FOUND'), path);
  }
});

test('an ignore file that cannot be read is an error, not an empty one', (t) => {
  for (const [item, problem] of [
    [{ link: '/nowhere' }, 'ERR_CONTEXT_FILE'],
    ['[', 'ERR_PATTERN_SYNTAX'],
    [Buffer.alloc(11 << 20, 'x\n'), 'ERR_DOCKERIGNORE_TOO_LARGE'],
  ] as const) {
    const folder = folderWith(t, { '.dockerignore': item });
    assert.throws(() => BuildContext.open(folder, 'Dockerfile'), code(problem));
  }
  const folder = folderWith(t, { '.dockerignore/': '' });
  assert.throws(() => BuildContext.open(folder, 'Dockerfile'), code('ERR_CONTEXT_FILE'));
});

test('a thousand ** cost time that grows with the names, not exponentially', { timeout: patienceMs }, (t) => {
  const name = 'a'.repeat(200);
  const { context } = open(t, {
    [`${name}/${name}`]: '',
    '.dockerignore': `${'**/a*'.repeat(300)}b\n${'a**'.repeat(300)}`,
  });
  assert.ok(taken(context, '.').length > 0);
});

test('a context that is no folder is refused', (t) => {
  const folder = folderWith(t, { file: '' });
  for (const path of ['nothing', 'file', 'file/x']) {
    assert.throws(() => BuildContext.open(join(folder, path), 'Dockerfile'), code('ERR_CONTEXT_NOT_FOUND'), path);
  }
});

test('a tree as deep as the paths of the kernel are long, and deeper', (t) => {
  const folder = temporaryFolder(t, 'context');
  let fd = openAt(-100, folder, 0);
  for (let depth = 0; depth < 1500; depth++) {
    mkdirAt(fd, 'dir', 0o755);
    const below = openAt(fd, 'dir', 0);
    closeFd(fd);
    fd = below;
  }
  closeFd(fd);
  const context = BuildContext.open(folder, 'Dockerfile');
  t.after(() => context.close());
  assert.equal(taken(context, '.').length, 1500);
});

test('a walk notices a file that vanishes or changes its type', (t) => {
  const { context, folder } = open(t, { 'a/x': '', 'b/y': '', 'c/z': '' });
  const outside = folderWith(t, { z: 'host' });
  const [source] = context.find('.');
  const walk = context.walk(source!);
  walk.next();
  rmSync(join(folder, 'b'), { recursive: true });
  assert.throws(() => [...walk], code('ERR_CONTEXT_CHANGED'));

  fill(folder, { 'b/y': '' });
  const again = context.walk(source!);
  const seen: string[] = [];
  assert.throws(() => {
    for (const { path } of again) {
      seen.push(Buffer.from(path).toString());
      if (seen.at(-1) === 'b/y') {
        renameSync(join(folder, 'c'), join(folder, 'c.old'));
        symlinkSync(outside, join(folder, 'c'));
      }
      // The walk may report the symlink itself, but nothing below it.
      assert.notEqual(seen.at(-1), 'c/z');
    }
    throw new Error('walked');
  }, /walked|changed/);
  mkdirSync(join(folder, 'd'));
});

test('an unfinished walk closes what it opened', (t) => {
  const { context } = open(t, { 'a/b/c/d': '' });
  const count = (): number => readdirSync('/proc/self/fd').length;
  const [source] = context.find('.');
  const before = count();
  for (const { path } of context.walk(source!)) if (path.length > 4) break;
  assert.equal(count(), before);
});
