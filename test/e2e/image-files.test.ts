// Commands that look into images: image files, image cat, cp IMAGE:PATH.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '../helpers/build-folder.ts';
import { busyboxStore } from '../helpers/busybox-store.ts';
import { asTar, dockerArchive, image } from '../helpers/image-archives.ts';
import { needs } from '../helpers/needs.ts';
import { type StrataCommand, strataCommand, strataPath } from '../helpers/strata.ts';
import {
  binary,
  characterDevice,
  dir,
  file,
  hardlink,
  opaque,
  symlink,
  tar,
  whiteout,
} from '../helpers/tar-builder.ts';

const skip = needs('root', 'overlay');

const layers = [
  tar(
    dir('etc', { mtime: 86_400 }),
    file('etc/name', 'base\n', { uid: 7, gid: 8, mode: 0o4755, mtime: 1_700_000_000 }),
    file('etc/old', 'old', { mtime: 1 }),
    symlink('lib', 'etc', { mtime: 1 }),
    dir('tmp', { mode: 0o1777, mtime: 1 }),
    dir('gone', { mtime: 1 }),
    file('gone/a', '', { mtime: 1 }),
  ),
  tar(
    hardlink('also', 'etc/name'),
    file('etc/name', 'changed\n', { mtime: 2 }),
    whiteout('etc/old'),
    opaque('gone'),
    file('gone/b', 'b', { mtime: 2 }),
    file(binary('odd\xff\x1b[31m\n\\'), 'odd', { mtime: 2 }),
    file('größe', '', { mtime: 2 }),
    characterDevice('null', 1, 3, { mtime: 2, mode: 0o666 }),
  ),
];

async function loadImage(context: TestContext): Promise<StrataCommand> {
  const strata = strataCommand(context);
  const input = asTar(dockerArchive([{ image: image(layers), tags: ['me/app:1', 'localhost:5000/app:2'] }]));
  const { code, stderr } = await strata.with({ input }, 'load');
  assert.equal(code, 0, stderr);
  return strata;
}

test('files of an image are listed in order of bytes, whatever their names are', { skip }, async (context) => {
  const strata = await loadImage(context);
  const all = await strata('image', 'files', 'me/app:1');
  assert.deepEqual(all.stdout.split('\n'), [
    '/',
    '/also',
    '/etc',
    '/etc/name',
    '/gone',
    '/gone/b',
    '/größe',
    '/lib',
    '/null',
    '/odd\\xff\\x1b[31m\\x0a\\\\',
    '/tmp',
    '',
  ]);
  const long = await strata('image', 'files', '-l', 'me/app:1', '/');
  assert.deepEqual(long.stdout.split('\n').slice(1, 5), [
    '-rwsr-xr-x 7/8               5 2023-11-14 22:13 /also',
    'drwxr-xr-x 0/0               0 1970-01-02 00:00 /etc',
    '-rw-r--r-- 0/0               8 1970-01-01 00:00 /etc/name',
    'drwxr-xr-x 0/0               0 1970-01-01 00:00 /gone',
  ]);
  assert.match(long.stdout, /^lrwxrwxrwx 0\/0 +0 1970-01-01 00:00 \/lib -> etc$/m);
  assert.match(long.stdout, /^crw-rw-rw- 0\/0 +1,3 1970-01-01 00:00 \/null$/m);
  assert.match(long.stdout, /^drwxrwxrwt 0\/0 +0 1970-01-01 00:00 \/tmp$/m);
  const flat = await strata('image', 'files', '--no-recursive', 'me/app:1', 'lib');
  assert.equal(flat.stdout, '/etc\n/etc/name\n');
});

