import assert from 'node:assert/strict';
import { lutimesSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { buildContext } from '../../helpers/build-context.ts';
import { fill, folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { withImageTree } from '../../helpers/image-tree.ts';
import { needs } from '../../helpers/needs.ts';
import { layerEntries, recordBuild } from '../../helpers/record-build.ts';
import { storeRoot } from '../../helpers/store-root.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

/** Paths with a mount over them in every step. */
const mounted = ['proc', 'sys', 'dev', 'etc/hosts', 'etc/hostname', 'etc/resolv.conf'];

interface Base {
  readonly name: string;
  /** Changes busybox's tree before it becomes an image. */
  readonly change: (tree: string) => void;
  /** Entries without new content: directories that the kernel copied up for the mounts. */
  readonly copiedUp?: readonly string[];
}

const bases: readonly Base[] = [
  { name: 'nothing of it there', change: () => undefined },
  { name: 'no /etc at all', change: (tree) => rmSync(join(tree, 'etc'), { recursive: true }) },
  {
    name: 'every path exists, with content',
    change: (tree) => {
      fill(tree, { 'proc/': '', 'sys/': '', 'dev/null.txt': 'x', 'etc/hosts': 'h', 'etc/hostname': 'n' });
      fill(tree, { 'etc/resolv.conf': 'r' });
    },
  },
  {
    name: 'every path exists, empty',
    change: (tree) => fill(tree, { 'proc/': '', 'sys/': '', 'dev/': '', 'etc/hosts': '', 'etc/resolv.conf': '' }),
  },
  {
    name: '/etc is a symlink',
    change: (tree) => {
      mkdirSync(join(tree, 'usr'));
      rmSync(join(tree, 'etc'), { recursive: true });
      fill(tree, { 'usr/etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n', etc: { link: '/usr/etc' } });
    },
    copiedUp: ['directory usr', 'directory usr/etc'],
  },
  {
    name: '/etc/resolv.conf leads to a missing file of systemd',
    change: (tree) => {
      fill(tree, { 'run/': '', 'etc/resolv.conf': { link: '../run/systemd/resolve/stub-resolv.conf' } });
    },
    copiedUp: ['directory run'],
  },
  {
    name: '/etc/resolv.conf climbs out, /etc/hosts is absolute, /etc/hostname dangles in a circle',
    change: (tree) => {
      fill(tree, {
        'etc/resolv.conf': { link: '../../../../../../../tmp/strata-outside/resolv.conf' },
        'etc/hosts': { link: '/tmp/strata-outside/hosts' },
      });
    },
    copiedUp: ['directory tmp'],
  },
];

async function openStore(t: TestContext, driver: string): Promise<Engine> {
  // Steps run without workers here; tests of ends and kills use those.
  const engine = await Engine.open({ root: storeRoot(t), storageDriver: driver, mountThread: 'main' });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

for (const driver of ['overlay2', 'vfs'] as const) {
  test(`mounts over an image's files leave no trace in a layer, on ${driver}`, { skip }, async (t) => {
    const engine = await openStore(t, driver);
    for (const { name, change, copiedUp = [] } of bases) {
      await t.test(name, async (each) => {
        const folder = busyboxContext(each, [
          'RUN ["/bin/busybox", "true"]',
          'RUN ["/bin/busybox", "cat", "/etc/hosts"]',
        ]);
        const tree = join(folder, 'tree');
        change(tree);
        for (const path of readdirSync(tree)) lutimesSync(join(tree, path), 1e9, 1e9);
        const { id, log } = await recordBuild(engine, { context: folder });
        assert.match(log, /localhost/, 'it is mounted all the same');
        const [first, ...layers] = await layerEntries(engine, id);
        const expected = driver === 'overlay2' ? copiedUp : [];
        assert.deepEqual(layers, [expected, expected]);
        await withImageTree(
          engine,
          id,
          (root) => {
            for (const path of mounted) {
              const isBase = first?.some((entry) => entry.endsWith(` ${path}`)) === true;
              assert.equal(readdirSync(join(root, path, '..')).includes(path.replace(/^.*\//, '')), isBase, path);
            }
          },
          driver,
        ).catch((error: unknown) => {
          // The base has no /etc.
          if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
        });
      });
    }
  });
}

test('files that a command creates itself at such paths stay', { skip }, async (t) => {
  const engine = await openStore(t, 'overlay2');
  const folder = busyboxContext(t, ['RUN echo x > /etc/own; mkdir -p /run/systemd; echo y > /run/systemd/file']);
  symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(folder, 'tree/etc/resolv.conf'));
  const { id } = await recordBuild(engine, { context: folder });
  assert.deepEqual((await layerEntries(engine, id)).at(-1), [
    'directory etc',
    'directory run',
    'directory run/systemd',
    'file etc/own',
    'file run/systemd/file',
  ]);
});

test('a base that would lead the runtime out of the root is not run', { skip }, async (t) => {
  const engine = await openStore(t, 'overlay2');
  const outside = temporaryFolder(t, 'outside');
  writeFileSync(join(outside, 'kept'), 'kept');
  for (const path of ['proc', 'sys', 'dev']) {
    for (const target of [outside, '/etc', 'bin', 'self/fd', '/proc/self/fd']) {
      const folder = busyboxContext(t, ['RUN ["/bin/busybox", "true"]']);
      symlinkSync(target, join(folder, 'tree', path));
      await assert.rejects(recordBuild(engine, { context: folder }), (error) =>
        isStrataError(error, 'ERR_ROOTFS_UNSAFE'),
      );
    }
  }
  assert.deepEqual(readdirSync(outside), ['kept']);
});

test('paths outside that a base points at are not touched', { skip }, async (t) => {
  const engine = await openStore(t, 'overlay2');
  const outside = temporaryFolder(t, 'outside');
  for (const name of ['hosts', 'resolv.conf', 'hostname', 'passwd']) writeFileSync(join(outside, name), '');
  const script = 'echo attack > /etc/hosts; echo attack > /etc/resolv.conf; echo attack > /etc/passwd';
  const folder = busyboxContext(t, [`WORKDIR ${outside}/new`, `RUN ["/bin/busybox", "sh", "-c", "${script}"]`]);
  rmSync(join(folder, 'tree/etc'), { recursive: true });
  symlinkSync(outside, join(folder, 'tree/etc'));
  await recordBuild(engine, { context: folder }).catch((error: unknown) => {
    if (!isStrataError(error)) throw error;
  });
  assert.deepEqual(readdirSync(outside).sort(), ['hostname', 'hosts', 'passwd', 'resolv.conf']);
  for (const name of readdirSync(outside)) assert.equal(readFileSync(join(outside, name), 'utf8'), '');
});

test('a working folder below /proc/PID is refused, and a step has no descriptor of Strata', {
  skip,
}, async (t) => {
  const engine = await openStore(t, 'overlay2');
  await recordBuild(engine, { context: busyboxContext(t), tags: ['base'] });
  const context = (lines: readonly string[]): string => buildContext(t, ['FROM base', ...lines]);
  for (const path of ['/proc/self/fd/7', '/proc/1/cwd', '/dev/fd/5']) {
    await assert.rejects(recordBuild(engine, { context: context([`WORKDIR ${path}`, 'RUN ls']) }), (error) =>
      isStrataError(error),
    );
  }
  const { log } = await recordBuild(engine, { context: context(['RUN ls /proc/1/fd; true']) });
  assert.deepEqual(log.trim().split('\n'), ['0', '1', '2']);
});

test('symlinks that a command puts in place of the mounts do not get other files removed (D7)', { skip }, async (t) => {
  const stub = 'systemd/resolve/stub-resolv.conf';
  const outside = folderWith(t, { [stub]: '' }, 'outside');
  // Created mount points are removed, existing ones that overlayfs would copy up are restored: in the image, and on the
  // host.
  for (const [driver, path, target] of [
    ['overlay2', '/run/systemd', '../data/systemd'],
    ['overlay2', '/run/systemd', join(outside, 'systemd')],
    ['vfs', '/run', 'data'],
    ['vfs', '/run', outside],
  ] as const) {
    const engine = await openStore(t, driver);
    const script = `mv ${path} /moved && ln -s ${target} ${path}`;
    const folder = busyboxContext(t, [`RUN ["/bin/busybox", "sh", "-c", "${script}"]`]);
    fill(join(folder, 'tree'), { 'etc/resolv.conf': { link: `../run/${stub}` }, 'run/': '', [`data/${stub}`]: '' });
    const { id } = await recordBuild(engine, { context: folder });
    const [, layer = []] = await layerEntries(engine, id);
    assert.ok(layer.includes(`symlink ${path.slice(1)}`));
    assert.deepEqual(
      layer.filter((entry) => entry.startsWith('whiteout')),
      [],
    );
    await withImageTree(
      engine,
      id,
      (tree) => assert.deepEqual(readdirSync(join(tree, 'data/systemd/resolve')), ['stub-resolv.conf'], path),
      driver,
    );
    assert.deepEqual(readdirSync(join(outside, 'systemd/resolve')), ['stub-resolv.conf'], path);
  }
});
