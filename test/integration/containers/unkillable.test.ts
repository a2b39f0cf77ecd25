// A process that waits for a filesystem without an answer cannot be killed: commands that kill its container give up in
// the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs, output } from '../../helpers/needs.ts';
import { testStore } from '../../helpers/test-store.ts';
import { untilSame } from '../../helpers/until-same.ts';

const skip = needs('root', 'overlay', 'runc', 'conmon', 'busybox', 'loop', 'mkfs.ext4', 'fsfreeze');

test('stop, kill, rm -f and restart give up, and the kill works when the process goes on', { skip }, async (t) => {
  const { containers } = await testStore(t, { busybox: 'busybox' });
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q']);
  const verbs = {
    stop: { work: (name: string) => containers.stop(name, { timeoutSeconds: 0 }), text: 'cannot stop container: stop' },
    kill: { work: (name: string) => containers.kill(name), text: 'cannot kill container: kill' },
    remove: {
      work: (name: string) => containers.remove(name, { force: true }),
      text: 'cannot remove container "/remove": could not kill',
    },
    restart: {
      work: (name: string) => containers.restart(name, { timeoutSeconds: 0 }),
      text: 'Cannot restart container restart',
    },
  };
  const command = ['sh', '-c', 'touch /disk/ready-$0; while :; do echo >/disk/$0; done'];
  for (const name of Object.keys(verbs)) {
    await containers.create({
      name,
      image: 'busybox',
      command: [...command, name],
      host: { Binds: [`${disk.path}:/disk`] },
    });
    await containers.start(name);
  }
  const listWaiting = (): string[] =>
    output('ps', '-eo', 'stat,args')
      .split('\n')
      .filter((line) => line.startsWith('D') && line.includes('ready-$0'));
  output('fsfreeze', '-f', disk.path);
  try {
    await untilSame(() => listWaiting().length, 4);
    const timeout = AbortSignal.timeout.bind(AbortSignal);
    // Shorter than the usual wait.
    t.mock.method(AbortSignal, 'timeout', (ms: number) => timeout(Math.min(ms, 1000)));
    await Promise.all(
      Object.entries(verbs).map(async ([name, { work, text }]) => {
        const message = `${text}: tried to kill container, but did not receive an exit event`;
        await assert.rejects(work(name), { code: 'ERR_CONTAINER_NOT_KILLED', message });
      }),
    );
    assert.equal((await containers.list()).length, 4, 'they run');
  } finally {
    output('fsfreeze', '-u', disk.path);
  }
  for (const name of Object.keys(verbs)) {
    assert.equal(await containers.wait(name), 137);
    await containers.remove(name);
  }
});