test('several paths are listed one by one, with links as ls shows them', { skip }, async (context) => {
  const strata = await loadImage(context);
  const links = tar(symlink('to-file', 'etc/name', { mtime: 1 }), symlink('to-nothing', 'none', { mtime: 1 }));
  const input = asTar(dockerArchive([{ image: image([...layers, links]), tags: ['links:1'] }]));
  assert.equal((await strata.with({ input }, 'load')).code, 0);
  const files = async (...args: readonly string[]): Promise<string[]> => {
    const { code, stdout, stderr } = await strata('image', 'files', ...args);
    return [...stdout.trimEnd().split('\n'), ...(code === 0 ? [] : [`${code} ${stderr.split('\n')[0]}`])];
  };
  assert.deepEqual(await files('links:1', 'to-file', '/to-nothing', 'lib', '/lib/', 'lib/name'), [
    '/to-file',
    '/to-nothing',
    '/etc',
    '/etc/name',
    '/etc',
    '/etc/name',
    '/etc/name',
  ]);
  assert.deepEqual(await files('-l', 'links:1', '/to-file'), [
    'lrwxrwxrwx 0/0               0 1970-01-01 00:00 /to-file -> etc/name',
  ]);
  assert.deepEqual(await files('links:1', '/none', '/gone', 'to-file/'), [
    '/gone',
    '/gone/b',
    '1 strata: "/none" in the image: no such file or directory',
  ]);
  assert.deepEqual(await files('--layer', '2', 'links:1', 'lib/name', '/gone', '/etc/old', '/tmp'), [
    'C /etc/name',
    'D /etc/old',
    'D /gone/a',
    'A /gone/b',
  ]);
  const absent = '1 strata: "/none" in the image: no such file or directory';
  assert.deepEqual(await files('--layer', '2', 'links:1', '/none', '/gone/a'), ['D /gone/a', absent]);
});

test('a layer, by number or by digest, shows what it adds, changes and deletes', { skip }, async (context) => {
  const strata = await loadImage(context);
  const expected = [
    'A /also',
    'C /etc/name',
    'D /etc/old',
    'D /gone/a',
    'A /gone/b',
    'A /größe',
    'A /null',
    'A /odd\\xff\\x1b[31m\\x0a\\\\',
    '',
  ];
  const second = await strata('image', 'files', '--layer', '2', 'me/app:1');
  assert.deepEqual(second.stdout.split('\n'), expected);
  const [, digest = ''] = JSON.parse(
    (await strata('image', 'inspect', '-f', '{{json .RootFS.Layers}}', 'me/app:1')).stdout,
  ) as string[];
  for (const text of [digest, digest.slice(0, 19), digest.slice(7, 19)]) {
    assert.equal((await strata('image', 'files', '--layer', text, 'me/app:1')).stdout, second.stdout, text);
  }
  const part = await strata('image', 'files', '--layer', '2', '-l', 'me/app:1', '/etc/');
  assert.deepEqual(part.stdout.split('\n'), [
    'C -rw-r--r-- 0/0               8 1970-01-01 00:00 /etc/name',
    'D -rw-r--r-- 0/0               3 1970-01-01 00:00 /etc/old',
    '',
  ]);
  for (const wrong of ['0', '3', 'sha256:', 'abc', 'fffff']) {
    const { code, stderr } = await strata('image', 'files', '--layer', wrong, 'me/app:1');
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^strata: layer .*: the image has no such layer\nhint: Give a number from 1 \(the base\) to 2/,
    );
  }
  for (const [count, hint] of [
    [0, 'Leave out --layer: the image has no layers.'],
    [1, 'The image has one layer: give 1, or the beginning of its digest.'],
  ] as const) {
    const input = asTar(dockerArchive([{ image: image(layers.slice(0, count)), tags: [`of:${count}`] }]));
    assert.equal((await strata.with({ input }, 'load')).code, 0);
    const { stderr } = await strata('image', 'files', '--layer', '9', `of:${count}`);
    assert.equal(stderr.split('\n')[1], `hint: ${hint}`);
  }
});

test('image files takes templates and prints JSON', { skip }, async (context) => {
  const strata = await loadImage(context);
  const json = await strata('image', 'files', '--format', 'json', 'me/app:1', '/etc/name');
  assert.deepEqual(JSON.parse(json.stdout), {
    Change: '',
    Device: '',
    GID: 0,
    Layer: 2,
    LinkTarget: '',
    ModTime: '1970-01-01T00:00:02Z',
    Mode: '-rw-r--r--',
    Path: '/etc/name',
    Size: 8,
    Type: 'file',
    UID: 0,
  });
  const own = await strata('image', 'files', '--format', '{{.Layer}} {{.Path}}', '--no-recursive', 'me/app:1', '/gone');
  assert.equal(own.stdout, '1 /gone\n2 /gone/b\n');
  const table = await strata('image', 'files', '--format', 'table {{.Size}}\t{{.Path}}', 'me/app:1', '/etc');
  assert.deepEqual(table.stdout.split('\n'), ['SIZE      PATH', '0         /etc', '8         /etc/name', '']);
  const mixed = await strata('image', 'files', '-l', '--format', 'json', 'me/app:1');
  assert.deepEqual([mixed.code, mixed.stderr.split('\n')[0]], [1, 'strata: conflicting options: --long and --format']);
});

