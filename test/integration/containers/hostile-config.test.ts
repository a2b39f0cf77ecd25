// Hand-made images whose config or files no build would give: under conmon, from creation on.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { CreateRequest, Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { folderWith, temporaryFolder } from '../../helpers/build-folder.ts';
import { asTar, dockerArchive, image } from '../../helpers/image-archives.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { characterDevice, dir, fifo, file, symlink, tar } from '../../helpers/tar-builder.ts';
import { testStore } from '../../helpers/test-store.ts';
import { patienceMs } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');
const busybox = [
  dir('bin'),
  file('bin/busybox', readFileSync('/bin/busybox'), { mode: 0o755 }),
  symlink('bin/sh', 'busybox'),
];

interface Hostile {
  readonly entries?: readonly Uint8Array[];
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Loads images `hostile:0`, `hostile:1`, … on busybox. */
async function load(engine: Engine, images: readonly Hostile[]): Promise<void> {
  const base = tar(...busybox);
  const made = images.map(({ entries = [], config }, at) => ({
    image: image([base, ...(entries.length === 0 ? [] : [tar(...entries)])], {
      config: { Cmd: ['/bin/busybox', 'true'], ...config },
    }),
    tags: [`hostile:${at}`],
  }));
  const archive = join(engine.layout.root, 'hostile.tar');
  writeFileSync(archive, asTar(dockerArchive(made)));
  await engine.images.load({ input: archive }).result;
}

/** Creates a container of an image and runs it to its end. */
async function runToEnd(
  engine: Engine,
  name: string,
  request: Partial<CreateRequest> = {},
): Promise<{ readonly code: number; readonly text: string; readonly inspect: Readonly<Record<string, unknown>> }> {
  const { containers } = engine;
  const { id } = await containers.create({ image: name, ...request });
  try {
    await containers.start(id, { signal: AbortSignal.timeout(patienceMs) });
    const code = await containers.wait(id);
    let text = '';
    for await (const { bytes } of containers.logs(id)) text += bytes.toString('latin1');
    return { code, text, inspect: await containers.inspect(id) };
  } finally {
    await containers.remove(id, { force: true });
  }
}

test('a hostile config is refused at creation or at the start, and nothing stays', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const passwd = (line: string): Uint8Array => file('etc/passwd', `root:x:0:0::/root:\n${line}\n`);
  const refused: readonly (readonly [string, readonly Uint8Array[], Readonly<Record<string, unknown>>])[] = [
    ...['4294967296', '0:4294967296', '-1', '18446744073709551616'].map(
      (User) => ['ERR_USER_INVALID', [], { User }] as const,
    ),
    ...['me', ' 0', '0x0', 'root:nobody'].map((User) => ['ERR_USER_', [], { User }] as const),
    ['ERR_USER_UNKNOWN', [passwd('me:x:4294967296:0::/:')], { User: 'me' }],
    ['ERR_USER_UNKNOWN', [passwd('me:x:-1:0::/:')], { User: 'me' }],
    ['ERR_USER_INVALID', [passwd('me:x:7:7::/home/\0me:')], { User: 'me' }],
    ['ERR_ROOTFS_UNSAFE', [symlink('etc/passwd', '/../../../../etc/passwd')], { User: 'daemon' }],
    ...['/proc/self/fd/7', '/x/../proc/1/cwd', '/dev/fd/8/..', '../../..'].map(
      (WorkingDir) => ['ERR_WORKING_DIRECTORY_INVALID', [], { WorkingDir }] as const,
    ),
    ['ERR_ROOTFS_UNSAFE', [fifo('etc/passwd')], {}],
    ['ERR_ROOTFS_UNSAFE', [fifo('etc/group')], { User: '1:1' }],
    // The runtime reads the file for every user and makes a list of each line: 75 MB of memory for this one.
    ['ERR_ROOTFS_UNSAFE', [file('etc/group', `a:x:1:${','.repeat(4 << 20)}`)], { User: '1:1' }],
    ['ERR_ROOTFS_UNSAFE', [file('etc/passwd', ':'.repeat((4 << 20) + 1))], {}],
    ['ERR_ROOTFS_UNSAFE', [characterDevice('etc/passwd', 1, 5)], {}],
    ['ERR_ROOTFS_UNSAFE', [symlink('etc/passwd', '/dev/console')], {}],
    ['ERR_ROOTFS_UNSAFE', [symlink('etc/group', '../a'), symlink('a', 'proc/1/fd/0')], {}],
    // Symlinks through folders, and to paths that the image does not have: they exist once the runtime looks.
    ['ERR_ROOTFS_UNSAFE', [symlink('etc/passwd', '/a/console'), symlink('a', 'b/.'), symlink('b', '/dev')], {}],
    ['ERR_ROOTFS_UNSAFE', [symlink('etc', 'a'), symlink('a/passwd', '../b/tty'), symlink('b', './/./dev/x/..')], {}],
    ['ERR_ROOTFS_UNSAFE', [symlink('etc', '/dev/pts/..')], {}],
    ['ERR_ROOTFS_UNSAFE', [symlink('etc/passwd', 'a'), symlink('etc/a', 'b'), symlink('etc/b', 'a')], {}],
    ...['proc', 'sys', 'dev'].flatMap((name) =>
      [symlink(name, '/bin'), symlink(name, '../../../nothing')].map(
        (entry) => ['ERR_ROOTFS_UNSAFE', [entry], {}] as const,
      ),
    ),
    ['ERR_ROOTFS_UNSAFE', [file('proc', 'x')], {}],
    ['ERR_ROOTFS_UNSAFE', [fifo('dev')], {}],
  ];
  await load(
    engine,
    refused.map(([, entries, config]) => ({ entries, config })),
  );
  for (const [at, [code, entries, config]] of refused.entries()) {
    await assert.rejects(
      runToEnd(engine, `hostile:${at}`),
      (error) => isStrataError(error) && error.code.startsWith(code),
      `${code} ${JSON.stringify(config)} ${entries.length}`,
    );
  }
  await assertNothingLeft(engine);
});

