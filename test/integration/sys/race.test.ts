// A second process exchanges a directory and a symlink to the outside, as fast as the kernel lets it, while this one
// works below the name.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { AT_FDCWD, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_WRONLY } from '../../../src/sys/constants.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { chmodAt, utimensAt } from '../../../src/sys/file-attributes.ts';
import { closeFd, mkdirAt, openAt, readlinkAt, symlinkAt } from '../../../src/sys/fs-at.ts';
import { hasSyscall } from '../../../src/sys/has-syscall.ts';
import { removeTreeAt } from '../../../src/sys/remove-tree.ts';
import { RootedTree } from '../../../src/sys/rooted-tree.ts';
import { outsideOf, rootBesideCanary } from './canary.ts';

/** Exchanges `one` and `other` in `directory` until stopped, which answers how often that was. */
async function swapping(
  context: TestContext,
  directory: string,
  one: string,
  other: string,
): Promise<{ stop(): Promise<number> }> {
  const script = join(import.meta.dirname, 'swap.fixture.ts');
  const child = spawn(process.execPath, [script, directory, one, other], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return {
    async stop() {
      const last = once(child.stdout, 'data') as Promise<[Buffer]>;
      writeFileSync(join(directory, 'stop'), '');
      const [swaps] = await last;
      return Number(swaps.toString());
    },
  };
}

// The descriptor of the listing itself is gone by then.
function attemptRead(link: string): string | undefined {
  return existsSync(link) ? readlinkSync(link) : undefined;
}

/** What this process has open in a directory, without the directory itself. */
function descriptorsBelow(directory: string): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    const path = attemptRead(`/proc/self/fd/${fd}`);
    return path?.startsWith(`${directory}/`) ? [path] : [];
  });
}

const tries = 600;
const create = { mode: 0o755 };
// What the swapping may rightly lead to: the name stands for something else at that moment.
const harmless = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EEXIST', 'EOPNOTSUPP']);

function attempt(action: () => void): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (harmless.has(errnoOf(error) ?? '')) return false;
    throw error;
  }
}

for (const openat2 of [true, false]) {
  const skip = openat2 && !hasSyscall('openat2') && 'Linux before 5.6';
  describe(openat2 ? 'races by openat2' : 'races by single steps', { skip }, () => {
    for (const target of ['../victim', '/../../victim', '..']) {
      test(`a directory swapped for a symlink to ${target}`, async (context) => {
        const { root, outside, before } = rootBesideCanary(context);
        mkdirSync(join(root, 'd/sub'), { recursive: true });
        writeFileSync(join(root, 'd/sub/file'), '');
        symlinkSync(target, join(root, 'evil'));
        using tree = RootedTree.open(root, { openat2 });
        const swapper = await swapping(context, root, 'd', 'evil');
        let worked = 0;
        for (let i = 0; i < tries; i++) {
          tree.invalidate();
          const found = attempt(() => {
            const { fd, name } = tree.parent(`d/sub/new${i % 10}`, i % 2 === 0 ? create : undefined);
            closeFd(openAt(fd, name, O_CREAT | O_WRONLY, 0o644));
            chmodAt(fd, name, 0o600);
            utimensAt(fd, name, undefined, { seconds: i, nanoseconds: 0 });
          });
          if (found) worked++;
          attempt(() => closeFd(tree.openFile('d/passwd')));
          attempt(() => tree.remove(tree.parent('d/sub/file')));
          attempt(() => closeFd(tree.resolve('d/sub/../../../victim/passwd')));
        }
        const swaps = await swapper.stop();
        assert.ok(worked > 0 && swaps > 100, `${worked} times through, ${swaps} swaps`);
        tree.invalidate();
        assert.deepEqual(outsideOf(outside), before);
        assert.deepEqual(descriptorsBelow(root), []);
      });
    }

    test('what is read comes from inside', async (context) => {
      const { root } = rootBesideCanary(context);
      mkdirSync(join(root, 'd/e'), { recursive: true });
      symlinkSync('../../victim', join(root, 'evil'));
      using tree = RootedTree.open(root, { openat2 });
      const swapper = await swapping(context, root, 'd', 'evil');
      for (let i = 0; i < tries; i++) {
        attempt(() => {
          const fd = tree.resolve('d/e/../../../../victim');
          const where = Buffer.from(readlinkAt(AT_FDCWD, `/proc/self/fd/${fd}`)).toString();
          closeFd(fd);
          assert.ok(where.startsWith(root), where);
        });
      }
      assert.ok((await swapper.stop()) > 100);
    });
  });
}

test('a tree being removed is not left through a swapped directory', async (context) => {
  const { root, outside, before } = rootBesideCanary(context);
  const rootFd = openAt(AT_FDCWD, root, O_PATH | O_DIRECTORY);
  context.after(() => closeFd(rootFd));
  const swapper = await swapping(context, root, 'd', 'evil');
  let removed = 0;
  // Fewer: each removal waits its turn at the locks that the other process takes all the time.
  for (let i = 0; i < tries / 5; i++) {
    attempt(() => mkdirAt(rootFd, 'd', 0o755));
    attempt(() => symlinkAt('../victim', rootFd, 'evil'));
    attempt(() => {
      const d = openAt(rootFd, 'd', O_PATH | O_DIRECTORY | O_NOFOLLOW);
      for (let j = 0; j < 5; j++) attempt(() => mkdirAt(d, `sub${j}`, 0o755));
      closeFd(d);
    });
    for (const name of ['d', 'evil']) if (attempt(() => removeTreeAt(rootFd, name))) removed++;
  }
  const swaps = await swapper.stop();
  assert.ok(removed > 0 && swaps > 100, `${removed} removed, ${swaps} swaps`);
  assert.deepEqual(outsideOf(outside), before);
});

test('a path handed to the kernel as text does get out: the races are real', async (context) => {
  const { root, outside, before } = rootBesideCanary(context);
  mkdirSync(join(root, 'd'));
  symlinkSync('../victim', join(root, 'evil'));
  const swapper = await swapping(context, root, 'd', 'evil');
  for (let i = 0; i < tries && outsideOf(outside).join() === before.join(); i++) {
    attempt(() => closeFd(openAt(AT_FDCWD, join(root, 'd/escaped'), O_CREAT | O_WRONLY, 0o644)));
  }
  await swapper.stop();
  assert.notDeepEqual(outsideOf(outside), before);
});
