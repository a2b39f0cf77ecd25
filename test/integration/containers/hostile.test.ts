import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findRuntime } from '../../../src/containers/runtime/find-runtime.ts';
import { describeRuntime } from '../../../src/containers/runtime/runtime.ts';
import type { CreateRequest, Engine, HostOptions } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { defaultMaskedPaths, defaultReadonlyPaths } from '../../../src/oci-runtime/defaults.ts';
import { type FolderItem, folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { isSoak } from '../../helpers/random.ts';
import { testStore } from '../../helpers/test-store.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

/** Runs a container under conmon to its end. */
async function run({ containers }: Engine, request: Partial<CreateRequest>): Promise<{ code: number; text: string }> {
  const { id } = await containers.create({ image: 'busybox', ...request });
  try {
    await containers.start(id);
    const code = await containers.wait(id);
    let text = '';
    for await (const { bytes } of containers.logs(id)) text += bytes.toString('latin1');
    return { code, text };
  } finally {
    await containers.remove(id, { force: true });
  }
}

const sh = async (engine: Engine, script: string, request: Partial<CreateRequest> = {}): Promise<string> =>
  (await run(engine, { ...request, command: ['sh', '-c', script] })).text;

/** Builds an image on busybox with files of its own. */
async function buildImage(
  t: Parameters<typeof folderWith>[0],
  engine: Engine,
  tree: Readonly<Record<string, FolderItem>>,
): Promise<void> {
  const items = Object.fromEntries(Object.entries(tree).map(([name, item]) => [`tree/${name}`, item]));
  const context = folderWith(t, { Dockerfile: 'FROM busybox\nCOPY tree /\n', 'tree/.keep': '', ...items });
  await engine.builder.build({ context, tags: ['hostile'] }).result;
}

test('paths that tell of the host are masked, those that change it cannot be written (E1, E2)', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const possible = readFileSync('/sys/devices/system/cpu/possible', 'latin1');
  const masked = defaultMaskedPaths(possible).filter((path) => existsSync(path));
  assert.ok(masked.includes('/proc/interrupts'));
  const look = `for p in ${masked.join(' ')}; do if test -d $p; then ls -A $p; else cat $p; fi; done`;
  assert.equal(await sh(engine, look), '', 'nothing is read of any');
  const folders = defaultReadonlyPaths.filter((path) => existsSync(path));
  const mounts = await sh(engine, 'cat /proc/self/mountinfo');
  for (const path of folders) {
    assert.match(mounts, new RegExp(` ${path} ro,`), `${path} is read-only`);
  }
  const written = await sh(
    engine,
    'for p in kernel/hostname vm/overcommit_memory; do echo 1 > /proc/sys/$p; done; echo $?',
  );
  assert.equal(written.match(/Read-only file system/g)?.length, 2);
  const sets = await sh(engine, 'while read a b; do case $a in Cap*) echo $a$b;; esac; done < /proc/self/status');
  assert.match(sets, /^CapInh:0{16}$/m);
  assert.match(sets, /^CapAmb:0{16}$/m);
  assert.match(sets, /^CapBnd:00000000a80425fb$/m, 'the 14 of docker');
});

test('a container holds descriptors 0 to 2 only, under conmon too (E4)', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  // 3 is the folder that ls reads.
  assert.deepEqual((await sh(engine, 'exec ls /proc/self/fd')).trim().split(/\s+/), ['0', '1', '2', '3']);
  assert.doesNotMatch(await sh(engine, 'ls -l /proc/1/fd'), /strata|runc|lease/);
  for (const workingDirectory of [
    '/proc/self/fd/7',
    '/proc/self/fd/7/..',
    '/x/../proc/./self/fd/7',
    '/proc/1/root',
    '../..',
    'x',
  ]) {
    await assert.rejects(run(engine, { workingDirectory, command: ['true'] }), {
      code: 'ERR_WORKING_DIRECTORY_INVALID',
    });
  }
  for (const user of ['4294967296', '0:4294967296', '-1', '99999999999999999999']) {
    await assert.rejects(
      run(engine, { user, command: ['true'] }),
      (error) => isStrataError(error, 'ERR_USER_INVALID') || isStrataError(error, 'ERR_USER_UNKNOWN'),
      user,
    );
  }
  await assertNothingLeft(engine);
});

test('a write to /proc/self/exe does not change the runtime on the host (E5)', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const digest = (): string =>
    createHash('sha256')
      .update(readFileSync(findRuntime(defaultConfiguration).runtime))
      .digest('hex');
  const before = digest();
  await buildImage(t, engine, { evil: { link: '/proc/self/exe' } });
  const { code } = await run(engine, { image: 'hostile', command: ['/evil', 'init'] });
  assert.notEqual(code, 0);
  const script = 'for p in 1 self; do echo x > /proc/$p/exe; done; for n in 1 2 3 4 5; do echo x > /evil; done; true';
  await run(engine, { image: 'hostile', command: ['sh', '-c', script] });
  assert.equal(digest(), before);
});