test('image cat prints files of any layer, and goes on after a missing one', { skip }, async (context) => {
  const strata = await loadImage(context);
  assert.equal((await strata('image', 'cat', 'me/app:1', '/lib/name', 'also')).stdout, 'changed\nbase\n');
  assert.equal((await strata('image', 'cat', '--layer', '1', 'me/app:1', '/etc/name')).stdout, 'base\n');
  const { code, stdout, stderr } = await strata('image', 'cat', 'me/app:1', '/none', '/etc', '/gone/b');
  assert.deepEqual([code, stdout], [1, 'b']);
  assert.match(stderr, /^strata: "\/none" in the image: no such file or directory\nhint: .*strata image files IMAGE/);
  assert.match(stderr, /^strata: "\/etc" in the image: is a directory, not a regular file$/m);
  assert.match(stderr, /^hint: List the files in it \(strata image files IMAGE PATH\)\.$/m);
  assert.match((await strata('image', 'cat', 'absent', '/x')).stderr, /^strata: No such image: absent:latest\n/);
  const below = await strata('image', 'cat', '--layer', '1', 'me/app:1', '/gone/b');
  assert.match(below.stderr, /^strata: "\/gone\/b" in the image up to layer 1: no such file or directory\n/);
  for (const [verb, ...more] of [['cat'], ['cat', '/etc'], ['files']]) {
    const place = await strata('image', verb ?? '', 'me/app:1:/etc/name', ...more);
    assert.equal(place.code, 1);
    assert.ok(place.stderr.includes(`of its own: 'strata image ${verb} me/app:1 /etc/name'.`), place.stderr);
  }
});

test('cp copies out of an image by the rules that hold for containers', { skip }, async (context) => {
  const strata = await loadImage(context);
  const folder = temporaryFolder(context);
  const cp = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await strata.with({ cwd: folder }, 'cp', ...args);
    return code === 0 ? 'ok' : stderr.split('\n')[0]!;
  };
  assert.equal(await cp('me/app:1:/etc/name', '.'), 'ok');
  assert.equal(readFileSync(join(folder, 'name'), 'utf8'), 'changed\n');
  assert.equal(statSync(join(folder, 'name')).mtimeMs, 2000);
  assert.equal(await cp('localhost:5000/app:2:/etc', 'copy'), 'ok');
  assert.equal(readFileSync(join(folder, 'copy/name'), 'utf8'), 'changed\n');
  mkdirSync(join(folder, 'into'));
  assert.equal(await cp('me/app:1:etc', 'into'), 'ok');
  assert.ok(existsSync(join(folder, 'into/etc/name')));
  assert.equal(await cp('me/app:1:/etc/.', 'into'), 'ok');
  assert.ok(existsSync(join(folder, 'into/name')));
  assert.equal(await cp('me/app:1:/lib', 'link'), 'ok');
  assert.equal(readlinkSync(join(folder, 'link')), 'etc');
  assert.equal(await cp('-L', 'me/app:1:/lib', 'followed'), 'ok');
  assert.ok(lstatSync(join(folder, 'followed')).isDirectory());
  assert.equal(await cp('-a', 'me/app:1:/also', 'owned'), 'ok');
  assert.equal(statSync(join(folder, 'owned')).uid, 7);
  assert.equal(statSync(join(folder, 'owned')).mode & 0o7777, 0o4755);
  assert.equal(await cp('me/app:1:/', 'all'), 'ok');
  assert.equal(readdirSync(join(folder, 'all')).length, 8);
  for (const [args, message] of [
    [['me/app:1:/none', '.'], 'Could not find the file /none in image me/app:1'],
    [['me/app:1:/etc/name/', '.'], 'lstat /etc/name/: not a directory'],
    [['me/app:1:/etc', 'name'], 'cannot copy directory'],
    [['me/app:1:/etc', 'none/there'], `invalid output path: directory "${folder}/none" does not exist`],
    [['absent:/x', '.'], 'No such container: absent'],
    [['--image', 'absent:/x', '.'], 'No such image: absent:latest'],
    [['--image', 'name', 'me/app:1:/etc'], 'copying into an image is not supported: images never change'],
    [['--image', 'name', 'other'], 'must specify an image as the source'],
  ] as const) {
    assert.equal(await cp(...args), `strata: ${message}`, args.join(' '));
  }
  const piped = spawnSync('sh', ['-c', `"$STRATA" cp me/app:1:/etc - | tar tf -`], {
    env: { ...process.env, STRATA: strataPath, STRATA_ROOT: strata.root },
  });
  assert.equal(piped.stdout.toString(), 'etc/\netc/name\n');
});

