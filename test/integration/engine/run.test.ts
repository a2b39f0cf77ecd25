import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerState } from '../../../src/containers/state.ts';
import { stateOf } from '../../../src/engine/containers/state/state.ts';
import { Engine, type RunRequest, type RunResult } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { fill, folderWith } from '../../helpers/build-folder.ts';
import { busyboxContext } from '../../helpers/busybox-image.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { createRandom } from '../../helpers/random.ts';
import { recordsOf } from '../../helpers/store-places.ts';
import { storeRoot } from '../../helpers/store-root.ts';

const skip = needs('root', 'overlay', 'runc', 'busybox');

interface Ran extends RunResult {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a container to its end, with all its output. */
async function run(engine: Engine, request: Omit<RunRequest, 'image'> & { readonly image?: string }): Promise<Ran> {
  await using operation = engine.containers.run({ image: 'busybox', remove: true, ...request });
  const output = { stdout: '', stderr: '' };
  for await (const event of operation) {
    if (event.type === 'output') output[event.stream] += Buffer.from(event.chunk).toString('latin1');
  }
  return { ...(await operation.result), ...output };
}

const sh = async (engine: Engine, script: string, request: Omit<RunRequest, 'image'> = {}): Promise<Ran> =>
  await run(engine, { ...request, command: ['sh', '-c', script] });

async function store(t: TestContext, driver = 'overlay2'): Promise<Engine> {
  const engine = await Engine.open({ root: storeRoot(t), storageDriver: driver });
  t.after(() => engine[Symbol.asyncDispose]());
  return engine;
}

async function withBusybox(t: TestContext, driver?: string): Promise<Engine> {
  const engine = await store(t, driver);
  await engine.builder.build({ context: busyboxContext(t), tags: ['busybox'] }).result;
  return engine;
}

for (const driver of ['overlay2', 'vfs']) {
  test(`a container runs in a program's own process, on ${driver}`, { skip }, async (t) => {
    const engine = await withBusybox(t, driver);
    const events: string[] = [];
    await using operation = engine.containers.run({
      image: 'busybox',
      name: 'first',
      command: ['sh', '-c', 'echo out; echo err >&2; echo x > /made; exit 7'],
      remove: true,
    });
    for await (const event of operation) events.push(event.type);
    const { exitCode, id } = await operation.result;
    assert.equal(exitCode, 7);
    assert.match(id, /^[0-9a-f]{64}$/);
    assert.deepEqual(events.slice(0, 2), ['created', 'started']);
    assert.deepEqual(events.slice(2), ['output', 'output']);
    await assertNothingLeft(engine);
    assert.equal((await sh(engine, 'ls /made')).exitCode, 1, 'what one container wrote is not in the next');
  });
}

test('settings of a process', { skip }, async (t) => {
  const engine = await withBusybox(t);
  await t.test('come from the image and defaults', async () => {
    const { stdout } = await sh(
      engine,
      'id; pwd; env; cat /etc/hosts /etc/hostname; echo $0; ls -d /proc/self /sys/class',
    );
    assert.match(stdout, /^uid=0\(root\) gid=0\(root\)/);
    assert.match(stdout, /^\/$/m);
    assert.match(stdout, /^FROM_IMAGE=yes$/m);
    assert.match(stdout, /^HOME=\/root$/m);
    assert.match(stdout, /^PATH=\/usr\/local\/sbin:/m);
    assert.match(stdout, /^HOSTNAME=([0-9a-f]{12})$/m);
    assert.match(stdout, /^127\.0\.0\.1\tlocalhost$/m);
    assert.match(stdout, /^[0-9a-f]{12}$/m);
  });
  await t.test('can be set by the caller', async () => {
    const { stdout } = await sh(engine, 'id; pwd; env; hostname', {
      user: 'me:staff',
      workingDirectory: '/home/me',
      environment: ['A=b=c', 'FROM_IMAGE', 'HOME=/elsewhere'],
      hostname: 'here.local',
    });
    assert.match(stdout, /^uid=1001\(me\) gid=50\(staff\)/);
    assert.match(stdout, /^\/home\/me$/m);
    assert.match(stdout, /^A=b=c$/m);
    assert.doesNotMatch(stdout, /FROM_IMAGE/);
    assert.match(stdout, /^HOME=\/elsewhere$/m);
    assert.match(stdout, /^here\.local$/m);
  });
  await t.test('include all groups of a user, but none with an explicit group', async () => {
    assert.match(
      (await sh(engine, 'id', { user: 'me' })).stdout,
      /^uid=1001\(me\) gid=1002\(own\) groups=.*50\(staff\)/,
    );
    assert.doesNotMatch((await sh(engine, 'id', { user: 'me:own' })).stdout, /staff/);
    assert.match((await sh(engine, 'id', { user: '4000:5000' })).stdout, /^uid=4000 gid=5000/);
    assert.match((await sh(engine, 'id', { user: '4000' })).stdout, /^uid=4000 gid=0/);
  });
  await t.test('include a working directory, which is created when missing', async () => {
    assert.equal((await sh(engine, 'pwd', { workingDirectory: '/new/dir' })).stdout, '/new/dir\n');
  });
  await t.test('include no descriptors but the standard ones (E4)', async () => {
    // The fourth descriptor is that of the listing itself.
    assert.deepEqual((await run(engine, { command: ['ls', '/proc/self/fd'] })).stdout.split(/\s+/).filter(Boolean), [
      '0',
      '1',
      '2',
      '3',
    ]);
    assert.doesNotMatch((await run(engine, { command: ['ls', '-l', '/proc/1/fd'] })).stdout, /lease|locks|strata/);
  });
  await t.test('include an empty network of its own, or that of the host', async () => {
    const interfaces = 'ls /sys/class/net | while read i; do echo $i; done';
    assert.equal((await sh(engine, interfaces)).stdout, 'lo\n');
    const own = (await sh(engine, 'readlink /proc/self/ns/net')).stdout;
    const host = (await sh(engine, 'readlink /proc/self/ns/net', { network: 'host' })).stdout;
    assert.notEqual(own, host);
    assert.equal(host.trim(), readlinkSync('/proc/self/ns/net'));
  });
  await t.test('allow a read-only root, with /etc/hosts still mounted', async () => {
    const { stderr, exitCode, stdout } = await sh(engine, 'cat /etc/hostname; touch /x', { readOnly: true });
    assert.equal(exitCode, 1);
    assert.match(stderr, /Read-only file system/);
    assert.match(stdout, /^[0-9a-f]{12}\n$/);
  });
  await t.test('give it an empty standard input', async () => {
    assert.equal((await sh(engine, 'cat; echo end')).stdout, 'end\n');
  });
  await assertNothingLeft(engine);
});

test('entrypoint and command go together as with docker', { skip }, async (t) => {
  const engine = await store(t);
  const context = busyboxContext(t, ['ENTRYPOINT ["echo", "entry"]', 'CMD ["cmd"]']);
  await engine.builder.build({ context, tags: ['busybox'] }).result;
  const out = async (request: Omit<RunRequest, 'image'>): Promise<string> => (await run(engine, request)).stdout;
  assert.equal(await out({}), 'entry cmd\n');
  assert.equal(await out({ command: ['own'] }), 'entry own\n');
  assert.equal(await out({ entrypoint: ['echo', 'x'] }), 'x\n');
  assert.equal(await out({ entrypoint: [''], command: ['echo', 'y'] }), 'y\n');
  await assert.rejects(run(engine, { entrypoint: [''] }), { code: 'ERR_COMMAND_MISSING' });
});

test("a process that cannot start gives docker's exit code", { skip }, async (t) => {
  const engine = await withBusybox(t);
  for (const [command, code] of [
    [['nothere'], 127],
    [['/not/here'], 127],
    [[''], 127],
    [['/etc'], 126],
    [['/etc/passwd'], 126],
  ] as const) {
    await assert.rejects(
      run(engine, { command }),
      (error) => isStrataError(error, 'ERR_CONTAINER_START') && error.details?.['exitCode'] === code,
      command.join(),
    );
  }
  await assertNothingLeft(engine);
});

test('a process that starts and then fails has its own code', { skip }, async (t) => {
  const engine = await store(t);
  const context = busyboxContext(t);
  fill(context, {
    'tree/bad': { mode: 0o755, content: 'no program' },
    'tree/script': { mode: 0o755, content: '#!/nowhere\n' },
  });
  await engine.builder.build({ context, tags: ['busybox'] }).result;
  const bad = await run(engine, { command: ['/bad'] });
  assert.deepEqual([bad.exitCode, bad.stderr], [1, 'exec /bad: exec format error\n']);
  const script = await run(engine, { command: ['/script'] });
  assert.deepEqual([script.exitCode, script.stderr], [1, 'exec /script: no such file or directory\n']);
  for (const code of [0, 125, 255]) assert.equal((await sh(engine, `exit ${code}`)).exitCode, code);
  assert.equal((await sh(engine, 'echo \'{"level":"error","msg":"not the runtime"}\' >&2; exit 3')).exitCode, 3);
});

test('invalid requests are refused before anything is created', { skip }, async (t) => {
  const engine = await withBusybox(t);
  for (const [request, code] of [
    [{ image: 'nothing' }, 'ERR_IMAGE_NOT_FOUND'],
    [{ image: 'UPPER' }, 'ERR_REFERENCE_INVALID'],
    [{ name: 'a b' }, 'ERR_CONTAINER_NAME_INVALID'],
    [{ name: '../x' }, 'ERR_CONTAINER_NAME_INVALID'],
    [{ user: '4294967296' }, 'ERR_USER_INVALID'],
    [{ user: '-1' }, 'ERR_USER_INVALID'],
    [{ user: '2147483648:1' }, 'ERR_USER_INVALID'],
    [{ user: '0x0' }, 'ERR_USER_UNKNOWN'],
    [{ user: 'nobody' }, 'ERR_USER_UNKNOWN'],
    [{ user: 'me:nobody' }, 'ERR_USER_UNKNOWN'],
    [{ user: 'a:b:c' }, 'ERR_USER_INVALID'],
    [{ workingDirectory: 'relative' }, 'ERR_WORKING_DIRECTORY_INVALID'],
    [{ workingDirectory: '/proc/self/fd/8' }, 'ERR_WORKING_DIRECTORY_INVALID'],
    [{ workingDirectory: '/x/../../proc/self/fd/8' }, 'ERR_WORKING_DIRECTORY_INVALID'],
    [{ hostname: 'a\nb' }, 'ERR_HOSTNAME_INVALID'],
    [{ environment: ['A=\0'] }, 'ERR_COMMAND_INVALID'],
    [{ environment: ['=b'] }, 'ERR_ENVIRONMENT_INVALID'],
    [{ environment: [`A=${'x'.repeat(2 << 20)}`] }, 'ERR_COMMAND_INVALID'],
    [{ command: ['echo', 'a\0b'] }, 'ERR_COMMAND_INVALID'],
  ] as const) {
    await assert.rejects(
      run(engine, request),
      (error) => isStrataError(error, code),
      JSON.stringify(request).slice(0, 80),
    );
  }
  await assertNothingLeft(engine);
});

test('a hostile config is refused in the same way (B12, B13)', { skip }, async (t) => {
  const engine = await withBusybox(t);
  for (const [line, code] of [
    ['USER 4294967296', 'ERR_USER_INVALID'],
    ['USER 2147483648:1', 'ERR_USER_INVALID'],
    ['ENV WORK=/proc/self/fd/8\nWORKDIR $WORK/x', 'ERR_WORKING_DIRECTORY_INVALID'],
  ] as const) {
    await engine.builder.build({ context: folderWith(t, { Dockerfile: `FROM busybox\n${line}\n` }), tags: ['hostile'] })
      .result;
    await assert.rejects(run(engine, { image: 'hostile' }), (error) => isStrataError(error, code), line);
  }
});

test('an image whose mount points are not directories is not run, and files under /etc lead nowhere (E3)', {
  skip,
}, async (t) => {
  const engine = await withBusybox(t);
  const host = folderWith(t, {
    victim: 'host',
    'etc/hosts': 'host',
    'etc/resolv.conf': 'host',
    'etc/hostname': 'host',
  });
  for (const name of ['proc', 'sys', 'dev']) {
    for (const link of name === 'proc' ? ['/bin', host, '../../..'] : [host]) {
      const context = folderWith(t, { [`tree/${name}`]: { link }, Dockerfile: 'FROM busybox\nCOPY tree /\n' });
      await engine.builder.build({ context, tags: ['hostile'] }).result;
      await assert.rejects(run(engine, { image: 'hostile', command: ['true'] }), { code: 'ERR_ROOTFS_UNSAFE' });
    }
  }
  const links = {
    absolute: `${host}/victim`,
    climbing: `../../../../../../../..${host}/victim`,
    magic: '/proc/1/root',
  };
  for (const [how, link] of Object.entries(links)) {
    const tree = Object.fromEntries(['hosts', 'hostname', 'resolv.conf'].map((name) => [`tree/${name}`, { link }]));
    const context = folderWith(t, { ...tree, Dockerfile: 'FROM scratch\nCOPY tree /etc/\nCOPY bin /bin/\n' });
    mkdirSync(join(context, 'bin'));
    copyFileSync('/bin/busybox', join(context, 'bin/busybox'));
    await engine.builder.build({ context, tags: ['links'] }).result;
    const ran = run(engine, { image: 'links', command: ['/bin/busybox', 'true'] });
    if (how === 'magic') await assert.rejects(ran, { code: 'ERR_MOUNT_TARGET_UNSAFE' });
    else assert.equal((await ran).exitCode, 0, how);
  }
  assert.equal(readFileSync(join(host, 'victim'), 'utf8'), 'host');
  assert.equal(readFileSync(join(host, 'etc/hosts'), 'utf8'), 'host');
  await assertNothingLeft(engine);
});

test('a hostile image may have anything as its passwd', { skip }, async (t) => {
  const engine = await withBusybox(t);
  const host = folderWith(t, { passwd: 'me:x:0:0::/:\n' });
  const folder = folderWith(t, { 'tree/etc/x': '', Dockerfile: 'FROM scratch\nCOPY tree /\nUSER me\n' });
  symlinkSync(join(host, 'passwd'), join(folder, 'tree/etc/passwd'));
  await engine.builder.build({ context: folder, tags: ['hostile'] }).result;
  await assert.rejects(run(engine, { image: 'hostile', command: ['true'] }), { code: 'ERR_USER_UNKNOWN' });
  rmSync(join(folder, 'tree/etc/passwd'));
  execFileSync('mkfifo', [join(folder, 'tree/etc/passwd')]);
  await engine.builder.build({ context: folder, tags: ['hostile'] }).result;
  await assert.rejects(run(engine, { image: 'hostile', command: ['true'] }), { code: 'ERR_ROOTFS_UNSAFE' });
});

test('all output arrives, on both streams, in order, even for a slow reader', { skip }, async (t) => {
  const engine = await withBusybox(t);
  const script = 'i=0; while [ $i -lt 40000 ]; do echo out$i; echo err$i >&2; i=$((i+1)); done';
  await using operation = engine.containers.run({ image: 'busybox', command: ['sh', '-c', script], remove: true });
  const output = { stdout: '', stderr: '' };
  let count = 0;
  for await (const event of operation) {
    if (event.type !== 'output') continue;
    output[event.stream] += Buffer.from(event.chunk).toString('latin1');
    if (count++ % 50 === 0) await sleep(5);
  }
  assert.equal((await operation.result).exitCode, 0);
  const expected = (word: string): string => Array.from({ length: 40_000 }, (_, at) => `${word}${at}\n`).join('');
  assert.ok(output.stdout === expected('out'), 'stdout');
  assert.ok(output.stderr === expected('err'), 'stderr');
});

test('a reader that does not read holds the container back, and memory does not grow', { skip }, async (t) => {
  const engine = await withBusybox(t);
  await using operation = engine.containers.run({
    image: 'busybox',
    command: ['sh', '-c', 'yes | head -c 200000000'],
    remove: true,
  });
  let bytes = 0;
  const before = process.memoryUsage().rss;
  for await (const event of operation) {
    if (event.type !== 'output') continue;
    if (bytes === 0) {
      await sleep(300);
      assert.ok(process.memoryUsage().rss - before < 120 << 20, 'memory grew');
    }
    bytes += event.chunk.length;
    if (bytes > 10 << 20) break;
  }
  // The reader is gone: the container must not wait for it.
  assert.equal((await operation.result).exitCode, 0);
});

test('a container that writes much ends without any reader', { skip }, async (t) => {
  const engine = await withBusybox(t);
  const command = ['sh', '-c', 'yes | head -c 20000000; exit 4'];
  assert.equal((await engine.containers.run({ image: 'busybox', command, remove: true }).result).exitCode, 4);
});

test('an abort at any moment leaves nothing', { skip }, async (t) => {
  const engine = await withBusybox(t);
  const random = createRandom(5);
  for (let round = 0; round < 8; round++) {
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = engine.containers.run({
      image: 'busybox',
      // The command ignores SIGTERM.
      command: ['sh', '-c', 'trap "" TERM INT; while true; do sleep 1; done'],
      remove: true,
      signal: controller.signal,
    });
    const ids: string[] = [];
    const reading = (async () => {
      for await (const event of running) if (event.type === 'created') ids.push(event.id);
    })();
    // From before the worker exists until the container runs.
    await sleep(random.next(25) * 10);
    controller.abort(reason);
    await assert.rejects(running.result, (error) => error === reason);
    await reading;
    await assertNothingLeft(engine, ids);
  }
});

test('disposal ends a container and waits for it, even when its reader is stuck', { skip }, async (t) => {
  const engine = await withBusybox(t);
  {
    await using operation = engine.containers.run({ image: 'busybox', command: ['yes'], remove: true });
    for await (const event of operation) if (event.type === 'output') break;
  }
  await assertNothingLeft(engine);
  {
    await using operation = engine.containers.run({ image: 'busybox', command: ['yes'], remove: true });
    const reader = operation[Symbol.asyncIterator]();
    await reader.next();
    await sleep(100);
  }
  await assertNothingLeft(engine);
});

test('records are kept without --rm, and are true', { skip }, async (t) => {
  const engine = await withBusybox(t);
  using metadata = recordsOf(engine);
  const state = (name: string): ContainerState | undefined => {
    const record = metadata.containers.getByName(name);
    return record && stateOf(record);
  };
  const fields = (name: string): unknown => {
    const { startedAt: _started, finishedAt: _finished, ...rest } = state(name) ?? assert.fail();
    return rest;
  };

  await run(engine, { remove: false, name: 'ended', command: ['false'], labels: { a: 'b' } });
  assert.deepEqual(fields('ended'), { status: 'exited', exitCode: 1 });
  assert.deepEqual((await engine.containers.list({ all: true }))[0]?.labels, { a: 'b' });

  await assert.rejects(run(engine, { remove: false, name: 'broken', command: ['nothere'] }));
  const { status, exitCode, error } = state('broken') ?? assert.fail();
  assert.deepEqual([status, exitCode], ['created', 127]);
  assert.match(String(error), /not found in \$PATH/);

  const controller = new AbortController();
  const running = engine.containers.run({
    image: 'busybox',
    name: 'killed',
    command: ['sleep', '1000'],
    signal: controller.signal,
  });
  for await (const event of running) {
    if (event.type !== 'started') continue;
    const { status: now, supervisor } = state('killed') as ContainerState;
    assert.deepEqual([now, typeof supervisor], ['running', 'object']);
    controller.abort();
  }
  assert.deepEqual(fields('killed'), { status: 'exited', exitCode: 137 });

  await assert.rejects(run(engine, { name: 'ended' }), (conflict) =>
    isStrataError(conflict, 'ERR_CONTAINER_NAME_IN_USE'),
  );
  const active = metadata.snapshots.list().filter(({ kind }) => kind === 'active');
  assert.equal(active.length, 3, 'the refused one left no writable layer');
});

test('nothing stays with a terminal and --rm either, even if the container never ran', { skip }, async (t) => {
  const engine = await withBusybox(t);
  const request = { image: 'busybox', remove: true, terminal: true };
  assert.equal((await engine.containers.run({ ...request, command: ['sh', '-c', 'exit 3'] }).result).exitCode, 3);
  await assert.rejects(engine.containers.run({ ...request, command: ['/missing'] }).result, {
    code: 'ERR_CONTAINER_START',
  });
  for (const when of ['created', 'started']) {
    const controller = new AbortController();
    const running = engine.containers.run({ ...request, command: ['sleep', '1000'], signal: controller.signal });
    for await (const { type } of running) if (type === when) controller.abort();
    await assert.rejects(running.result, { name: 'AbortError' }, when);
    assert.deepEqual(await engine.containers.list({ all: true }), [], when);
  }
  await assertNothingLeft(engine);
});

test('two containers run side by side, and two engines on one store', { skip }, async (t) => {
  const engine = await withBusybox(t);
  await using other = await Engine.open({ root: engine.layout.root });
  const ran = await Promise.all(
    [engine, other, engine, other].map((each, at) => sh(each, `sleep 0.1; echo ${at}; exit ${at}`)),
  );
  assert.deepEqual(
    ran.map(({ exitCode, stdout }) => [exitCode, stdout]),
    [0, 1, 2, 3].map((at) => [at, `${at}\n`]),
  );
  await assertNothingLeft(engine);
});

test('a symlink on the way to a store changes nothing', { skip }, async (t) => {
  const engine = await withBusybox(t);
  const folder = folderWith(t, { x: '' });
  symlinkSync(engine.layout.root, join(folder, 'link'));
  await using other = await Engine.open({ root: join(folder, 'link') });
  assert.equal(other.layout.run, engine.layout.run);
  assert.equal((await sh(other, 'exit 3')).exitCode, 3);
  writeFileSync(join(folder, 'file'), '');
  for (const path of ['file', 'file/below']) {
    const root = join(folder, path);
    await assert.rejects(Engine.open({ root }), {
      code: 'ERR_STORAGE_ROOT_UNUSABLE',
      message: `root ${root}: a file exists where a folder is expected`,
      hint: 'Choose another folder for the store.',
    });
  }
});