test('hostile mount points (E3)', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const places: readonly (readonly [string, Readonly<Record<string, FolderItem>>, HostOptions | undefined])[] = [
    ['hosts in /proc', { 'etc/hosts': { link: '/proc/self/status' } }, undefined],
    ['resolver in /sys', { 'etc/resolv.conf': { link: '../sys/kernel/x' } }, undefined],
    ['host name in /dev', { 'etc/hostname': { link: '/dev/null' } }, undefined],
    ['/etc in /proc', { data: { link: '/proc/1' } }, { Binds: ['HOST:/data/fd'] }],
    ['memory in /sys', { data: { link: '//sys/./fs/' } }, { Tmpfs: { '/data/cgroup': '' } }],
    ['two steps', { data: { link: 'on' }, on: { link: 'bin/../proc' } }, { Binds: ['HOST:/data/x'] }],
    ['round', { data: { link: 'on' }, on: { link: 'data' } }, { Binds: ['HOST:/data/x'] }],
    ['the root', { data: { link: '/' } }, { Binds: ['HOST:/data'] }],
    ['through a file', { data: 'file' }, { Binds: ['HOST:/data/x'] }],
  ];
  for (const [name, tree, options] of places) {
    await t.test(`refused: ${name}`, async (one) => {
      const host = temporaryFolder(one);
      await buildImage(one, engine, tree);
      const asked = JSON.parse(JSON.stringify(options ?? {}).replaceAll('HOST', host)) as HostOptions;
      await assert.rejects(run(engine, { image: 'hostile', command: ['true'], host: asked }), {
        code: 'ERR_MOUNT_TARGET_UNSAFE',
      });
      assert.deepEqual(readdirSync(host), []);
      await assertNothingLeft(engine);
    });
  }

  await t.test('devices of an image are hidden, its symlinks lead nowhere', async (one) => {
    const host = folderWith(one, { victim: 'host', bound: 'bound' });
    await buildImage(one, engine, {
      'dev/null': { link: `${host}/victim` },
      'dev/console': { link: `${host}/victim` },
      'dev/ptmx': { link: '/proc/self/exe' },
      'dev/shm': { link: host },
      file: { link: `${host}/victim` },
      folder: { link: `../../../../../..${host}` },
    });
    const Binds = [`${host}/bound:/file`, `${host}:/folder/made:ro`];
    const text = await sh(engine, 'echo x > /dev/null; busybox stat -c %t:%T /dev/null; cat /file; ls /folder/made', {
      image: 'hostile',
      host: { Binds },
    });
    assert.equal(text, '1:3\nboundbound\nvictim\n');
    assert.equal(readFileSync(join(host, 'victim'), 'utf8'), 'host');
    assert.deepEqual(readdirSync(host).toSorted(), ['bound', 'victim']);
  });
});

test('a path that another container swaps while mounts are made does not lead outside (E6)', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const shared = temporaryFolder(t, 'shared');
  const outside = temporaryFolder(t, 'outside');
  const source = folderWith(t, { inside: 'x' });
  mkdirSync(join(shared, 'place'));
  // A directory and a symlink to the host's folder, in turn.
  const swap = `cd /shared; while true; do busybox mv place kept && busybox ln -s ${outside} place; rm place; busybox mv kept place; done`;
  const command = ['sh', '-c', swap];
  await containers.create({ image: 'busybox', name: 'swapper', command, host: { Binds: [`${shared}:/shared`] } });
  await containers.start('swapper');
  const ends = { well: 0, refused: 0, made: 0 };
  const isWeak = (await describeRuntime(defaultConfiguration)).weaknesses.some(({ id }) => id === 'CVE-2024-45310');
  for (let start = 0; start < (isSoak ? 1000 : 20); start++) {
    const Binds = [`${shared}:/shared`, `${source}:/shared/place/target`];
    try {
      await run(engine, { command: ['true'], host: { Binds } });
      ends.well++;
    } catch (error) {
      assert.ok(isStrataError(error, 'ERR_CONTAINER_START'), String(error));
      ends.refused++;
    }
    if (isWeak && existsSync(join(outside, 'target'))) {
      // Such a runtime creates an empty directory at the path of that moment (docs/security.md). It mounts nothing
      // there.
      rmdirSync(join(outside, 'target'));
      ends.made++;
    }
    assert.deepEqual(readdirSync(outside), [], 'nothing is made outside');
    if (isSoak) console.log(JSON.stringify({ scenario: 'swapped place', start, ...ends }));
  }
  t.diagnostic(`${ends.well} starts, ${ends.refused} refused, ${ends.made} times an empty directory outside`);
  await containers.remove('swapper', { force: true });
  await assertNothingLeft(engine);
});

test('a container at its limit of processes is stopped and removed all the same (E15)', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const { containers } = engine;
  const command = ['sh', '-c', 'while true; do sleep 100 & done 2>/dev/null; exec sleep 100'];
  const { id } = await containers.create({ image: 'busybox', name: 'bomb', command, host: { PidsLimit: 15 } });
  await containers.start('bomb');
  await containers.stop('bomb', { timeoutSeconds: 0 });
  const { State } = (await containers.inspect('bomb')) as { State?: unknown };
  assert.equal((State as { Status: string }).Status, 'exited');
  await containers.remove('bomb');
  await assertNothingLeft(engine, [id]);
});

test('missing sources of binds are created as the user named them, and files stay files', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'file'), 'text');
  const Binds = [`${folder}/new/deep:/a`, `${folder}/file:/b/c/file`];
  assert.equal(await sh(engine, 'cat /b/c/file; echo in > /a/made', { host: { Binds } }), 'text');
  assert.equal(statSync(join(folder, 'new')).mode & 0o777, 0o755);
  assert.equal(readFileSync(join(folder, 'new/deep/made'), 'utf8'), 'in\n');
});