test('cp prefers a container to an image of its name, unless --image is given', { skip }, async (context) => {
  const strata = await busyboxStore(context);
  const folder = temporaryFolder(context);
  const made = await strata('run', '--name', 'busybox', 'busybox', 'sh', '-c', 'echo container >/etc/which');
  assert.equal(made.code, 0, made.stderr);
  writeFileSync(join(folder, 'which'), 'before');
  assert.equal((await strata.with({ cwd: folder }, 'cp', 'busybox:/etc/which', '.')).code, 0);
  assert.equal(readFileSync(join(folder, 'which'), 'utf8'), 'container\n');
  const { code, stderr } = await strata.with({ cwd: folder }, 'cp', '--image', 'busybox:/etc/which', '.');
  assert.deepEqual([code, stderr.split('\n')[0]], [1, 'strata: Could not find the file /etc/which in image busybox']);
  const applet = await strata.with({ cwd: folder }, 'cp', '--image', 'busybox:/bin/busybox', 'applet');
  assert.equal(applet.code, 0, applet.stderr);
});

test('cp hints at the right form when an image is taken for a container, or a container for an image', {
  skip,
}, async (context) => {
  const strata = await busyboxStore(context);
  const folder = temporaryFolder(context);
  writeFileSync(join(folder, 'file'), '');
  for (const name of ['ms', 'busybox']) assert.equal((await strata('create', '--name', name, 'busybox')).code, 0);
  assert.equal((await strata('tag', 'busybox', 'image')).code, 0);
  const cases: readonly (readonly [args: readonly string[], message: RegExp, hint: RegExp])[] = [
    [
      ['ms:1:/x', '.'],
      /^Could not find the file \/1:\/x in container ms$/,
      /to copy from the image ms:1, use 'strata cp --image ms:1:\/x PATH'\.$/,
    ],
    [['busybox:/x', '.'], /in container busybox$/, /the image busybox, use 'strata cp --image busybox:\/x PATH'\.$/],
    [['ms:/x', '.'], /in container ms$/, /^Check the path in the container\.$/],
    [
      ['--image', 'ms:/x', '.'],
      /^No such image: ms:latest$/,
      /^ms is a container; to copy from it, use 'strata cp ms:\/x PATH'/,
    ],
    [['--image', 'no:/x', '.'], /^No such image: no:latest$/, /^List the images/],
    [['--image', 'busybox:/x', '.'], /in image busybox$/, /\(strata image files IMAGE\)\.$/],
    [
      ['no:1:/x', '.'],
      /^No such container: no$/,
      /^There is no image no:1 either\. .*\(strata ps -a, strata images\)\.$/,
    ],
    [['file', 'image:/x'], /^No such container: image$/, /^image is an image, and images never change/],
    [['file', 'ms:latest:/x'], /^Could not find the file \/latest: in container ms$/, /^Create that directory first/],
    [['file', 'busybox:latest:/x'], /in container busybox$/, /^busybox:latest is an image, and images never change/],
    [['file', 'no:/x'], /^No such container: no$/, /^List all containers to see which there are \(strata ps -a\)\.$/],
    [['ms:/x', 'busybox:/y/x'], /^copying between containers/, /'strata cp ms:\/x - \| strata cp - busybox:\/y\/'/],
    [['ms:/bin', 'file'], /^cannot copy directory$/, /^The destination is a file/],
    [['file', 'ms:/no/'], /^no such directory$/, /leave out the slash/],
    [['ms:/bin', 'no/there'], /^invalid output path/, /^Create that directory first/],
  ];
  for (const [args, message, hint] of cases) {
    const { code, stderr } = await strata.with({ cwd: folder }, 'cp', ...args);
    const [first = '', second] = stderr.trimEnd().split('\n');
    assert.equal(code, 1, args.join(' '));
    assert.match(first.replace('strata: ', ''), message);
    assert.match((second ?? '').replace('hint: ', ''), hint, args.join(' '));
  }
});
