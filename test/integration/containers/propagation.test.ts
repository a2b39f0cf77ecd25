import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Engine, HostOptions } from '../../../src/engine/index.ts';
import { MS_PRIVATE, mount, setPropagation, unmountIfMounted } from '../../../src/sys/mount.ts';
import { assertNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { testStore } from '../../helpers/test-store.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'tini-static');
const MS_SHARED = 0x100000;

/** Creates a shared mount of the host, with a mount at `below` in it; both go after the test. */
function sharedMount(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'strata-shared-'));
  t.after(() => {
    for (const path of ['made', 'late', 'below', '']) unmountIfMounted(join(folder, path), { lazy: true });
    rmdirSync(folder);
  });
  memoryAt(folder);
  setPropagation(folder, MS_SHARED);
  for (const name of ['below', 'made', 'late']) mkdirSync(join(folder, name));
  memoryAt(join(folder, 'below'));
  writeFileSync(join(folder, 'below/kept'), 'kept');
  return folder;
}

const memoryAt = (target: string): void => mount({ source: 'none', target, type: 'tmpfs' });

const mountPoints = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? []);

interface Ran {
  readonly exitCode: number;
  readonly text: string;
}

type Way = (engine: Engine, script: string, host: HostOptions) => Promise<Ran>;

const runInForeground: Way = async (engine, script, host) => {
  await using operation = engine.containers.run({
    image: 'busybox',
    remove: true,
    command: ['sh', '-c', script],
    host,
  });
  let text = '';
  for await (const event of operation) {
    if (event.type === 'output') text += Buffer.from(event.chunk).toString('latin1');
  }
  return { exitCode: (await operation.result).exitCode, text };
};

const runSupervised: Way = async ({ containers }, script, host) => {
  const { id } = await containers.create({ image: 'busybox', command: ['sh', '-c', script], host });
  try {
    await containers.start(id);
    const exitCode = await containers.wait(id);
    let text = '';
    for await (const { bytes } of containers.logs(id)) text += bytes.toString('latin1');
    return { exitCode, text };
  } finally {
    await containers.remove(id, { force: true });
  }
};

for (const [name, way] of Object.entries({ foreground: runInForeground, supervised: runSupervised })) {
  test(`mounts of a container in a shared bind reach the host and stay, ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const folder = sharedMount(t);
    const script = 'mount -t tmpfs none /m/made && echo new >/m/made/file && cat /m/below/kept';
    const { exitCode, text } = await way(engine, script, { Binds: [`${folder}:/m:rshared`], Privileged: true });
    assert.deepEqual([exitCode, text], [0, 'kept']);
    assert.equal(readFileSync(join(folder, 'made/file'), 'utf8'), 'new\n');
    assert.equal(readFileSync(join(folder, 'below/kept'), 'utf8'), 'kept');
    assert.deepEqual(
      mountPoints().filter((path) => path.startsWith(folder)),
      [folder, join(folder, 'below'), join(folder, 'made')],
    );
    await assertNothingLeft(engine);
  });

  test(`a slave bind gets mounts of the host, and gives it none, ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const folder = sharedMount(t);
    const script = `mount -t tmpfs none /m/made; touch /m/ready; until test -e /m/late/file; do sleep 0.02; done; echo seen`;
    const host = {
      Mounts: [{ Type: 'bind', Source: folder, Target: '/m', BindOptions: { Propagation: 'rslave' } }],
      Privileged: true,
    };
    const ran = way(engine, script, host);
    await until(
      () => existsSync(join(folder, 'ready')),
      () => 'the container did not come up',
    );
    assert.ok(!mountPoints().includes(join(folder, 'made')));
    memoryAt(join(folder, 'late'));
    writeFileSync(join(folder, 'late/file'), '');
    assert.deepEqual(await ran, { exitCode: 0, text: 'seen\n' });
  });

  test(`propagation of a mount that is not shared is refused at the start, ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const folder = sharedMount(t);
    setPropagation(folder, MS_PRIVATE);
    const inside = join(folder, 'made');
    for (const [mode, kind] of [
      ['shared', 'shared'],
      ['rshared', 'shared'],
      ['slave', 'shared or slave'],
      ['rslave', 'shared or slave'],
    ]) {
      await assert.rejects(way(engine, 'true', { Binds: [`${inside}:/m:${mode}`] }), {
        code: 'ERR_MOUNT_PROPAGATION',
        message: `path ${inside} is mounted on ${folder} but it is not a ${kind} mount`,
      });
    }
    await assertNothingLeft(engine);
  });

  test(`a file can be shared, and a read-only bind is read-only all the way down, ${name}`, { skip }, async (t) => {
    const engine = await testStore(t, { busybox: 'busybox' });
    const folder = sharedMount(t);
    writeFileSync(join(folder, 'file'), 'text');
    const bind = (Target: string, more: object): object => ({ Type: 'bind', Source: folder, Target, ...more });
    const { text } = await way(
      engine,
      `cat /file; for each in a b c d; do touch /$each/below/$each 2>/dev/null; echo " $each $?"; done`,
      {
        Binds: [`${join(folder, 'file')}:/file:shared`, `${folder}:/a:ro`, `${folder}:/b:ro,rshared`],
        Mounts: [
          bind('/c', { ReadOnly: true, BindOptions: { ReadOnlyNonRecursive: true } }),
          bind('/d', { ReadOnly: true, BindOptions: { NonRecursive: true } }),
        ] as NonNullable<HostOptions['Mounts']>,
      },
    );
    assert.equal(text, 'text a 1\n b 1\n c 0\n d 1\n');
  });
}

test("an init program is not used with the host's processes", { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });

  assert.deepEqual(
    await runInForeground(engine, `echo $0; test ! -e /sbin/docker-init`, { Init: true, PidMode: 'host' }),
    {
      exitCode: 0,
      text: 'sh\n',
    },
  );
  assert.equal((await runInForeground(engine, `test -e /sbin/docker-init`, { Init: true })).exitCode, 0);
});
