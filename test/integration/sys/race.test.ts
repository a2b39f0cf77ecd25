// A second process exchanges a directory and a symlink to the outside, as fast as the kernel lets it, while this one
// works below the name.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { AT_FDCWD, O_CREAT, O_DIRECTORY, O_NOFOLLOW, O_PATH, O_WRONLY } from '../../../src/sys/constants.ts';
import { errnoOf } from '../../../src/sys/errno.ts';
import { chmodAt, utimensAt } from '../../../src/sys/file-attributes.ts';
import { closeFd, mkdirAt, openAt, readlinkAt, symlinkAt } from '../../../src/sys/fs-at.ts';
import { hasSyscall } from '../../../src/sys/has-syscall.ts';
import { removeTreeAt } from '../../../src/sys/remove-tree.ts';
import { RootedTree } from '../../../src/sys/rooted-tree.ts';
import { makeHostReadOnly } from '../../helpers/make-host-read-only.ts';
import { outsideOf, rootBesideCanary } from './canary.ts';

makeHostReadOnly();

const tries = 600;

/**
 * Calls `body` again and again while another process exchanges `d` and `evil` in `root`: at least that many times, and
 * until both have been seen at `d` and `isDone`.
 */
async function race(
  context: TestContext,
  root: string,
  body: (i: number) => void,
  atLeast = tries,
  isDone = (): boolean => true,
): Promise<void> {
  const script = join(import.meta.dirname, 'swap.fixture.ts');
  const child = spawn(process.execPath, [script, root, 'd', 'evil'], { stdio: ['ignore', 'pipe', 'inherit'] });
  context.after(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const seen = { directory: 0, symlink: 0 };
  const deadline = Date.now() + 600_000;
  for (let i = 0; i < atLeast || seen.directory < 5 || seen.symlink < 5 || !isDone(); i++) {
    const there = lstatSync(join(root, 'd'), { throwIfNoEntry: false });
    if (there) seen[there.isSymbolicLink() ? 'symlink' : 'directory']++;
    body(i);
    assert.ok(Date.now() < deadline, `no race: ${JSON.stringify(seen)}`);
  }
  writeFileSync(join(root, 'stop'), '');
  await once(child, 'exit');
}

// Errors that the swapping may rightly cause: the name is something else at that moment.
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

/** Returns the paths in a directory that this process has open, without the directory itself. */
function descriptorsBelow(directory: string): string[] {
  // The descriptor of the listing itself is closed by then.
  const links = readdirSync('/proc/self/fd').map((fd) => `/proc/self/fd/${fd}`);
  const paths = links.filter((link) => existsSync(link)).map((link) => readlinkSync(link));
  return paths.filter((path) => path.startsWith(`${directory}/`));
}

for (const openat2 of [true, false]) {
  const skip = openat2 && !hasSyscall('openat2') && 'Linux before 5.6';
  describe(openat2 ? 'races by openat2' : 'races by single steps', { skip }, () => {
    for (const target of ['../victim', '/../../@/victim', '..']) {
      test(`a directory swapped for a symlink to ${target} does not lead outside`, async (context) => {
        const { root, outside, before } = rootBesideCanary(context);
        mkdirSync(join(root, 'd/sub'), { recursive: true });
        writeFileSync(join(root, 'd/sub/file'), '');
        symlinkSync(target.replace('@', outside), join(root, 'evil'));
        using tree = RootedTree.open(root, { openat2 });
        let through = 0;
        await race(context, root, (i) => {
          tree.invalidate();
          const worked = attempt(() => {
            const { fd, name } = tree.parent(`d/sub/new${i % 10}`, i % 2 === 0 ? { mode: 0o755 } : undefined);
            closeFd(openAt(fd, name, O_CREAT | O_WRONLY, 0o644));
            chmodAt(fd, name, 0o600);
            utimensAt(fd, name, undefined, { seconds: i, nanoseconds: 0 });
          });
          if (worked) through++;
          attempt(() => closeFd(tree.openFile('d/passwd')));
          attempt(() => tree.remove(tree.parent('d/sub/file')));
          attempt(() => closeFd(tree.resolve('d/sub/../../../victim/passwd')));
        });
        assert.ok(through > 0);
        tree.invalidate();
        assert.deepEqual(outsideOf(outside), before);
        assert.deepEqual(descriptorsBelow(root), []);
      });
    }

    test('reads stay inside', async (context) => {
      const { root } = rootBesideCanary(context);
      mkdirSync(join(root, 'd/e'), { recursive: true });
      symlinkSync('../../victim', join(root, 'evil'));
      using tree = RootedTree.open(root, { openat2 });
      await race(context, root, () => {
        attempt(() => {
          const fd = tree.resolve('d/e/../../../../victim');
          const where = Buffer.from(readlinkAt(AT_FDCWD, `/proc/self/fd/${fd}`)).toString();
          closeFd(fd);
          assert.ok(where.startsWith(root), where);
        });
        attempt(() => closeFd(tree.openFile('d/passwd')));
      });
    });
  });
}

test('the removal of a tree does not leave it through a swapped directory', async (context) => {
  const { root, outside, before } = rootBesideCanary(context);
  const rootFd = openAt(AT_FDCWD, root, O_PATH | O_DIRECTORY);
  context.after(() => closeFd(rootFd));
  let removed = 0;
  const round = (): void => {
    attempt(() => mkdirAt(rootFd, 'd', 0o755));
    attempt(() => symlinkAt('../victim', rootFd, 'evil'));
    attempt(() => {
      const d = openAt(rootFd, 'd', O_PATH | O_DIRECTORY | O_NOFOLLOW);
      for (let j = 0; j < 5; j++) attempt(() => mkdirAt(d, `sub${j}`, 0o755));
      closeFd(d);
    });
    for (const name of ['d', 'evil']) if (attempt(() => removeTreeAt(rootFd, name))) removed++;
    attempt(() => mkdirAt(rootFd, 'd', 0o755));
    attempt(() => symlinkAt('../victim', rootFd, 'evil'));
  };
  // Fewer rounds: each removal waits for locks that the other process takes all the time.
  await race(context, root, round, tries / 5);
  assert.ok(removed > 0);
  assert.deepEqual(outsideOf(outside), before);
});

test('a path passed to the kernel as text does lead outside: the races are real', async (context) => {
  const { root, outside, before } = rootBesideCanary(context);
  mkdirSync(join(root, 'd'));
  symlinkSync('../victim', join(root, 'evil'));
  const escape = (): void => {
    attempt(() => closeFd(openAt(AT_FDCWD, join(root, 'd/escaped'), O_CREAT | O_WRONLY, 0o644)));
  };
  await race(context, root, escape, tries, () => existsSync(join(outside, 'victim/escaped')));
  assert.notDeepEqual(outsideOf(outside), before);
});