test('runtimes, hosts and hooks in a config are text without any effect', { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const folder = temporaryFolder(t);
  const touch = `/bin/sh -c "touch ${folder}/ran"`;
  const Labels = {
    'run.oci.hooks.stdout': touch,
    'run.oci.handler': touch,
    'org.systemd.property.ExecStartPre': touch,
    'io.podman.annotations.seccomp': 'unconfined',
    'io.podman.annotations.privileged': 'TRUE',
    'org.criu.config': `${folder}/criu`,
    'io.containerd.runc.v2.group': '../../x',
    'com.docker.hooks': touch,
    run: `docker run --privileged ${touch}`,
    '../../x': '../../y',
  };
  const config = {
    Labels,
    Volumes: { '/../../etc': {}, [`${folder}`]: {} },
    StopSignal: 'SIGNONSENSE',
    Hostname: '../../x',
    Healthcheck: { Test: ['CMD-SHELL', touch], Interval: 1 },
    OnBuild: [`RUN ${touch}`],
    ArgsEscaped: true,
    Env: [
      'LD_PRELOAD=/bin/busybox',
      '_LIBCONTAINER_INITPIPE=3',
      '_LIBCONTAINER_FIFOFD=0',
      'GODEBUG=x',
      'NOTIFY_SOCKET=/x',
    ],
  };
  await load(engine, [{ config }]);
  const script = 'busybox cat /proc/self/status; busybox hostname; busybox ls /proc/self/fd';
  const request = { command: ['/bin/busybox', 'sh', '-c', script] };
  const { code, text, inspect } = await runToEnd(engine, 'hostile:0', request);
  assert.equal(code, 0, text);
  assert.match(text, /^CapEff:\t00000000a80425fb$/m);
  assert.match(text, /^Seccomp:\t2$/m);
  assert.match(text, /^[0-9a-f]{12}\n0\n1\n2\n3\n$/m, 'a host name of our own, and three streams');
  assert.deepEqual((inspect['Config'] as { readonly Labels: unknown }).Labels, Labels);
  assert.deepEqual(readdirSync(folder), []);
  assert.ok(!existsSync(join(folder, 'ran')));
  await assertNothingLeft(engine);
});

test('a directory in place of passwd, or one without end, makes the start end soon with either supervisor', {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const host = folderWith(t, { passwd: 'me:x:0:0::/:\n' });
  const forms = [
    [dir('etc/passwd')],
    [file('etc/passwd', Buffer.alloc(4 << 20, 'x'))],
    [file('etc/passwd', Buffer.alloc(4 << 20, ':\n'))],
    [symlink('etc/passwd', 'passwd')],
    [symlink('etc/passwd', join(host, 'passwd'))],
    [symlink('etc', host)],
  ];
  await load(
    engine,
    forms.map((entries) => ({ entries })),
  );
  for (const at of forms.keys()) {
    const image = `hostile:${at}`;
    await runToEnd(engine, image, { user: '7' }).catch((error: unknown) =>
      assert.ok(isStrataError(error), String(error)),
    );
    await assert.rejects(runToEnd(engine, image, { user: 'me' }), (error) => isStrataError(error));
  }
  assert.equal(readFileSync(join(host, 'passwd'), 'utf8'), 'me:x:0:0::/:\n');
  assert.deepEqual(readdirSync(host), ['passwd']);
  await assertNothingLeft(engine);
});
