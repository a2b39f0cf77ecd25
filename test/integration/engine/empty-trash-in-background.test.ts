import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Engine } from '../../../src/engine/index.ts';
import { emptyTrashInBackground } from '../../../src/store/garbage/empty-trash-in-background.ts';
import { mountLoopFilesystem } from '../../helpers/loop-filesystem.ts';
import { needs } from '../../helpers/needs.ts';
import { placesOf } from '../../helpers/store-places.ts';
import { removeRunStateAfter } from '../../helpers/store-root.ts';
import { strataCommand, strataPath } from '../../helpers/strata.ts';
import { until } from '../../helpers/until.ts';

const skip = needs('root', 'overlay', 'tar', 'mkfs.ext4', 'chattr');

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'strata-trash-'));
  context.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Empties a trash folder outside of any store. */
async function emptyAfter(context: TestContext, trash: string): Promise<void> {
  await emptyTrashInBackground({ trash, locks: folder(context) });
}

/** Waits until nothing but `left` is in a trash folder. */
async function untilEmpty(trash: string, left: readonly string[] = []): Promise<void> {
  await until(
    () => readdirSync(trash).length <= left.length,
    () => `still there: ${readdirSync(trash).slice(0, 5).join(', ')}`,
  );
  assert.deepEqual(readdirSync(trash), left);
}

/** Moves a whole tree into the trash, from beside it. */
function addTree(trash: string, name: string, files: number): void {
  const tree = `${trash}-${name}`;
  mkdirSync(join(tree, 'a/b'), { recursive: true });
  for (let i = 0; i < files; i++) writeFileSync(join(tree, 'a/b', `f${i}`), '');
  mkdirSync(trash, { recursive: true });
  renameSync(tree, join(trash, name));
}

test('the trash of rmi of an image with many files is emptied without another command', { skip }, async (context) => {
  const files = folder(context);
  addTree(files, 'tree', 5_000);
  const archive = join(folder(context), 'files.tar');
  execFileSync('tar', ['-cf', archive, '-C', files, '.']);
  const strata = strataCommand(context);
  assert.equal((await strata('import', archive, 'many')).code, 0);
  assert.equal((await strata('rmi', 'many')).code, 0);
  await untilEmpty(placesOf(strata).trash);
});

test('trees that come while the trash is emptied are removed, too', { skip }, async (context) => {
  const [trash, locks] = [folder(context), folder(context)];
  for (let i = 0; i < 6; i++) {
    addTree(trash, `t${i}`, 300);
    await emptyTrashInBackground({ trash, locks });
  }
  await untilEmpty(trash);
  await emptyAfter(context, join(trash, 'never-was'));
});

test('a file that cannot be removed holds nothing else back', { skip }, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q']);
  const trash = join(disk.path, 'trash');
  for (let i = 0; i < 9; i++) addTree(trash, `t${i}`, 10);
  execFileSync('chattr', ['+i', join(trash, 't4/a/b/f0')]);
  await emptyAfter(context, trash);
  await untilEmpty(trash, ['t4']);
  execFileSync('chattr', ['-i', join(trash, 't4/a/b/f0')]);
});

test('no command fails for trash that cannot be deleted, and prunes warn of it', { skip }, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q']);
  const root = join(disk.path, 'root');
  removeRunStateAfter(context, root);
  await using engine = await Engine.open({ root, storageDriver: 'overlay2' });
  const { trash } = engine.layout;
  addTree(trash, 'stuck', 3);
  const file = join(trash, 'stuck/a/b/f0');
  execFileSync('chattr', ['+i', file]);
  const text = 'FROM scratch\nCOPY <<f /f\nf\n';
  await engine.builder.build({ context: folder(context), dockerfile: { text }, tags: ['one'] }).result;
  assert.deepEqual((await engine.images.remove('one')).untagged, ['one:latest']);
  const { warnings } = await engine.images.prune();
  assert.equal(warnings.length, 1);
  assert.match(warnings[0] ?? '', /^trash .*\/stuck cannot be deleted: unlinkat f0: EPERM; .*immutable/);
  assert.deepEqual((await engine.builder.prune()).warnings, warnings);
  assert.deepEqual((await engine.containers.prune()).warnings, warnings);
  assert.deepEqual((await engine.system.collectGarbage().result).warnings, warnings);
  const prune = spawnSync(strataPath, ['--root', root, 'system', 'prune', '-f'], { encoding: 'utf8' });
  assert.equal(prune.status, 0, prune.stderr);
  assert.equal(prune.stderr, `WARNING: ${warnings[0]}\n`);
  execFileSync('chattr', ['-i', file]);
  assert.deepEqual((await engine.images.prune()).warnings, []);
  assert.deepEqual(readdirSync(trash), []);
});

test('mounts below the trash stay', { skip }, async (context) => {
  using disk = mountLoopFilesystem(['mkfs.ext4', '-q']);
  writeFileSync(join(disk.path, 'precious'), '');
  const trash = join(folder(context), 'trash');
  addTree(trash, 'one', 10);
  const mounted = join(trash, 'two/mounted');
  mkdirSync(mounted, { recursive: true });
  execFileSync('mount', ['--bind', disk.path, realpathSync(mounted)]);
  try {
    await emptyAfter(context, trash);
    await untilEmpty(trash, ['two']);
    assert.ok(readdirSync(disk.path).includes('precious'));
  } finally {
    execFileSync('umount', [mounted]);
  }
});
