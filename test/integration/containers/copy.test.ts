import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, lstatSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Engine } from '../../../src/engine/index.ts';
import { AT_FDCWD } from '../../../src/sys/constants.ts';
import { getXattrAt, setXattrAt } from '../../../src/sys/xattr.ts';
import { folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { shortListing } from '../../helpers/image-tree.ts';
import { needs, output } from '../../helpers/needs.ts';
import { file, tar } from '../../helpers/tar-builder.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

async function withContainers(t: TestContext, storageDriver = 'overlay2'): Promise<Engine> {
  const engine = await testStore(t, { busybox: 'busybox', storageDriver });
  const { containers } = engine;
  await containers.create({ image: 'busybox', name: 'made', command: ['true'] });
  await containers.create({ image: 'busybox', name: 'runs', command: ['sleep', '1000'] });
  await containers.start('runs');
  return engine;
}

/** Files that a copy starts from, and those at its destination. */
const files = {
  file: 'file\n',
  'dir/file': 'in dir\n',
  'dir/sub/deep': 'deep\n',
  'old-file': 'old\n',
  'old-dir/kept': 'kept\n',
  'link-to-file': { link: 'file' },
  'link-to-dir': { link: 'dir' },
  'link-to-old-dir': { link: 'old-dir' },
  'link-to-nothing': { link: 'was-nothing' },
};

interface Case {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly followLink?: boolean;
  /** A file with its content after the copy, or a part of the error. */
  readonly holds: readonly [path: string, content: string] | RegExp;
}

const cases: readonly Case[] = [
  { name: 'A: a file to a new name', from: 'file', to: 'new', holds: ['new', 'file\n'] },
  { name: 'B: a file to a directory that is not there', from: 'file', to: 'new/', holds: /^no such directory$/ },
  { name: 'C: a file over a file', from: 'file', to: 'old-file', holds: ['old-file', 'file\n'] },
  { name: 'D: a file into a directory', from: 'file', to: 'old-dir', holds: ['old-dir/file', 'file\n'] },
  { name: 'D: with a slash', from: 'file', to: 'old-dir/', holds: ['old-dir/file', 'file\n'] },
  { name: 'E: a directory to a new name', from: 'dir', to: 'new', holds: ['new/sub/deep', 'deep\n'] },
  { name: 'E: with a slash', from: 'dir/', to: 'new/', holds: ['new/sub/deep', 'deep\n'] },
  { name: 'F: a directory over a file', from: 'dir', to: 'old-file', holds: /^cannot copy directory$/ },
  { name: 'G: a directory into a directory', from: 'dir', to: 'old-dir', holds: ['old-dir/dir/file', 'in dir\n'] },
  { name: 'H: content to a new name', from: 'dir/.', to: 'new', holds: ['new/file', 'in dir\n'] },
  { name: 'I: content over a file', from: 'dir/.', to: 'old-file', holds: /^cannot copy directory$/ },
  { name: 'J: content into a directory', from: 'dir/.', to: 'old-dir', holds: ['old-dir/sub/deep', 'deep\n'] },
  { name: 'a symlink itself', from: 'link-to-file', to: 'new', holds: ['new', '-> file'] },
  { name: 'what a symlink leads to', from: 'link-to-file', to: 'new', followLink: true, holds: ['new', 'file\n'] },
  { name: 'a directory by its symlink', from: 'link-to-dir/', to: 'new', holds: ['new/file', 'in dir\n'] },
  { name: 'what is behind a symlink', from: 'link-to-dir/.', to: 'old-dir', holds: ['old-dir/file', 'in dir\n'] },
  { name: 'into where a symlink leads', from: 'file', to: 'link-to-old-dir', holds: ['old-dir/file', 'file\n'] },
  { name: 'over where a symlink leads', from: 'file', to: 'link-to-nothing', holds: ['was-nothing', 'file\n'] },
  { name: 'a file that is meant as a directory', from: 'file/', to: 'new', holds: /not a directory$/ },
  {
    name: 'into a folder that is not there',
    from: 'file',
    to: 'no/new',
    holds:
      /(?:^Could not find the file \/w\d+\/no in container |^invalid output path: directory "[^"]+\/no" does not exist$)/,
  },
  {
    name: 'what is not there',
    from: 'nothing',
    to: 'new',
    holds:
      /(?:^Could not find the file \/w\d+(?:out)?\/nothing in container |^lstat [^ ]+\/nothing: no such file or directory$)/,
  },
];

function check(folder: string, [path, content]: readonly [string, string]): void {
  const at = join(folder, path);
  if (content.startsWith('-> ')) assert.equal(output('readlink', at).trim(), content.slice(3));
  else {
    assert.ok(lstatSync(at).isFile());
    assert.equal(readFileSync(at, 'utf8'), content);
  }
}

for (const container of ['made', 'runs']) {
  test(`copies follow docker's cases of source and destination, ${container === 'made' ? 'at rest' : 'running'}`, {
    skip,
  }, async (t) => {
    const { containers } = await withContainers(t);
    const given = folderWith(t, files);
    let count = 0;
    for (const { name, from, to, holds, followLink } of cases) {
      const work = `/w${++count}`;
      await t.test(`${name}, inwards`, async () => {
        await containers.copyTo(container, { from: given, path: work });
        const copy = containers.copyTo(container, { from: `${given}/${from}`, path: `${work}/${to}`, followLink });
        if (holds instanceof RegExp) return await assert.rejects(copy, { message: holds });
        await copy;
        const back = temporaryFolder(t);
        await containers.copyFrom(container, { path: `${work}/.`, to: back });
        return check(back, holds);
      });
      await t.test(`${name}, outwards`, async () => {
        const target = folderWith(t, files);
        const path = `${work}out`;
        await containers.copyTo(container, { from: `${given}/.`, path });
        const copy = containers.copyFrom(container, { path: `${path}/${from}`, to: `${target}/${to}`, followLink });
        if (holds instanceof RegExp) return await assert.rejects(copy, { message: holds });
        await copy;
        return check(target, holds);
      });
    }
    assert.ok(statSync(given).isDirectory());
  });
}

test("a whole running container is copied as its files, without the kernel's filesystems", { skip }, async (t) => {
  const { containers } = await withContainers(t);
  const target = temporaryFolder(t);
  await containers.copyFrom('runs', { path: '/', to: `${target}/new` });
  assert.ok(existsSync(join(target, 'new/etc/passwd')));
  const listed = ['proc', 'sys', 'dev'].map((name) => readdirSync(join(target, 'new', name)));
  assert.deepEqual(listed, [[], [], []]);
  let names = '';
  await containers.copyFrom('runs', {
    path: '/dev',
    to: async (chunk) => void (names += Buffer.from(chunk).toString('latin1')),
  });
  assert.match(names, /dev\/null/, 'a requested one of these is copied');
});

const odd = (folder: string): void => {
  execFileSync(
    'sh',
    [
      '-ec',
      'mkfifo fifo; mknod null c 1 3; truncate -s 64M sparse; echo end >> sparse; ln s/file same; ln -s /etc/passwd away; chown -h 12:34 away s/file fifo; chmod 4750 s/file; chmod 2711 s; touch -d "2001-02-03 04:05:06.789" s/file s',
    ],
    { cwd: folder },
  );
  setXattrAt(AT_FDCWD, join(folder, 's/file'), 'user.note', Buffer.from([0, 255, 10]));
};

test('files of every kind come through both ways, and through a tar', { skip }, async (t) => {
  const { containers } = await withContainers(t);
  const given = folderWith(t, { 's/file': 'x\n' });
  odd(given);
  for (const container of ['made', 'runs']) {
    await containers.copyTo(container, { from: given, path: '/odd' });
    const back = temporaryFolder(t);
    await containers.copyFrom(container, { path: '/odd/.', to: back, keepOwners: true });
    assert.deepEqual(shortListing(back), shortListing(given));
    const [file, same, sparse] = ['s/file', 'same', 'sparse'].map((name) => statSync(join(back, name)));
    assert.ok(file && same && sparse && file.ino === same.ino, 'names of one file stay so');
    assert.equal(file.mtimeMs, statSync(join(given, 's/file')).mtimeMs);
    assert.ok(sparse.blocks * 512 < 1 << 20, 'holes stay holes');
    assert.deepEqual([...(getXattrAt(AT_FDCWD, join(back, 's/file'), 'user.note') ?? [])], [0, 255, 10]);
    assert.equal(lstatSync(join(back, 'null')).rdev, lstatSync(join(given, 'null')).rdev);

    const chunks: Uint8Array[] = [];
    await containers.copyFrom(container, { path: '/odd', to: async (chunk) => void chunks.push(chunk) });
    const archive = join(temporaryFolder(t), 'odd.tar');
    writeFileSync(archive, Buffer.concat(chunks));
    assert.match(output('tar', '-tf', archive), /^odd\/\n/);
    for (const [flag, name] of [
      ['-z', 'gzip'],
      ['-J', 'xz'],
      ['--no-auto-compress', 'plain'],
    ] as const) {
      const packed = `${archive}.${name}`;
      output('tar', '-C', given, '--xattrs', flag, '-cf', packed, '.');
      await containers.copyTo(container, { from: createReadStream(packed), path: '/tmp' });
    }
    const unpacked = temporaryFolder(t);
    await containers.copyFrom(container, { path: '/tmp/.', to: unpacked, keepOwners: true });
    assert.deepEqual(shortListing(unpacked), shortListing(given));
    await assert.rejects(containers.copyTo(container, { from: createReadStream(archive), path: '/bin/sh' }), {
      message: `destination "${container}:/bin/sh" must be a directory`,
    });
    const mixed = folderWith(t, { 'tmp/s': 'a file' });
    await assert.rejects(containers.copyTo(container, { from: join(mixed, 'tmp'), path: '/' }), {
      message: /cannot overwrite directory with non-directory/,
    });
  }
  const mine = temporaryFolder(t);
  await containers.copyFrom('made', { path: '/odd/s', to: mine });
  assert.ok(
    shortListing(mine).every((line) => line.includes(' 0:0 ')),
    'unless asked for, owners stay behind',
  );
});

test('read-only paths stay as they are', { skip }, async (t) => {
  const { containers } = await testStore(t, { busybox: 'busybox' });
  const given = folderWith(t, { file: 'x\n' });
  await containers.create({ image: 'busybox', name: 'fixed', command: ['sleep', '1000'], readOnly: true });
  const refused = { code: 'ERR_COPY_READ_ONLY', message: 'container rootfs is marked read-only' };
  for (const state of ['at rest', 'running']) {
    await assert.rejects(containers.copyTo('fixed', { from: join(given, 'file'), path: '/tmp' }), refused, state);
    await containers.copyFrom('fixed', { path: '/etc/passwd', to: temporaryFolder(t) });
    await containers.start('fixed');
  }
});

test('bound folders are read and written, running or not; a mount is never removed', {
  skip,
}, async (t) => {
  const { containers } = await testStore(t, { busybox: 'busybox' });
  const host = folderWith(t, {
    'w/was': 'was\n',
    'w/sub/deep': 'deep\n',
    'ro/r': 'r\n',
    one: 'one\n',
    given: 'given\n',
  });
  const at = (path: string): string => join(host, path);
  const Binds = [`${at('w')}:/deep/in/w`, `${at('ro')}:/ro:ro`, `${at('one')}:/one`];
  await containers.create({ image: 'busybox', name: 'fixed', command: ['true'], readOnly: true, host: { Binds } });
  await containers.create({ image: 'busybox', name: 'bound', command: ['sleep', '1000'], host: { Binds } });
  const back = temporaryFolder(t);
  const readOf = async (path: string): Promise<string> => {
    await containers.copyFrom('bound', { path, to: join(back, 'read') });
    return readFileSync(join(back, 'read'), 'utf8');
  };
  for (const state of ['never started', 'running', 'at rest']) {
    if (state === 'running') await containers.start('bound');
    if (state === 'at rest') await containers.stop('bound', { timeoutSeconds: 0 });
    assert.equal(await readOf('/deep/in/w/sub/deep'), 'deep\n', state);
    assert.equal(await readOf('/one'), 'one\n', state);
    await containers.copyTo('bound', { from: at('given'), path: `/deep/in/w/sub/${state}` });
    assert.equal(readFileSync(at(`w/sub/${state}`), 'utf8'), 'given\n');
    const intoReadOnly = containers.copyTo('bound', { from: at('given'), path: '/ro/x' });
    await assert.rejects(intoReadOnly, { code: 'ERR_COPY_READ_ONLY', message: 'mounted volume is marked read-only' });
    const mountedError = (path: string): object => ({
      code: 'ERR_COPY_MOUNTED',
      message: `cannot replace ${path}: device or resource busy: something is mounted there`,
    });
    await assert.rejects(containers.copyTo('bound', { from: at('given'), path: '/one' }), mountedError('/one'));
    assert.equal(readFileSync(at('one'), 'utf8'), 'one\n', state);
    assert.equal(await readOf('/one'), 'one\n', 'the mount is still there');
    if (state === 'never started') continue;
    await assert.rejects(
      containers.copyTo('bound', { from: at('given'), path: '/etc/hosts' }),
      mountedError('/etc/hosts'),
    );
    assert.match(await readOf('/etc/hosts'), /localhost/, state);
  }
  assert.deepEqual(readdirSync(at('w/sub')).sort(), ['at rest', 'deep', 'never started', 'running']);
  // Created mount points show in the container's own layer, files of the bound folders do not.
  const changed = await Array.fromAsync(containers.diff('bound'), ({ path }) => Buffer.from(path).toString());
  assert.deepEqual(changed, ['deep', 'deep/in', 'deep/in/w', 'one', 'ro']);
  await assert.rejects(containers.copyTo('fixed', { from: at('given'), path: '/tmp' }), {
    message: 'container rootfs is marked read-only',
  });
});

test('files that the kernel generates on reading have no size and are refused', { skip }, async (t) => {
  const { containers } = await withContainers(t);
  const to = join(temporaryFolder(t), 'out');
  const refused = (path: string): object => ({
    code: 'ERR_COPY_NO_SIZE',
    message: `cannot copy ${path}: it has no size, the kernel makes it when it is read`,
  });
  for (const path of ['/proc/1/cmdline', '/sys/class/net/lo/mtu']) {
    await assert.rejects(containers.copyFrom('runs', { path, to }), refused(path));
  }
  await assert.rejects(containers.copyTo('runs', { from: '/proc/cpuinfo', path: '/tmp' }), refused('/proc/cpuinfo'));
  await assert.rejects(
    containers.copyFrom('runs', { path: '/proc/sys/vm', to }),
    /^StrataError: cannot copy \/proc\/sys\/vm\//,
  );
});

test('a destination that its container removes during the copy gives a clear error', { skip }, async (t) => {
  const { containers } = await withContainers(t);
  const sh = async (script: string): Promise<number> => {
    await using shell = await containers.exec('runs', { command: ['sh', '-c', script], stdio: 'inherit' });
    return await shell.exitCode;
  };
  assert.equal(await sh('mkdir /goes'), 0);
  async function* archive(): AsyncGenerator<Uint8Array> {
    const [first, second] = [tar(file('a', 'a')).subarray(0, 1024), tar(file('b', 'b'))];
    yield first;
    assert.equal(await sh('rm -r /goes'), 0);
    yield second;
  }
  await assert.rejects(containers.copyTo('runs', { from: archive(), path: '/goes' }), {
    code: 'ERR_CONTAINER_CHANGED',
    message: /^container [0-9a-f]{12}: files went away or changed while they were written$/,
  });
});
