// Processes that join a container which has changed its own files in every hostile way.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { findRuntime } from '../../../src/containers/runtime/find-runtime.ts';
import type { Engine } from '../../../src/engine/index.ts';
import { isStrataError } from '../../../src/errors/index.ts';
import { folderWith } from '../../helpers/build-folder.ts';
import { defaultConfiguration } from '../../helpers/default-configuration.ts';
import { untilNothingLeft } from '../../helpers/leftovers.ts';
import { needs } from '../../helpers/needs.ts';
import { isSoak } from '../../helpers/random.ts';
import { testStore } from '../../helpers/test-store.ts';
import { patienceMs } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox');

async function startContainer(engine: Engine, image: string, script: string): Promise<string> {
  const { id } = await engine.containers.create({ image, command: ['busybox', 'sh', '-c', script] });
  await engine.containers.start(id);
  return id;
}

interface Joined {
  readonly text: string;
  readonly code: number;
}

async function joinContainer(
  { containers }: Engine,
  id: string,
  command: readonly string[],
  user?: string,
): Promise<Joined> {
  await using attached = await containers.exec(id, { command, user, signal: AbortSignal.timeout(patienceMs) });
  let text = '';
  for await (const { chunk } of attached.streams) text += Buffer.from(chunk).toString('latin1');
  return { text, code: await attached.exitCode };
}

test("the runtime's program is not changed by a container that waits to write to joining processes (E5)", {
  skip,
}, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const digest = (): string =>
    createHash('sha256')
      .update(readFileSync(findRuntime(defaultConfiguration).runtime))
      .digest('hex');
  const before = digest();
  // The joining process executes the runtime itself, by a symlink and as an interpreter, while the container's process
  // waits for it.
  const context = folderWith(t, {
    Dockerfile: 'FROM busybox\nCOPY tree /\n',
    'tree/evil': { link: '/proc/self/exe' },
    'tree/script': { mode: 0o755, content: '#!/proc/self/exe\n' },
  });
  await engine.builder.build({ context, tags: ['evil'] }).result;
  const wait = `while true; do for p in /proc/[0-9]*; do
      case $p in /proc/1) continue;; esac
      echo $p >> /met; echo x > $p/exe && echo $p >> /wrote
      for f in $p/fd/*; do echo x > $f; done
    done; done 2>/dev/null`;
  const id = await startContainer(engine, 'evil', wait);
  const { State } = await engine.containers.inspect(id);
  const root = `/proc/${(State as { readonly Pid: number }).Pid}/root`;
  // Scheduling decides whether they meet.
  for (let round = 0; round < (isSoak ? 300 : 3) || (!existsSync(`${root}/met`) && round < 1000); round++) {
    for (const command of [['/evil', 'init'], ['/script'], ['true']]) {
      await joinContainer(engine, id, command).catch((error: unknown) =>
        assert.ok(isStrataError(error, 'ERR_EXEC'), String(error)),
      );
    }
  }
  assert.ok(existsSync(`${root}/met`), 'it has met a joining process');
  assert.ok(!existsSync(`${root}/wrote`));
  assert.equal(digest(), before);
  await engine.containers.remove(id, { force: true });
  // The supervisor of a joined process tidies up after it.
  await untilNothingLeft(engine, [id]);
});

test("users are looked up in the container's own passwd, whatever the container made of it", { skip }, async (t) => {
  const engine = await testStore(t, { busybox: 'busybox' });
  const id = await startContainer(engine, 'busybox', 'sleep 1000');
  const sh = async (script: string): Promise<Joined> =>
    await joinContainer(engine, id, ['busybox', 'sh', '-c', script]);
  assert.deepEqual(await joinContainer(engine, id, ['id', '-u'], 'me'), { text: '1001\n', code: 0 });
  const unsafe = {
    'a fifo': 'busybox mkfifo passwd',
    'a device': 'busybox mknod passwd c 1 5',
    'a symlink to a device': 'busybox ln -s /dev/zero passwd',
    'a terminal': 'busybox ln -s /dev/console passwd',
    'a pipe of a process': 'busybox ln -s /proc/1/fd/1 passwd',
    'what tells of a process': 'busybox ln -s a passwd; busybox ln -s b/1/environ a; busybox ln -s /proc b',
    'a round symlink': 'busybox ln -s passwd passwd',
    'zeros without end': 'dd if=/dev/zero of=passwd bs=1M seek=100000 count=1',
    'what takes too much memory': 'busybox yes , | busybox tr -d "\\n" | busybox head -c 4194305 > passwd',
  };
  const wrong = {
    'a directory': 'mkdir passwd',
    'a climbing symlink': 'busybox ln -s ../../../../../../etc/hosts passwd',
    'numbers beyond all': 'echo me:x:4294967296:0::/: > passwd',
    'negative numbers': 'echo me:x:-1:0::/: > passwd',
    'hexadecimal numbers': 'echo me:x:0x0:0x0::/: > passwd',
  };
  for (const [name, script] of Object.entries({ ...unsafe, ...wrong })) {
    assert.equal((await sh(`cd /etc; busybox rm -rf passwd; ${script} 2>/dev/null`)).code, 0, name);
    const code = name in unsafe ? 'ERR_ROOTFS_UNSAFE' : 'ERR_USER_UNKNOWN';
    await assert.rejects(joinContainer(engine, id, ['id'], 'me'), { code }, name);
    if (name in unsafe)
      await assert.rejects(joinContainer(engine, id, ['id'], '7'), { code: 'ERR_ROOTFS_UNSAFE' }, name);
    // The runtime may fail or not, but soon.
    else
      await joinContainer(engine, id, ['id'], '7').catch((error: unknown) =>
        assert.ok(isStrataError(error, 'ERR_EXEC'), name),
      );
    const etc = `/proc/${String(((await engine.containers.inspect(id))['State'] as { Pid: number }).Pid)}/root/etc`;
    rmSync(`${etc}/passwd`, { recursive: true });
    writeFileSync(`${etc}/passwd`, '');
  }
  await engine.containers.remove(id, { force: true });
  await untilNothingLeft(engine, [id]);
});
